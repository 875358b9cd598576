// The filter box's language. Words are looked for in the test's ID, all of them have to be there;
// `name(…)`, `file(…)`, `group(…)`, `message(…)`, `status(…)`, `slow(2s)` and `retried()` ask for
// more, and `and`, `or`, `not` and parentheses put them together.
import { Report } from "./data";

export type Predicate = (test: number) => boolean;

export class FilterError extends Error {
    constructor(
        message: string,
        readonly at: number,
    ) {
        super(message);
    }
}

interface Token {
    kind: "word" | "call" | "regex" | "(" | ")" | "and" | "or" | "not";
    text: string; // of a call: its argument
    name: string; // of a call
    at: number;
}

const OPERATORS = new Map<string, Token["kind"]>([
    ["and", "and"],
    ["&", "and"],
    ["or", "or"],
    ["|", "or"],
    ["not", "not"],
    ["!", "not"],
]);

/** The text up to the ")" that ends a call; parentheses inside come in pairs, "\" keeps one. */
function argument(text: string, from: number): [string, number] {
    let depth = 1;
    let value = "";
    for (let i = from; i < text.length; ++i) {
        const c = text[i];
        if (c === "\\" && (text[i + 1] === "(" || text[i + 1] === ")")) {
            value += text[++i];
            continue;
        }
        if (c === "(") ++depth;
        if (c === ")" && --depth === 0) return [value.trim(), i + 1];
        value += c;
    }
    throw new FilterError("this parenthesis is not closed", from - 1);
}

function quoted(text: string, from: number, quote: string): [string, number] {
    let value = "";
    for (let i = from + 1; i < text.length; ++i) {
        if (text[i] === "\\" && text[i + 1] === quote) value += text[++i];
        else if (text[i] === quote) return [value, i + 1];
        else value += text[i];
    }
    throw new FilterError(`the closing ${quote} is missing`, from);
}

