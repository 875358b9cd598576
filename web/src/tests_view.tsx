// The list of tests beside the one that is looked at.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { BY_URGENCY, Report, STATUSES } from "./data";
import { Details } from "./details";
import { FilterError, parseFilter, Predicate } from "./filter";
import { StatusSign } from "./marks";
import { listRows, selectTests, sortTests } from "./rows";
import { Grouping, GROUPINGS, Order, ORDERS, ViewState } from "./state";
import { Tree } from "./tree";
import { grouped, plural } from "./text";

export interface ViewProps {
    report: Report;
    state: ViewState;
    change: (change: Partial<ViewState>) => void;
    selected: number; // the test's number, or -1
}

const GROUPING_WORDS: Record<Grouping, string> = {
    file: "file",
    group: "group",
    status: "status",
    none: "nothing",
};
const ORDER_WORDS: Record<Order, string> = {
    urgency: "failures first",
    duration: "slowest first",
    name: "name",
    discovery: "as discovered",
};

function useFilter(report: Report, text: string): { matches: Predicate; error: string } {
    return useMemo(() => {
        try {
            return { matches: parseFilter(report, text), error: "" };
        } catch (error) {
            if (!(error instanceof FilterError)) throw error;
            return { matches: () => false, error: `${error.message} (at ${error.at + 1})` };
        }
    }, [report, text]);
}

function Choice<Value extends string>(props: {
    label: string;
    value: Value;
    values: Value[];
    words: Record<Value, string>;
    choose: (value: Value) => void;
}) {
    return (
        <label class="choice">
            {props.label}{" "}
            <select
                value={props.value}
                onChange={(event) => props.choose(event.currentTarget.value as Value)}
            >
                {props.values.map((value) => (
                    <option key={value} value={value}>
                        {props.words[value]}
                    </option>
                ))}
            </select>
        </label>
    );
}

function StatusButtons({ report, state, change }: ViewProps) {
    const toggle = (status: number) => {
        const without = state.statuses.filter((other) => other !== status);
        const statuses = without.length < state.statuses.length ? without : [...without, status];
        change({ statuses });
    };
    return (
        <div class="statuses" role="group" aria-label="Only tests that are">
            {BY_URGENCY.filter((status) => report.counts[status] > 0).map((status) => (
                <button
                    type="button"
                    key={status}
                    class={`chip status-${status}`}
                    aria-pressed={state.statuses.includes(status)}
                    onClick={() => toggle(status)}
                >
                    <StatusSign status={status} />
                    {STATUSES[status]} {grouped(report.counts[status])}
                </button>
            ))}
        </div>
    );
}

function FilterBox({ state, change, error }: ViewProps & { error: string }) {
    const box = useRef<HTMLInputElement>(null);
    useEffect(() => {
        const pressed = (event: KeyboardEvent) => {
            const typing = event.target instanceof HTMLInputElement;
            if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            box.current?.focus();
            box.current?.select();
        };
        document.addEventListener("keydown", pressed);
        return () => document.removeEventListener("keydown", pressed);
    }, []);
    return (
        <div class="filter">
            <label class="unseen" for="filter">
                Filter the tests
            </label>
            <input
                id="filter"
                ref={box}
                type="search"
                value={state.filter}
                placeholder="Filter ( / ): part of a name, file(tests/shop), slow(2s), last(failed), not group(unit) …"
                spellcheck={false}
                autocomplete="off"
                aria-invalid={error !== ""}
                aria-describedby="filter-error"
                onInput={(event) => change({ filter: event.currentTarget.value })}
                onKeyDown={(event) => {
                    if (event.key === "Escape") change({ filter: "" });
                }}
            />
            <span id="filter-error" class="filter-error" role="status">
                {error}
            </span>
        </div>
    );
}

export function TestsView(props: ViewProps) {
    const { report, state, change, selected } = props;
    const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
    const { matches, error } = useFilter(report, state.filter);
    const tests = useMemo(
        () => sortTests(report, selectTests(report, matches, state.statuses), state.order),
        [report, matches, state.statuses.join(), state.order],
    );
    const rows = useMemo(
        () => listRows(report, tests, state.by, closed),
        [report, tests, state.by, closed],
    );
    const toggle = (group: string) => {
        const next = new Set(closed);
        if (!next.delete(group)) next.add(group);
        setClosed(next);
    };
    return (
        <div class="tests">
            <div class="toolbar">
                <FilterBox {...props} error={error} />
                <span class="quiet matches" role="status">
                    {tests.length === report.count
                        ? plural(tests.length, "test")
                        : `${grouped(tests.length)} of ${plural(report.count, "test")}`}
                </span>
                <StatusButtons {...props} />
                <Choice
                    label="Grouped by"
                    value={state.by}
                    values={GROUPINGS}
                    words={GROUPING_WORDS}
                    choose={(by) => change({ by })}
                />
                <Choice
                    label="Order"
                    value={state.order}
                    values={ORDERS}
                    words={ORDER_WORDS}
                    choose={(order) => change({ order })}
                />
            </div>
            <div class="split">
                <Tree
                    report={report}
                    rows={rows}
                    by={state.by}
                    selected={selected}
                    closed={closed}
                    toggle={toggle}
                    select={(test) => change({ test: report.raw.tests.id[test] })}
                />
                <div class="beside">
                    {selected >= 0 ? (
                        <Details key={selected} report={report} test={selected} />
                    ) : (
                        <p class="remark">
                            {rows.length > 0 ? "Choose a test to see its attempts." : "No test matches."}
                        </p>
                    )}
                </div>
            </div>
        </div>
    );
}
