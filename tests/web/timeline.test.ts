import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTimeline, spanAt, tickStep, utilisation } from "../../web/src/timeline";
import { reportOf } from "./report_of";

// Slot 0: made in 1 s, a batch from 1 s to 9 s. Slot 1: the same, a batch until 4 s, then idle.
const report = reportOf(
    [
        { id: "long", attempts: [{ start: 2000, duration: 6000, batch: 0 }] },
        { id: "short", attempts: [{ start: 2000, duration: 1500, batch: 1 }] },
    ],
    {
        batches: {
            number: [0, 1], sandbox: [0, 1], outcome: [0, 2], hedge: [0, 0], tests: [1, 1],
            start: [1000, 1000], end: [9000, 4000], how: ["", "lost"],
        },
        sandboxes: {
            number: [0, 1], slot: [0, 1], leaked: [0, 0], id: ["a", "b"], creating: [0, 0],
            ready: [1000, 1000], destroying: [9500, 9500], ended: [10_000, 10_000], trouble: [],
        },
    },
);
const timeline = makeTimeline(report);

test("each slot has a lane with what it did", () => {
    assert.deepEqual(timeline.lanes.map((lane) => lane.title), ["slot 0", "slot 1"]);
    assert.deepEqual(
        timeline.lanes[0].spans.map((span) => [span.kind, span.from, span.until]),
        [["creation", 0, 1000], ["idle", 1000, 9500], ["destruction", 9500, 10_000], ["batch", 1000, 9000]],
    );
    assert.deepEqual(timeline.lanes[1].losses, [{ at: 4000, text: "batch 1: lost", sandbox: 1 }]);
});

test("all of the sandboxes' time is accounted for", () => {
    const { tests, overhead, creation, idle, absent } = timeline.shares;
    assert.deepEqual({ tests, overhead, creation }, { tests: 7500, overhead: 3500, creation: 2000 });
    assert.equal(idle, 500 + 5500);
    assert.equal(tests + overhead + creation + idle + absent, 20_000);
});

test("the time in which one sandbox worked alone is told with its test", () => {
    // One of two is half of them: not yet a tail.
    assert.equal(timeline.tail, null);
    const wider = reportOf(
        [0, 1, 2].map((i) => ({ id: `t${i}`, attempts: [{ start: 0, duration: i === 0 ? 9000 : 2000, batch: i }] })),
        {
            batches: {
                number: [0, 1, 2], sandbox: [0, 1, 2], outcome: [0, 0, 0], hedge: [0, 0, 0], tests: [1, 1, 1],
                start: [0, 0, 0], end: [9000, 2000, 2000], how: ["", "", ""],
            },
            sandboxes: {
                number: [0, 1, 2], slot: [0, 1, 2], leaked: [0, 0, 0], id: ["a", "b", "c"],
                creating: [0, 0, 0], ready: [0, 0, 0], destroying: [null, null, null], ended: [null, null, null],
                trouble: [],
            },
        },
    );
    assert.deepEqual(makeTimeline(wider).tail, { from: 2000, tests: [0] });
});

test("the best possible time is that of the summary", () => {
    assert.equal(timeline.bound, 4000);
});

test("the curve adds up busy sandboxes", () => {
    const { busy, up } = utilisation(timeline.lanes, 0, 10_000, 10);
    assert.deepEqual([...busy], [0, 2, 2, 2, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual([...up], [0, 2, 2, 2, 2, 2, 2, 2, 2, 1]);
});

test("what is under the pointer is found", () => {
    const [lane] = timeline.lanes;
    assert.equal(spanAt(report, lane, 3000, 1).attempt, 0);
    assert.equal(spanAt(report, lane, 3000, 1).span?.kind, "batch");
    assert.equal(spanAt(report, lane, 8500, 1).attempt, -1);
    assert.equal(spanAt(report, lane, 9200, 1).span?.kind, "idle");
    assert.equal(spanAt(report, lane, 500, 1).span?.kind, "creation");
});

test("ticks are round numbers", () => {
    assert.equal(tickStep(10_000, 10), 1000);
    assert.equal(tickStep(95_000, 10), 10_000);
    assert.equal(tickStep(40 * 3_600_000, 4), 10 * 3_600_000);
});

test("a run without sandboxes has no timeline, and no trouble", () => {
    const empty = makeTimeline(reportOf([]));
    assert.deepEqual(empty.lanes, []);
    assert.equal(empty.tail, null);
});
