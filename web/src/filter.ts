// The filter box's language: that of `offload run --filter` (docs/rerun.md), where "last" is the run
// that is shown. Because it is typed to look around, words side by side have to be there all, small
// letters stand for capitals as well, and some more can be asked for: `message(…)`, `status(…)`,
// `retried()` and `carried()`.
import { Report, STATUSES } from "./data";

export type Predicate = (test: number) => boolean;
type Matches = (text: string) => boolean;

export class FilterError extends Error {
    constructor(
        message: string,
        readonly at: number,
    ) {
        super(message);
    }
}

const DEEPEST = 200; // parentheses and negations in each other
const UNITS = new Map([
    ["ms", 1],
    ["s", 1000],
    ["m", 60_000],
    ["h", 3_600_000],
]);
const STATES = new Map<string, string[]>([
    ...STATUSES.map((word): [string, string[]] => [word.replace(" ", "-"), [word]]),
    ["failed", ["failed", "errored"]],
    ["new", []],
]);
const KNOWN = "name, test, file, group, last, slow, all, none, message, status, retried, carried";

function partOf(text: string): Matches {
    if (text !== text.toLowerCase()) return (whole) => whole.includes(text);
    return (whole) => whole.toLowerCase().includes(text);
}

function globbed(glob: string): Matches {
    const pattern = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*").replace(/\?/g, ".");
    const expression = new RegExp(`^${pattern}$`, "s");
    return (text) => expression.test(text);
}

/** A file, a folder of it, or a glob. */
function placeOf(text: string): Matches {
    if (/[*?]/.test(text)) return globbed(text);
    const folder = text.replace(/\/+$/, "");
    return (file) => file === text || file.startsWith(`${folder}/`);
}

const exactly = (text: string): Matches => (whole) => whole === text;

class Parser {
    private at = 0;
    private depth = 0;
    constructor(
        private readonly report: Report,
        private readonly text: string,
    ) {}

    whole(): Predicate {
        const predicate = this.either();
        if (!this.atEnd()) this.wrong("the end was expected");
        return predicate;
    }

    // --- Words

    private wrong(message: string, at = this.at): never {
        throw new FilterError(message, at);
    }

    private atEnd(): boolean {
        while (/\s/.test(this.text[this.at] ?? "")) ++this.at;
        return this.at >= this.text.length;
    }

    private word(): string {
        return /^[^\s()]*/.exec(this.text.slice(this.at))![0];
    }

    private take(...words: string[]): boolean {
        if (this.atEnd() || !words.includes(this.word())) return false;
        this.at += this.word().length;
        return true;
    }

    private takeSign(sign: string): boolean {
        if (this.atEnd() || this.text[this.at] !== sign) return false;
        ++this.at;
        return true;
    }

    private close(): void {
        if (!this.takeSign(")")) this.wrong('")" is missing');
    }

    // --- Operators

    private either(): Predicate {
        let left = this.both();
        while (this.take("or", "|")) {
            const [one, other] = [left, this.both()];
            left = (test) => one(test) || other(test);
        }
        return left;
    }

    private both(): Predicate {
        let left = this.factor();
        while (!this.atEnd() && this.text[this.at] !== ")" && !["or", "|"].includes(this.word())) {
            this.take("and", "&");
            const [one, other] = [left, this.factor()];
            left = (test) => one(test) && other(test);
        }
        return left;
    }

