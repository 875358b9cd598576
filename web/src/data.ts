// The run that the page shows, as src/report/html_render.cpp writes it: columns of numbers and
// texts, one element a row. Times are milliseconds since the start of the run.

export type Time = number | null;

/** A text, or what is left of a long one: beginning, bytes left out, end. */
export type Text = string | [string, number, string];

export interface Output {
    type?: Text;
    message?: Text;
    details?: Text;
    stdout?: Text;
    stderr?: Text;
}

export interface RunData {
    id?: string;
    version?: string;
    config?: string;
    provider?: string;
    framework?: string;
    commit?: string;
    branch?: string;
    groups: string[];
    parallel: number;
    perTest: boolean;
    durationsKnown: boolean;
    started: number; // Unix seconds
    finished: boolean;
    end: number;
    wall: number;
    work: number;
    longest: number;
    slots: number;
    hedges: number;
    unknownResults: number;
    damagedLines: number;
    exitStatus?: number;
    failure?: string;
    interruptedBy?: string;
    runnerReport?: string;
    unknown: [string, string, string][];
    notices: [number, string][];
}

export interface Raw {
    format: number;
    run: RunData;
    tests: {
        files: string[];
        id: string[];
        group: number[];
        file: number[];
        kind: number[];
        status: number[];
        reason: [number, string][];
        carriedRuns: string[];
        /** One of carriedRuns, or -1; left out where no result was carried over. */
        carried?: number[];
    };
    attempts: {
        test: number[];
        number: number[];
        outcome: number[];
        batch: number[];
        start: Time[];
        end: Time[];
        duration: number[];
        output: number[];
        message: [number, string][];
    };
    batches: {
        number: number[];
        sandbox: number[];
        outcome: number[];
        hedge: number[];
        tests: number[];
        start: number[];
        end: Time[];
        how: string[];
    };
    sandboxes: {
        number: number[];
        slot: number[];
        leaked: number[];
        id: string[];
        creating: number[];
        ready: Time[];
        destroying: Time[];
        ended: Time[];
        trouble: [number, string][];
    };
    discoveries: {
        group: number[];
        tests: number[];
        start: number[];
        end: Time[];
        command: string[];
    };
    running: [test: number, batch: number, since: number][];
    history: {
        /** Earlier runs, the newest first: ID and Unix seconds. */
        runs: [string, number][];
        /** Older ones that were not read. */
        unread: number;
        /** Of tests that went wrong now, or were flaky before: a status for each run, or -1. */
        tests: [test: number, statuses: number[]][];
    };
    outputs: number[];
}

/** In the order of their numbers. */
export const STATUSES = [
    "passed",
    "flaky",
    "skipped",
    "failed",
    "errored",
    "not run",
    "unfinished",
] as const;
export type Status = (typeof STATUSES)[number];
export const [PASSED, FLAKY, SKIPPED, FAILED, ERRORED, NOT_RUN, UNFINISHED] = [
    0, 1, 2, 3, 4, 5, 6,
] as const;

/** The worst first: how people look for trouble. */
export const BY_URGENCY: number[] = [FAILED, ERRORED, NOT_RUN, UNFINISHED, FLAKY, PASSED, SKIPPED];

export const OUTCOMES = ["passed", "skipped", "failed", "errored"] as const;
export const OUTCOME_FAILED = 2; // from here on it is a failure

export const BATCH_OUTCOMES = ["success", "failure", "error", "cancelled"] as const;
export const [SUCCESS, FAILURE, ERROR, CANCELLED] = [0, 1, 2, 3] as const;

/** Values of `attempts.output` that are no entry. */
export const SILENT = -1;
export const NO_ROOM = -2;

const FORMAT = 1;

export class Report {
    readonly raw: Raw;
    readonly count: number;
    /** Attempts of the test `t`: those at order[first[t]] … order[first[t + 1] - 1]. */
    private readonly first: Int32Array;
    private readonly order: Int32Array;
    /** Of all its attempts together, in milliseconds. */
    readonly duration: Float64Array;
    readonly messages: Map<number, string>;
    readonly reasons: Map<number, string>;
    readonly counts: number[];
    readonly history: Map<number, number[]>;
    /** How many tests were not run this time. */
    readonly carried: number;
    readonly batchPlace: Map<number, number>;
    private readonly readBlock: (number: number) => string | null;
    private readonly blocks = new Map<number, Output[]>();