function tokens(text: string): Token[] {
    const found: Token[] = [];
    const add = (kind: Token["kind"], value: string, at: number, name = "") =>
        found.push({ kind, text: value, at, name });
    for (let i = 0; i < text.length; ) {
        const c = text[i];
        const call = /^([a-z]+)\(/.exec(text.slice(i, i + 20));
        if (/\s/.test(c)) {
            ++i;
        } else if (call && call[1] !== "not" && call[1] !== "and" && call[1] !== "or") {
            const [value, end] = argument(text, i + call[0].length);
            add("call", value, i, call[1]);
            i = end;
        } else if (c === "(" || c === ")") {
            add(c, c, i++);
        } else if (OPERATORS.has(c)) {
            add(OPERATORS.get(c)!, c, i++);
        } else if (c === '"') {
            const [value, end] = quoted(text, i, c);
            add("word", value, i);
            i = end;
        } else if (c === "/" && text.indexOf("/", i + 1) > i + 1 && !/^\/[\w./-]*$/.test(text)) {
            const [value, end] = quoted(text, i, c);
            add("regex", value, i);
            i = end;
        } else {
            const word = /^[^\s()|&]+(?:\([^\s()]*\))?/.exec(text.slice(i))![0];
            add(OPERATORS.get(word) ?? "word", word, i);
            i += word.length;
        }
    }
    return found;
}

function regex(source: string, at: number): RegExp {
    try {
        return new RegExp(source, "i");
    } catch (error) {
        throw new FilterError(`/${source}/ is no regular expression: ${(error as Error).message}`, at);
    }
}

function globbed(glob: string): RegExp {
    const pattern = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*").replace(/\?/g, ".");
    return new RegExp(`^${pattern}$`, "i");
}

/** "=all of it", "/regular expression/", "a glob with *", else a part of it. */
export function textMatcher(pattern: string, at: number): (text: string) => boolean {
    if (pattern.startsWith("=")) {
        const whole = pattern.slice(1);
        return (text) => text === whole;
    }
    if (pattern.length > 2 && pattern.startsWith("/") && pattern.endsWith("/")) {
        const expression = regex(pattern.slice(1, -1), at);
        return (text) => expression.test(text);
    }
    if (pattern.startsWith("~")) pattern = pattern.slice(1);
    else if (pattern.includes("*")) {
        const expression = globbed(pattern);
        return (text) => expression.test(text);
    }
    const part = pattern.toLowerCase();
    return (text) => text.toLowerCase().includes(part);
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, "": 1000 };

function milliseconds(text: string, at: number): number {
    const match = /^>?=?\s*(\d+(?:\.\d+)?)\s*(ms|s|m|)$/.exec(text);
    if (!match) throw new FilterError(`slow(${text}): expected a duration such as 2s or 300ms`, at);
    return Number(match[1]) * UNITS[match[2]];
}

/** Answers by row number of a column, each value asked once. */
function perValue(count: number, matches: (value: number) => boolean): boolean[] {
    return Array.from({ length: count }, (_, value) => matches(value));
}

function call(report: Report, token: Token): Predicate {
    const { tests, run } = report.raw;
    const { text, at, name } = token;
    switch (name) {
        case "name":
        case "test":
        case "id": {
            const matches = textMatcher(text, at);
            return (test) => matches(tests.id[test]);
        }
        case "file": {
            const matches = textMatcher(text, at);
            const answers = perValue(tests.files.length, (file) => matches(tests.files[file]));
            return (test) => answers[tests.file[test]];
        }
        case "group": {
            const matches = textMatcher(text, at);
            const answers = perValue(run.groups.length, (group) => matches(run.groups[group]));
            return (test) => answers[tests.group[test]] ?? false;
        }
        case "message": {
            const matches = textMatcher(text, at);
            return (test) => matches(report.headline(test));
        }
        case "status":
        case "state":
        case "last": {
            const wanted = new Set(text.split(/[,|]/).map((word) => word.trim().replace(/[-_]/g, " ")));
            return (test) => wanted.has(report.status(test));
        }
        case "slow": {
            const least = milliseconds(text, at);
            return (test) => report.duration[test] >= least;
        }
        case "retried":
            return (test) => report.attemptsOf(test).length > 1;
        case "all":
            return () => true;
        default:
            throw new FilterError(
                `there is no ${name}(): known are name, file, group, message, status, slow, retried`,
                at,
            );
    }
}

class Parser {
    private next = 0;
    constructor(
        private readonly report: Report,
        private readonly all: Token[],
        private readonly end: number,
    ) {}

    whole(): Predicate {
        const predicate = this.alternatives();
        const rest = this.all[this.next];
        if (rest) throw new FilterError(`"${rest.text}" was not expected here`, rest.at);
        return predicate;
    }

    private alternatives(): Predicate {
        let left = this.conjunction();
        while (this.take("or")) {
            const [one, other] = [left, this.conjunction()];
            left = (test) => one(test) || other(test);
        }
        return left;
    }

    private conjunction(): Predicate {
        let left = this.negation();
        for (;;) {
            const kind = this.all[this.next]?.kind;
            if (kind === undefined || kind === "or" || kind === ")") return left;
            this.take("and");
            const [one, other] = [left, this.negation()];
            left = (test) => one(test) && other(test);
        }
    }

    private negation(): Predicate {
        if (!this.take("not")) return this.term();
        const inner = this.negation();
        return (test) => !inner(test);
    }

    private term(): Predicate {
        const token = this.all[this.next++];
        if (!token) throw new FilterError("something is missing at the end", this.end);
        const ids = this.report.raw.tests.id;
        if (token.kind === "(") {
            const inner = this.alternatives();
            if (!this.take(")")) throw new FilterError("this parenthesis is not closed", token.at);
            return inner;
        }
        if (token.kind === "call") return call(this.report, token);
        if (token.kind === "regex") {
            const expression = regex(token.text, token.at);
            return (test) => expression.test(ids[test]);
        }
        if (token.kind === "word") {
            const matches = textMatcher(token.text, token.at);
            return (test) => matches(ids[test]);
        }
        throw new FilterError(`"${token.text}" was not expected here`, token.at);
    }

    private take(kind: Token["kind"]): boolean {
        if (this.all[this.next]?.kind !== kind) return false;
        ++this.next;
        return true;
    }
}

/** Throws FilterError. */
export function parseFilter(report: Report, text: string): Predicate {
    if (text.trim() === "") return () => true;
    return new Parser(report, tokens(text), text.length).whole();
}
