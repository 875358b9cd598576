import assert from "node:assert/strict";
import { test } from "node:test";
import { Report } from "../../web/src/data";
import { listRows, nameBelow, selectTests, sortTests } from "../../web/src/rows";
import { formatState, parseState } from "../../web/src/state";
import { bytes, duration, grouped, visible, visibleLine } from "../../web/src/text";
import { rawOf, reportOf } from "./report_of";

test("attempts are found by test, in the order of their numbers", () => {
    const raw = rawOf([{ id: "a" }, { id: "b", attempts: [{}, {}, {}] }, { id: "c", attempts: [] }]);
    [raw.attempts.number[1], raw.attempts.number[3]] = [3, 1];
    const report = new Report(raw, () => null);
    assert.deepEqual([...report.attemptsOf(0)], [0]);
    assert.deepEqual([...report.attemptsOf(1)], [3, 2, 1]);
    assert.deepEqual([...report.attemptsOf(2)], []);
    assert.equal(report.duration[1], 300);
});

test("output is read from the block that holds it, each block once", () => {
    const raw = rawOf([{ id: "a", attempts: [{}, {}, {}] }]);
    raw.attempts.output = [0, 2, -2];
    raw.outputs = [0, 2];
    const asked: number[] = [];
    const report = new Report(raw, (block) => {
        asked.push(block);
        return JSON.stringify([{ stdout: `first of ${block}` }]);
    });
    assert.equal(report.output(1)?.stdout, "first of 1");
    assert.equal(report.output(1)?.stdout, "first of 1");
    assert.equal(report.output(0)?.stdout, "first of 0");
    assert.equal(report.output(2), null);
    assert.deepEqual(asked, [1, 0]);
});

test("a report of a newer format is refused", () => {
    assert.throws(() => new Report({ ...rawOf([]), format: 2 }, () => null), /format 2/);
});

test("failures come first, groups in the order of their first test", () => {
    const report = reportOf([
        { id: "x.py::a", file: "x.py" },
        { id: "y.py::b", file: "y.py", status: 3 },
        { id: "y.py::c", file: "y.py" },
        { id: "x.py::d", file: "x.py", status: 1 },
    ]);
    const tests = sortTests(report, selectTests(report, () => true, []), "urgency");
    assert.deepEqual(tests, [1, 3, 0, 2]);
    const rows = listRows(report, tests, "file", new Set(["x.py"]));
    assert.deepEqual(
        rows.map((row) => (row.kind === "group" ? row.key : row.test)),
        ["y.py", 1, 2, "x.py"],
    );
    assert.equal(nameBelow(report, 1, "file"), "b");
    assert.equal(nameBelow(report, 1, "none"), "y.py::b");
    assert.deepEqual(selectTests(report, () => true, [1, 3]), [1, 3]);
});

test("the state survives the URL, whatever the filter holds", () => {
    const state = {
        ...parseState(""),
        view: "timeline" as const,
        filter: "a&b=c#d \u202e \"'<%",
        statuses: [3, 4],
        test: "tests/a.py::t[ü&=]",
    };
    assert.deepEqual(parseState(formatState(state)), state);
    assert.deepEqual(parseState("#view=nonsense&status=9,x&by="), parseState(""));
});

test("nothing invisible stays invisible", () => {
    assert.equal(visible("a\u0000b\u001bc\n\td"), "a\u2400b\u241bc\n\td");
    assert.equal(visibleLine("a\nb\u202egnp"), "a\u240ab\u27e8U+202E\u27e9gnp");
    assert.equal(visible("größter 日本"), "größter 日本");
});

test("times and sizes read well", () => {
    assert.deepEqual([0, 0.4, 12.4, 1234, 12_345, 59_990, 3_599_700, 7_260_000].map(duration), [
        "0 ms", "<1 ms", "12 ms", "1.23 s", "12.3 s", "1m 00s", "1h 00m", "2h 01m",
    ]);
    assert.equal(bytes(3 * 1024 * 1024), "3.0 MiB");
    assert.equal(grouped(1234567), "1\u202f234\u202f567");
});
