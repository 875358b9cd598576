// The list of tests: a tree of groups and tests, of which only the rows in sight are in the page.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { BY_URGENCY, Report, STATUSES } from "./data";
import { Line, StatusSign } from "./marks";
import { GroupRow, nameBelow, Row, TestRow } from "./rows";
import { Grouping } from "./state";
import { duration, plural } from "./text";

const ROW = 28; // pixels; style.css has the same
const BEYOND = 8; // rows above and below what is in sight

interface Props {
    report: Report;
    rows: Row[];
    by: Grouping;
    selected: number;
    closed: ReadonlySet<string>;
    select: (test: number) => void;
    toggle: (group: string) => void;
}

function GroupLine({ row, open }: { row: GroupRow; open: boolean }) {
    return (
        <>
            <span class="fold" aria-hidden="true">
                {open ? "\u25be" : "\u25b8"}
            </span>
            <Line class="title" text={row.title} />
            <span class="counts">
                {BY_URGENCY.filter((status) => row.counts[status] > 0).map((status) => (
                    <span class={`count status-${status}`} key={status}>
                        <StatusSign status={status} />
                        {row.counts[status]}
                        <span class="unseen"> {STATUSES[status]}</span>
                    </span>
                ))}
            </span>
            <span class="time">{duration(row.duration)}</span>
        </>
    );
}

function TestLine({ report, row, by }: { report: Report; row: TestRow; by: Grouping }) {
    const attempts = report.attemptsOf(row.test).length;
    const headline = report.headline(row.test);
    return (
        <>
            <StatusSign status={report.raw.tests.status[row.test]} />
            <span class="unseen">{report.status(row.test)}: </span>
            <Line class="name" text={nameBelow(report, row.test, by)} />
            {attempts > 1 ? <span class="tag">{plural(attempts, "attempt")}</span> : null}
            {report.carriedFrom(row.test) !== null ? <span class="tag carried">carried over</span> : null}
            {headline ? <Line class="headline" text={headline} /> : null}
            <span class="time">{attempts > 0 ? duration(report.duration[row.test]) : ""}</span>
        </>
    );
}

const idOf = (row: Row) => (row.kind === "group" ? `group-${row.key}` : `test-${row.test}`);

/** Where the window on the rows stands. */
function useWindow() {
    const frame = useRef<HTMLDivElement>(null);
    const [top, setTop] = useState(0);
    const [height, setHeight] = useState(600);
    useLayoutEffect(() => {
        const element = frame.current!;
        const measure = () => setHeight(element.clientHeight);
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        measure();
        return () => observer.disconnect();
    }, []);
    return { frame, top, height, scrolled: () => setTop(frame.current!.scrollTop) };
}

export function Tree({ report, rows, by, selected, closed, select, toggle }: Props) {
    const { frame, top, height, scrolled } = useWindow();
    const [active, setActive] = useState(0);
    const levels = by === "none" ? 1 : 2;

    const show = (index: number) => {
        const element = frame.current!;
        if (index * ROW < element.scrollTop) element.scrollTop = index * ROW;
        const below = (index + 1) * ROW - element.clientHeight;
        if (below > element.scrollTop) element.scrollTop = below;
    };
    const move = (index: number) => {
        const next = Math.max(0, Math.min(rows.length - 1, index));
        setActive(next);
        show(next);
        const row = rows[next];
        if (row?.kind === "test") select(row.test);
    };
    const placeOfSelected = () =>
        rows.findIndex((row) => row.kind === "test" && row.test === selected);
    // The selected test stays the active row when the rows around it change, wherever it goes: who
    // asks for another order wants to see what is first.
    useEffect(() => {
        const place = placeOfSelected();
        setActive((old) => (place >= 0 ? place : Math.min(old, Math.max(rows.length - 1, 0))));
    }, [rows, selected]);
    useEffect(() => {
        const place = placeOfSelected();
        if (place >= 0) show(place);
    }, [selected]);

    const pressed = (event: KeyboardEvent) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const page = Math.max(1, Math.floor(height / ROW) - 1);
        const row = rows[active];
        const steps: Record<string, () => void> = {
            ArrowDown: () => move(active + 1),
            ArrowUp: () => move(active - 1),
            PageDown: () => move(active + page),
            PageUp: () => move(active - page),
            Home: () => move(0),
            End: () => move(rows.length - 1),
            ArrowRight: () => {
                if (row?.kind === "group" && closed.has(row.key)) toggle(row.key);
                else move(active + 1);
            },
            ArrowLeft: () => {
                if (row?.kind === "group" && !closed.has(row.key)) return toggle(row.key);
                for (let i = active - 1; i >= 0; --i) if (rows[i].kind === "group") return move(i);
            },
            Enter: () => row?.kind === "group" && toggle(row.key),
            " ": () => row?.kind === "group" && toggle(row.key),
        };
        const step = steps[event.key];
        if (!step) return;
        event.preventDefault();
        step();
    };

    const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
    const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + BEYOND);
    const shown = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
    if (active < rows.length && (active < first || active >= last)) shown.push(active);

    return (
        <div
            class="tree"
            role="tree"
            aria-label="Tests"
            tabIndex={0}
            ref={frame}
            aria-activedescendant={rows[active] ? idOf(rows[active]) : undefined}
            onScroll={scrolled}
            onKeyDown={pressed}
        >
            <div class="rows" role="presentation" style={{ height: `${rows.length * ROW}px` }}>
                {shown.map((index) => {
                    const row = rows[index];
                    const group = row.kind === "group";
                    const open = group && !closed.has(row.key);
                    return (
                        <div
                            key={idOf(row)}
                            id={idOf(row)}
                            role="treeitem"
                            class={`row ${row.kind}${index === active ? " active" : ""}`}
                            style={{ transform: `translateY(${index * ROW}px)` }}
                            aria-level={group ? 1 : levels}
                            aria-setsize={group ? undefined : row.size}
                            aria-posinset={group ? undefined : row.position}
                            aria-expanded={group ? open : undefined}
                            aria-selected={!group && row.test === selected}
                            onClick={() => {
                                setActive(index);
                                if (row.kind === "group") toggle(row.key);
                                else select(row.test);
                            }}
                        >
                            {row.kind === "group" ? (
                                <GroupLine row={row} open={open} />
                            ) : (
                                <TestLine report={report} row={row} by={by} />
                            )}
                        </div>
                    );
                })}
            </div>
        </div>
    );
}