    private factor(): Predicate {
        if (++this.depth > DEEPEST) this.wrong("these are too many in each other");
        try {
            if (this.take("not") || this.takeSign("!")) {
                const inner = this.factor();
                return (test) => !inner(test);
            }
            if (this.takeSign("(")) {
                const inner = this.either();
                this.close();
                return inner;
            }
            if (this.atEnd() || /^(and|or|&|\|)?$/.test(this.word())) {
                this.wrong("a name, a predicate or a parenthesis was expected");
            }
            const name = /^([a-z]+)\(/.exec(this.text.slice(this.at))?.[1];
            return name === undefined ? this.ofName(this.matcher(partOf, false)) : this.predicate(name);
        } finally {
            --this.depth;
        }
    }

    // --- Predicates

    private ofName(matches: Matches): Predicate {
        const { id } = this.report.raw.tests;
        return (test) => matches(id[test]);
    }

    /** Asks each value of a column once. */
    private ofColumn(matches: Matches, values: string[], column: number[]): Predicate {
        const answers = values.map(matches);
        return (test) => answers[column[test]] ?? false;
    }

    private predicate(name: string): Predicate {
        const begin = this.at;
        this.at += name.length + 1;
        const predicate = this.called(name, begin);
        this.close();
        return predicate;
    }

    private called(name: string, begin: number): Predicate {
        const { report } = this;
        const { tests, run } = report.raw;
        switch (name) {
            case "name":
            case "test":
                return this.ofName(this.matcher(partOf, true));
            case "file":
                return this.ofColumn(this.matcher(placeOf, true), tests.files, tests.file);
            case "group":
                return this.ofColumn(this.matcher(exactly, true), run.groups, tests.group);
            case "message": {
                const matches = this.matcher(partOf, true);
                return (test) => matches(report.headline(test));
            }
            case "last":
            case "status":
                return this.states(name === "last");
            case "slow": {
                const least = this.milliseconds();
                return (test) => report.duration[test] >= least;
            }
            case "retried":
                return (test) => report.attemptsOf(test).length > 1;
            case "carried":
                return (test) => report.carriedFrom(test) !== null;
            case "all":
                return () => true;
            case "none":
                return () => false;
            default:
                return this.wrong(`there is no ${name}(): known are ${KNOWN}`, begin);
        }
    }

    /** `last(failed)` is as on the command line; `status(failed, flaky)` takes words as they are. */
    private states(asCommandLine: boolean): Predicate {
        const begin = this.at;
        const words = this.argument().split(",").map((word) => word.trim().replace(/\s+/g, "-"));
        const wanted = new Set<string>();
        for (const word of words) {
            const states = STATES.get(word);
            if (!states) this.wrong(`one of ${[...STATES.keys()].join(", ")} was expected`, begin);
            for (const state of asCommandLine ? states : states.slice(0, 1)) wanted.add(state);
        }
        return (test) => wanted.has(this.report.status(test));
    }

    private milliseconds(): number {
        const begin = this.at;
        const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(this.argument());
        const unit = UNITS.get(match?.[2] ?? "");
        if (!match || unit === undefined) this.wrong("a duration like 500ms, 2s or 1.5m was expected", begin);
        return Number(match[1]) * unit;
    }

    // --- Matchers

    private argument(): string {
        const [inside] = this.text.slice(this.at).split(")", 1);
        this.at += inside.length;
        return inside.trim();
    }

    private matcher(usual: (text: string) => Matches, inside: boolean): Matches {
        this.atEnd();
        const begin = this.at;
        const regex = this.text[this.at] === "/" ? this.upTo("/", true) : null;
        if (regex !== null) return this.expression(regex, begin);
        const signs = new Map([["=", exactly], ["~", partOf], ["#", globbed]]);
        const make = signs.get(this.text[this.at] ?? "");
        if (make) ++this.at;
        const text = this.text[this.at] === '"' ? this.quoted() : inside ? this.argument() : this.plain();
        if (text === "") this.wrong("a text was expected");
        return (make ?? usual)(text);
    }

    /** A name with a pair of parentheses in it is taken whole. */
    private plain(): string {
        const word = /^[^\s()]+(?:\([^\s()]*\)[^\s()]*)*/.exec(this.text.slice(this.at))?.[0] ?? "";
        this.at += word.length;
        return word;
    }

    private quoted(): string {
        return this.upTo('"', false) ?? this.wrong('the closing " is missing', this.text.length);
    }

    /** What stands before the next `end` that has no backslash; null where there is none. */
    private upTo(end: string, keepBackslashes: boolean): string | null {
        let value = "";
        for (let i = this.at + 1; i < this.text.length; ++i) {
            const c = this.text[i];
            if (c === end) {
                this.at = i + 1;
                return value;
            }
            if (c === "\\" && i + 1 < this.text.length) {
                if (keepBackslashes && this.text[i + 1] !== end) value += c;
                ++i;
            }
            value += this.text[i];
        }
        return null;
    }

    private expression(source: string, at: number): Matches {
        try {
            const expression = new RegExp(source);
            return (text) => expression.test(text);
        } catch {
            return this.wrong(`/${source}/ is no regular expression`, at);
        }
    }
}

/** Throws FilterError. */
export function parseFilter(report: Report, text: string): Predicate {
    if (text.trim() === "") return () => true;
    return new Parser(report, text).whole();
}
