import assert from "node:assert/strict";
import { test } from "node:test";
import { FilterError, parseFilter } from "../../web/src/filter";
import { reportOf } from "./report_of";

const report = reportOf([
    { id: "tests/test_cart.py::test_total[a b]", file: "tests/test_cart.py" },
    {
        id: "tests/test_cart.py::test_empty",
        file: "tests/test_cart.py",
        status: 3,
        attempts: [{ outcome: 2, duration: 2500, message: "assert 1 == 2" }],
    },
    { id: "tests/test_shop.py::test_Total(x)", file: "tests/test_shop.py", group: 1, status: 1, attempts: [{ outcome: 2 }, {}] },
    { id: "not", file: "tests/test_odd.py", status: 5, attempts: [] },
    { id: "odd", file: "tests/test_odd.py", status: 4 },
]);

const found = (filter: string) => {
    const matches = parseFilter(report, filter);
    return [0, 1, 2, 3, 4].filter(matches);
};

test("words are parts of the ID, and all of them have to be there", () => {
    assert.deepEqual(found(""), [0, 1, 2, 3, 4]);
    assert.deepEqual(found("total"), [0, 2]);
    assert.deepEqual(found("cart total"), [0]);
    assert.deepEqual(found('"a b"'), [0]);
    assert.deepEqual(found("tests/test_shop.py"), [2]);
    assert.deepEqual(found("test_Total(x)"), [2]);
});

test("small letters stand for capitals as well, capitals for themselves", () => {
    assert.deepEqual(found("Total"), [2]);
    assert.deepEqual(found("total"), [0, 2]);
});

test("predicates ask for more than the name", () => {
    assert.deepEqual(found("file(tests/test_cart.py)"), [0, 1]);
    assert.deepEqual(found("file(tests)"), [0, 1, 2, 3, 4]);
    assert.deepEqual(found("file(test)"), []);
    assert.deepEqual(found("file(~cart)"), [0, 1]);
    assert.deepEqual(found("file(tests/*_shop.py)"), [2]);
    assert.deepEqual(found("group(slow)"), [2]);
    assert.deepEqual(found("group(slo)"), []);
    assert.deepEqual(found("group(~slo)"), [2]);
    assert.deepEqual(found("status(failed)"), [1]);
    assert.deepEqual(found("status(failed, not run)"), [1, 3]);
    assert.deepEqual(found("last(failed)"), [1, 4]);
    assert.deepEqual(found("last(not-run)"), [3]);
    assert.deepEqual(found("last(new)"), []);
    assert.deepEqual(found("slow(2s)"), [1]);
    assert.deepEqual(found("slow(100ms)"), [0, 1, 2, 4]);
    assert.deepEqual(found("retried()"), [2]);
    assert.deepEqual(found("message(1 == 2)"), [1]);
    assert.deepEqual(found("all() and not none()"), [0, 1, 2, 3, 4]);
});

test("matchers have signs, in predicates and by themselves", () => {
    assert.deepEqual(found("=not"), [3]);
    assert.deepEqual(found("name(=not)"), [3]);
    assert.deepEqual(found("#tests/test_cart.py::*"), [0, 1]);
    assert.deepEqual(found("/total\\[|empty$/"), [0, 1]);
    assert.deepEqual(found("name(/shop\\.py/)"), [2]);
    assert.deepEqual(found("/tests\\/test_(cart|shop)/ and slow(1ms)"), [0, 1, 2]);
    assert.deepEqual(found('name("Total(x)")'), [2]);
    assert.deepEqual(found('="not"'), [3]);
});

test("and, or, not and parentheses put them together", () => {
    assert.deepEqual(found("not file(~cart)"), [2, 3, 4]);
    assert.deepEqual(found("file(~cart) and not status(failed)"), [0]);
    assert.deepEqual(found("slow(2s) or group(slow)"), [1, 2]);
    assert.deepEqual(found("(slow(2s) | group(slow)) & !retried()"), [1]);
    assert.deepEqual(found("not (total or empty or odd)"), [3]);
    assert.deepEqual(found('"not"'), [3]);
    assert.deepEqual(found("empty or total cart"), [0, 1]);
});

test("what makes no sense says so and where", () => {
    const wrong = [
        "(total", "total)", "and", "not", "slow(soon)", "slow(2)", "nosuch(x)", "name(/[/)", '"a', "file(x",
        "a or", "last(nonsense)", "name()", "!", "a and or b", "(".repeat(1000),
    ];
    for (const filter of wrong) assert.throws(() => parseFilter(report, filter), FilterError, filter);
});

test("names that objects have are nothing special", () => {
    assert.deepEqual(found("__proto__ constructor"), []);
    assert.throws(() => parseFilter(report, "constructor(x)"), FilterError);
});
