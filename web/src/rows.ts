// The rows of the list of tests: filtered, ordered and put into groups.
import { BY_URGENCY, Report, STATUSES } from "./data";
import { Predicate } from "./filter";
import { Grouping, Order } from "./state";

export interface GroupRow {
    kind: "group";
    key: string;
    title: string;
    tests: number[];
    counts: number[]; // by status
    duration: number;
}
export interface TestRow {
    kind: "test";
    test: number;
    position: number; // in its group, from 1
    size: number; // of its group
}
export type Row = GroupRow | TestRow;

const URGENCY = STATUSES.map((_, status) => BY_URGENCY.indexOf(status));

export function selectTests(report: Report, matches: Predicate, statuses: number[]): number[] {
    const wanted = statuses.length > 0 ? new Set(statuses) : null;
    const found: number[] = [];
    for (let test = 0; test < report.count; ++test) {
        if (wanted && !wanted.has(report.raw.tests.status[test])) continue;
        if (matches(test)) found.push(test);
    }
    return found;
}

function compareTexts(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

export function sortTests(report: Report, tests: number[], order: Order): number[] {
    const { status, id } = report.raw.tests;
    switch (order) {
        case "urgency":
            return tests.sort((a, b) => URGENCY[status[a]] - URGENCY[status[b]] || a - b);
        case "duration":
            return tests.sort((a, b) => report.duration[b] - report.duration[a] || a - b);
        case "name":
            return tests.sort((a, b) => compareTexts(id[a], id[b]));
        case "discovery":
            return tests;
    }
}

function groupOf(report: Report, test: number, by: Grouping): string {
    if (by === "file") return report.file(test) || "(no file)";
    if (by === "group") return report.group(test);
    return report.status(test);
}

/** In order of their first test, which the order of the tests decides. */
export function groupTests(report: Report, tests: number[], by: Grouping): GroupRow[] {
    const groups = new Map<string, GroupRow>();
    for (const test of tests) {
        const key = groupOf(report, test, by);
        let group = groups.get(key);
        if (!group) {
            const counts = STATUSES.map(() => 0);
            group = { kind: "group", key, title: key, tests: [], counts, duration: 0 };
            groups.set(key, group);
        }
        group.tests.push(test);
        group.counts[report.raw.tests.status[test]]++;
        group.duration += report.duration[test];
    }
    return [...groups.values()];
}

export function listRows(
    report: Report,
    tests: number[],
    by: Grouping,
    closed: ReadonlySet<string>,
): Row[] {
    const testRows = (all: number[]): TestRow[] =>
        all.map((test, i) => ({ kind: "test", test, position: i + 1, size: all.length }));
    if (by === "none") return testRows(tests);
    const rows: Row[] = [];
    for (const group of groupTests(report, tests, by)) {
        rows.push(group);
        if (closed.has(group.key)) continue;
        for (const row of testRows(group.tests)) rows.push(row);
    }
    return rows;
}

/** The test's name below its file's heading: what the heading says already is left out. */
export function nameBelow(report: Report, test: number, by: Grouping): string {
    const id = report.raw.tests.id[test];
    const file = report.file(test);
    if (by !== "file" || !file || !id.startsWith(file)) return id;
    return id.slice(file.length).replace(/^(::|[\s:/.]+)/, "") || id;
}