    constructor(raw: Raw, readBlock: (number: number) => string | null) {
        if (raw.format !== FORMAT) {
            throw new Error(`the data has format ${raw.format}, this page knows ${FORMAT}`);
        }
        this.raw = raw;
        this.readBlock = readBlock;
        this.count = raw.tests.id.length;
        const { test, number, duration } = raw.attempts;
        this.first = new Int32Array(this.count + 1);
        for (const t of test) this.first[t + 1]++;
        for (let t = 0; t < this.count; ++t) this.first[t + 1] += this.first[t];
        this.order = new Int32Array(test.length);
        this.duration = new Float64Array(this.count);
        const filled = this.first.slice();
        for (let a = 0; a < test.length; ++a) {
            this.order[filled[test[a]]++] = a;
            this.duration[test[a]] += duration[a];
        }
        for (let t = 0; t < this.count; ++t) {
            const [from, until] = [this.first[t], this.first[t + 1]];
            if (until - from > 1) {
                this.order.subarray(from, until).sort((a, b) => number[a] - number[b] || a - b);
            }
        }
        this.messages = new Map(raw.attempts.message);
        this.reasons = new Map(raw.tests.reason);
        this.counts = STATUSES.map(() => 0);
        for (const status of raw.tests.status) this.counts[status]++;
        this.history = new Map(raw.history.tests);
        this.carried = (raw.tests.carried ?? []).filter((run) => run >= 0).length;
        this.batchPlace = new Map(raw.batches.number.map((number, place) => [number, place]));
    }

    attemptsOf(test: number): Int32Array {
        return this.order.subarray(this.first[test], this.first[test + 1]);
    }

    file(test: number): string {
        return this.raw.tests.files[this.raw.tests.file[test]];
    }

    group(test: number): string {
        return this.raw.run.groups[this.raw.tests.group[test]] ?? "";
    }

    status(test: number): Status {
        return STATUSES[this.raw.tests.status[test]];
    }

    /** The run whose result stands, "" where none is known; null: the test was run, or was to be. */
    carriedFrom(test: number): string | null {
        return this.raw.tests.carriedRuns[this.raw.tests.carried?.[test] ?? -1] ?? null;
    }

    /** What became of it in each of the earlier runs; empty where it was in none of them. */
    earlierStatuses(test: number): number[] {
        const statuses = this.history.get(test) ?? [];
        return statuses.some((status) => status >= 0) ? statuses : [];
    }

    /** What a list says beside the test: why it was not run, or what failed last. */
    headline(test: number): string {
        const reason = this.reasons.get(test);
        if (reason) return reason;
        const attempts = this.attemptsOf(test);
        for (let i = attempts.length; i-- > 0; ) {
            const message = this.messages.get(attempts[i]);
            if (message) return message;
        }
        return "";
    }

    /** What the attempt has printed; null where the report holds nothing of it. */
    output(attempt: number): Output | null {
        const entry = this.raw.attempts.output[attempt];
        if (entry < 0) return null;
        let block = this.raw.outputs.length - 1;
        while (this.raw.outputs[block] > entry) --block;
        let entries = this.blocks.get(block);
        if (!entries) {
            entries = JSON.parse(this.readBlock(block) ?? "[]") as Output[];
            this.blocks.set(block, entries);
        }
        return entries[entry - this.raw.outputs[block]] ?? null;
    }

    /** The batch's log, beside the report. */
    logOf(batch: number): string | null {
        const place = this.batchPlace.get(batch);
        if (place === undefined || this.raw.batches.end[place] === null) return null;
        return `logs/batch-${batch}.${BATCH_OUTCOMES[this.raw.batches.outcome[place]]}`;
    }

    /** No run with these sandboxes can be faster: the longest test, or all work shared evenly. */
    lowerBound(): number {
        const { longest, work, slots } = this.raw.run;
        return Math.max(longest, work / Math.max(slots, 1));
    }
}

export function readReport(page: Document): Report {
    const block = (id: string) => page.getElementById(id)?.textContent ?? null;
    const main = block("report");
    if (main === null) throw new Error("the page holds no data: it is the template alone");
    return new Report(JSON.parse(main) as Raw, (number) => block(`output-${number}`));
}
