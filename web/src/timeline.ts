// What each slot did when, and where the sandboxes' time went. Pure: drawing is elsewhere.
import { CANCELLED, ERROR, OUTCOME_FAILED, Report, Time } from "./data";

export type Kind = "discovery" | "creation" | "idle" | "batch" | "hedge" | "destruction";

export interface Span {
    kind: Kind;
    from: number;
    until: number;
    open: boolean; // its end is not known: the journal ended before
    place: number; // row of the batches, sandboxes or discoveries
}

export interface Loss {
    at: number;
    text: string;
    sandbox: number;
}

export interface Lane {
    title: string;
    slot: number; // -1: discovery
    spans: Span[]; // in order of time; batches lie on top of idle time
    tests: number[]; // attempts, in order of their start
    losses: Loss[];
}

/** Sandbox time by what it was spent on, in milliseconds. */
export interface Shares {
    tests: number;
    overhead: number; // in batches, around the tests
    creation: number;
    idle: number;
    absent: number; // no sandbox yet, or none any more
}

export interface Timeline {
    lanes: Lane[];
    end: number;
    bound: number; // 0: not known
    shares: Shares;
    /** Since when fewer than half of the slots were busy, to the end; null: never for long. */
    tail: { from: number; tests: number[] } | null;
}

const known = (time: Time, otherwise: number) => (time === null ? otherwise : time);

/** What was discovered at the same time is in lanes of its own. */
function discoveryLanes(report: Report, end: number): Lane[] {
    const { start, end: ends } = report.raw.discoveries;
    const lanes: Lane[] = [];
    start.forEach((from, place) => {
        const until = known(ends[place], end);
        let lane = lanes.find((each) => each.spans[each.spans.length - 1].until <= from);
        if (!lane) {
            lane = { title: lanes.length > 0 ? "" : "discovery", slot: -1, spans: [], tests: [], losses: [] };
            lanes.push(lane);
        }
        lane.spans.push({ kind: "discovery", from, until, open: ends[place] === null, place });
    });
    return lanes;
}

function addSandboxes(report: Report, lanes: Map<number, Lane>, end: number): void {
    const { number, slot, creating, ready, destroying, ended, trouble } = report.raw.sandboxes;
    const troubles = new Map(trouble);
    number.forEach((_, place) => {
        let lane = lanes.get(slot[place]);
        if (!lane) {
            lane = { title: `slot ${slot[place]}`, slot: slot[place], spans: [], tests: [], losses: [] };
            lanes.set(slot[place], lane);
        }
        const over = known(ended[place], end);
        const leaving = known(destroying[place], over);
        const add = (kind: Kind, from: number, until: number, open: boolean) =>
            lane!.spans.push({ kind, from, until, open, place });
        add("creation", creating[place], known(ready[place], leaving), ready[place] === null);
        if (ready[place] !== null) add("idle", ready[place]!, leaving, ended[place] === null);
        if (destroying[place] !== null) add("destruction", leaving, over, ended[place] === null);
        const text = troubles.get(place);
        if (text) lane.losses.push({ at: over, text, sandbox: number[place] });
    });
}

function addBatches(report: Report, lanes: Map<number, Lane>, end: number): void {
    const { batches, sandboxes, attempts } = report.raw;
    const slots = new Map(sandboxes.number.map((number, place) => [number, sandboxes.slot[place]]));
    batches.number.forEach((number, place) => {
        const lane = lanes.get(slots.get(batches.sandbox[place]) ?? -1);
        if (!lane) return;
        const until = known(batches.end[place], end);
        lane.spans.push({
            kind: batches.hedge[place] ? "hedge" : "batch",
            from: batches.start[place],
            until,
            open: batches.end[place] === null,
            place,
        });
        // Duplicates that have become needless are cancelled: that is no loss.
        const cancelled = batches.outcome[place] === CANCELLED && !batches.hedge[place];
        const lost = batches.outcome[place] === ERROR || cancelled;
        if (lost && batches.end[place] !== null) {
            // The sandbox that was lost with it is told in the same breath.
            const sandbox = batches.sandbox[place];
            const other = lane.losses.findIndex((loss) => loss.sandbox === sandbox);
            const text = `batch ${number}: ${batches.how[place]}`;
            const also = other >= 0 ? `; ${lane.losses.splice(other, 1)[0].text}` : "";
            lane.losses.push({ at: until, text: text + also, sandbox });
        }
    });
    const laneOfBatch = new Map(
        batches.number.map((number, place) => [number, slots.get(batches.sandbox[place])]),
    );
    attempts.test.forEach((_, attempt) => {
        if (attempts.start[attempt] === null) return;
        const lane = lanes.get(laneOfBatch.get(attempts.batch[attempt]) ?? -1);
        lane?.tests.push(attempt);
    });
    const starts = attempts.start as number[];
    for (const lane of lanes.values()) lane.tests.sort((a, b) => starts[a] - starts[b]);
}

function sharesOf(report: Report, lanes: Lane[], end: number): Shares {
    const shares: Shares = { tests: 0, overhead: 0, creation: 0, idle: 0, absent: 0 };
    const { start, end: ends } = report.raw.attempts;
    for (const lane of lanes) {
        if (lane.slot < 0) continue;
        const sum = { batch: 0, hedge: 0, creation: 0, idle: 0, destruction: 0, discovery: 0 };
        for (const span of lane.spans) sum[span.kind] += Math.max(0, span.until - span.from);
        const batches = sum.batch + sum.hedge;
        let tests = 0;
        for (const a of lane.tests) tests += known(ends[a], end) - known(start[a], end);
        tests = Math.min(tests, batches);
        shares.tests += tests;
        shares.overhead += batches - tests;
        shares.creation += sum.creation;
        shares.idle += Math.max(0, sum.idle - batches);
        shares.absent += Math.max(0, end - sum.creation - Math.max(sum.idle, batches));
    }
    return shares;
}

/** How many lanes run a batch, as [time, change] in order of time. */
function changes(lanes: Lane[]): [number, number][] {
    const all: [number, number][] = [];
    for (const lane of lanes) {
        for (const span of lane.spans) {
            if (span.kind !== "batch" && span.kind !== "hedge") continue;
            all.push([span.from, 1], [span.until, -1]);
        }
    }
    return all.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function tailOf(report: Report, lanes: Lane[], end: number): Timeline["tail"] {
    const slots = lanes.filter((lane) => lane.slot >= 0).length;
    if (slots < 2) return null;
    let busy = 0;
    let since = 0;
    let last = 0;
    for (const [time, change] of changes(lanes)) {
        const before = busy;
        busy += change;
        if (before * 2 >= slots && busy * 2 < slots) since = time;
        if (busy * 2 >= slots) since = Infinity;
        last = Math.max(last, time);
    }
    if (since === Infinity || since <= 0 || last - since < 0.1 * end) return null;
    const { start, end: ends, test } = report.raw.attempts;
    const running = new Map<number, number>();
    for (const lane of lanes) {
        for (const a of lane.tests) {
            const overlap = known(ends[a], end) - Math.max(known(start[a], end), since);
            if (overlap > 0) running.set(test[a], (running.get(test[a]) ?? 0) + overlap);
        }
    }
    const tests = [...running].sort((a, b) => b[1] - a[1]).map(([which]) => which);
    return { from: since, tests };
}

export function makeTimeline(report: Report): Timeline {
    const end = Math.max(report.raw.run.end, report.raw.run.wall, 1);
    const bySlot = new Map<number, Lane>();
    addSandboxes(report, bySlot, end);
    addBatches(report, bySlot, end);
    const slots = [...bySlot.values()].sort((a, b) => a.slot - b.slot);
    const lanes = [...discoveryLanes(report, end), ...slots];
    return {
        lanes,
        end,
        bound: report.raw.run.finished ? report.lowerBound() : 0,
        shares: sharesOf(report, lanes, end),
        tail: report.raw.run.finished ? tailOf(report, lanes, end) : null,
    };
}

/** How many slots were busy, and how many had a sandbox at all, in `count` equal parts of a span. */
export function utilisation(
    lanes: Lane[],
    from: number,
    until: number,
    count: number,
): { busy: Float64Array; up: Float64Array } {
    const busy = new Float64Array(count);
    const up = new Float64Array(count);
    const width = (until - from) / count;
    const add = (into: Float64Array, start: number, end: number) => {
        const [a, b] = [(start - from) / width, (end - from) / width];
        const last = Math.min(count - 1, Math.floor(b));
        for (let i = Math.max(0, Math.floor(a)); i <= last; ++i) {
            into[i] += Math.max(0, Math.min(b, i + 1) - Math.max(a, i));
        }
    };
    for (const lane of lanes) {
        if (lane.slot < 0) continue;
        for (const span of lane.spans) {
            if (span.kind === "batch" || span.kind === "hedge") add(busy, span.from, span.until);
            else if (span.kind === "idle") add(up, span.from, span.until);
        }
    }
    return { busy, up };
}

/** A round number of milliseconds, so that about `count` of them fill the span. */
export function tickStep(span: number, count: number): number {
    const rough = span / Math.max(count, 1);
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000,
        60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000];
    return steps.find((step) => step >= rough) ?? Math.ceil(rough / 3_600_000) * 3_600_000;
}

/** What is at this time in the lane: the topmost span, and the attempt in it. */
export function spanAt(
    report: Report,
    lane: Lane,
    time: number,
    slack: number,
): { span: Span | null; attempt: number } {
    const { start, end } = report.raw.attempts;
    let low = 0;
    let high = lane.tests.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (start[lane.tests[middle]]! <= time + slack) low = middle + 1;
        else high = middle;
    }
    let attempt = -1;
    for (let i = low - 1; i >= Math.max(0, low - 4); --i) {
        if (end[lane.tests[i]]! >= time - slack) {
            attempt = lane.tests[i];
            break;
        }
    }
    let span: Span | null = null;
    for (const each of lane.spans) {
        if (each.from <= time + slack && each.until >= time - slack) {
            if (!span || span.kind === "idle" || each.kind !== "idle") span = each;
        }
    }
    return { span, attempt };
}

export function isFailure(report: Report, attempt: number): boolean {
    return report.raw.attempts.outcome[attempt] >= OUTCOME_FAILED;
}
