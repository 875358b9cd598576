// Sandboxes × time: why the run took as long as it did.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { BATCH_OUTCOMES, Report } from "./data";
import { TableHead, TestLink } from "./marks";
import { AXIS, CURVE, GUTTER, laneAt, Painter, readPalette, timeAt, Viewport } from "./timeline_draw";
import { Lane, makeTimeline, Shares, Span, spanAt, Timeline } from "./timeline";
import { duration, percent, plural, visibleLine } from "./text";

const MOST_HEIGHT = 560; // of the canvas
const SHARE_WORDS: [keyof Shares, string][] = [
    ["tests", "running tests"],
    ["overhead", "around tests, in batches"],
    ["creation", "creating sandboxes"],
    ["idle", "idle"],
    ["absent", "no sandbox: discovery, and slots that were not needed"],
];

function laneHeightFor(lanes: number): number {
    const room = MOST_HEIGHT - AXIS - CURVE;
    return Math.max(5, Math.min(26, Math.floor(room / Math.max(lanes, 1))));
}

function ShareBar({ shares }: { shares: Shares }) {
    const whole = SHARE_WORDS.reduce((sum, [key]) => sum + shares[key], 0);
    const told = SHARE_WORDS.filter(([key]) => shares[key] > 0);
    return (
        <section class="shares" aria-labelledby="shares-title">
            <h2 id="shares-title">Where the sandboxes’ time went</h2>
            <div class="bar" aria-hidden="true">
                {told.map(([key]) => (
                    <span key={key} class={`part share-${key}`} style={{ flexGrow: String(shares[key]) }} />
                ))}
            </div>
            <ul class="legend">
                {told.map(([key, words]) => (
                    <li key={key}>
                        <span class={`swatch share-${key}`} aria-hidden="true" />
                        <strong>{percent(shares[key], whole)}</strong> {words}
                        <span class="quiet"> {duration(shares[key])}</span>
                    </li>
                ))}
            </ul>
        </section>
    );
}

function Reasons(props: { report: Report; timeline: Timeline; open: (test: number) => void }) {
    const { report, timeline, open } = props;
    const { run } = report.raw;
    const lost = timeline.lanes.reduce((sum, lane) => sum + lane.losses.length, 0);
    const firstBatch = Math.min(...report.raw.batches.start, Infinity);
    return (
        <ul class="reasons">
            {timeline.bound >= 500 ? (
                <li>
                    It took <strong>{duration(run.wall)}</strong>, and could not have taken less than{" "}
                    <strong>{duration(timeline.bound)}</strong> with {plural(run.slots, "sandbox", "sandboxes")}:{" "}
                    {run.longest >= timeline.bound ? "so long is the longest test" : "so long are all tests, shared evenly"}
                    . That is {(run.wall / timeline.bound).toFixed(2)} times as long.
                </li>
            ) : null}
            {firstBatch < Infinity && firstBatch > 0.1 * timeline.end ? (
                <li>The first tests were started after {duration(firstBatch)}.</li>
            ) : null}
            {timeline.tail ? (
                <li>
                    In the last {duration(timeline.end - timeline.tail.from)} fewer than half of the
                    sandboxes had something to run:{" "}
                    {timeline.tail.tests.slice(0, 3).map((test, i) => (
                        <span key={test}>
                            {i > 0 ? ", " : ""}
                            <TestLink report={report} test={test} open={open} />
                        </span>
                    ))}
                    {timeline.tail.tests.length > 3 ? ` and ${timeline.tail.tests.length - 3} more` : ""}.
                </li>
            ) : null}
            {run.hedges > 0 ? (
                <li>{plural(run.hedges, "slow test was", "slow tests were")} started a second time on idle sandboxes.</li>
            ) : null}
            {lost > 0 ? <li>{plural(lost, "time")} a batch or a sandbox came to a bad end (marked ✕).</li> : null}
            {!run.durationsKnown && run.finished ? (
                <li>No durations were known, so that the order was a guess: the next run will be faster.</li>
            ) : null}
        </ul>
    );
}

function describe(report: Report, timeline: Timeline, lane: Lane, at: ReturnType<typeof spanAt>): string[] {
    const { batches, sandboxes, attempts, run, discoveries, tests } = report.raw;
    const lines: string[] = [];
    const told = (span: Span) =>
        `${duration(span.from)} to ${span.open ? "…" : duration(span.until)}, ${duration(span.until - span.from)}`;
    const { span, attempt } = at;
    if (attempt >= 0) {
        lines.push(tests.id[attempts.test[attempt]]);
        lines.push(
            `attempt ${attempts.number[attempt]}, ${["passed", "skipped", "failed", "errored"][attempts.outcome[attempt]]}` +
                ` after ${duration(attempts.duration[attempt])}`,
        );
    }
    if (span?.kind === "batch" || span?.kind === "hedge") {
        const place = span.place;
        const kind = span.kind === "hedge" ? "duplicate batch" : "batch";
        const outcome = span.open ? "" : `, ${BATCH_OUTCOMES[batches.outcome[place]]}`;
        lines.push(`${kind} ${batches.number[place]}: ${plural(batches.tests[place], "test")}${outcome}`);
        if (batches.how[place]) lines.push(batches.how[place]);
        lines.push(told(span));
    } else if (span?.kind === "discovery") {
        lines.push(`discovery of ${run.groups[discoveries.group[span.place]] ?? ""}`, told(span));
    } else if (span) {
        const words = { creation: "creating", idle: "idle", destruction: "destroying" }[span.kind];
        lines.push(`${words} sandbox ${sandboxes.id[span.place] || sandboxes.number[span.place]}`, told(span));
    }
    for (const loss of lane.losses) {
        if (Math.abs(loss.at - (span?.until ?? -1)) < timeline.end / 500) lines.push(`✕ ${loss.text}`);
    }
    return lines.map(visibleLine);
}

function Legend() {
    const entries: [string, string][] = [
        ["fill-0", "passed"],
        ["fill-3", "failed"],
        ["fill-4", "errored"],
        ["fill-2", "skipped"],
        ["batch", "in a batch, around tests"],
        ["hedge", "duplicate of slow tests"],
        ["creation hatch", "creating"],
        ["idle thin", "idle"],
        ["discovery", "discovery"],
        ["bound", "at best"],
    ];
    return (
        <ul class="legend">
            {entries.map(([name, words]) => (
                <li key={words}>
                    <span class={`swatch ${name}`} aria-hidden="true" />
                    {words}
                </li>
            ))}
            <li>
                <span class="cross" aria-hidden="true">
                    ✕
                </span>{" "}
                lost, or ended badly
            </li>
        </ul>
    );
}

/** What the picture shows, as a table. */
function LaneTable({ report, timeline }: { report: Report; timeline: Timeline }) {
    const rows = timeline.lanes.filter((lane) => lane.slot >= 0).slice(0, 500);
    const { end, start } = report.raw.attempts;
    const sum = (spans: Span[], kinds: string[]) =>
        spans.filter((s) => kinds.includes(s.kind)).reduce((all, s) => all + s.until - s.from, 0);
    return (
        <details class="lane-table">
            <summary>The timeline as a table</summary>
            <table>
                <TableHead
                    columns={["Slot"]}
                    figures={["Sandboxes", "Batches", "Attempts", "Creating", "Running tests", "Idle", "Losses"]}
                />
                <tbody>
                    {rows.map((lane) => {
                        const batches = sum(lane.spans, ["batch", "hedge"]);
                        const tests = lane.tests.reduce((all, a) => all + end[a]! - start[a]!, 0);
                        const cells = [
                            lane.spans.filter((s) => s.kind === "creation").length,
                            lane.spans.filter((s) => s.kind === "batch" || s.kind === "hedge").length,
                            lane.tests.length,
                            duration(sum(lane.spans, ["creation"])),
                            duration(tests),
                            duration(Math.max(0, sum(lane.spans, ["idle"]) - batches)),
                            lane.losses.length,
                        ];
                        return (
                            <tr key={lane.slot}>
                                <th scope="row">{lane.slot}</th>
                                {cells.map((cell, i) => (
                                    <td class="number" key={i}>
                                        {cell}
                                    </td>
                                ))}
                            </tr>
                        );
                    })}
                </tbody>
            </table>
        </details>
    );
}

interface Range {
    from: number;
    until: number;
}

function zoomed(range: Range, around: number, factor: number, end: number): Range {
    const least = Math.min(end, 1);
    const span = Math.max(least, Math.min(end, (range.until - range.from) * factor));
    const share = (around - range.from) / (range.until - range.from);
    return within(around - share * span, span, end);
}

function within(from: number, span: number, end: number): Range {
    const start = Math.max(0, Math.min(from, end - span));
    return { from: start, until: start + span };
}

export function TimelineView(props: { report: Report; open: (test: number) => void; theme: string }) {
    const { report, open, theme } = props;
    const timeline = useMemo(() => makeTimeline(report), [report]);
    const canvas = useRef<HTMLCanvasElement>(null);
    const scroller = useRef<HTMLDivElement>(null);
    const [range, setRange] = useState<Range>({ from: 0, until: timeline.end });
    const [width, setWidth] = useState(900);
    const [scroll, setScroll] = useState(0);
    const [hover, setHover] = useState<{ x: number; y: number; lines: string[] } | null>(null);
    const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);

    const laneHeight = laneHeightFor(timeline.lanes.length);
    const whole = AXIS + CURVE + timeline.lanes.length * laneHeight + 6;
    const height = Math.min(MOST_HEIGHT, whole);
    const view: Viewport = { ...range, width, height, scroll, laneHeight };

    useLayoutEffect(() => {
        const element = scroller.current!;
        const measure = () => setWidth(element.clientWidth);
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        measure();
        return () => observer.disconnect();
    }, []);

    useLayoutEffect(() => {
        const element = canvas.current!;
        const ratio = window.devicePixelRatio || 1;
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
        const context = element.getContext("2d")!;
        context.scale(ratio, ratio);
        new Painter(context, report, timeline, view, readPalette(element)).paint(-1);
        if (drag) {
            context.fillStyle = readPalette(element).chosen;
            context.globalAlpha = 0.2;
            context.fillRect(Math.min(drag.from, drag.to), AXIS, Math.abs(drag.to - drag.from), height);
        }
    });

    // Not passive, so that a pinch does not enlarge the page.
    useEffect(() => {
        const element = scroller.current!;
        const turned = (event: WheelEvent) => {
            if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
            event.preventDefault();
            const x = event.clientX - element.getBoundingClientRect().left;
            setRange((old) => {
                const now = { ...view, ...old };
                if (event.ctrlKey || event.metaKey) {
                    return zoomed(old, timeAt(now, Math.max(x, GUTTER)), Math.exp(event.deltaY / 200), timeline.end);
                }
                const moved = timeAt(now, GUTTER + event.deltaX) - old.from;
                return within(old.from + moved, old.until - old.from, timeline.end);
            });
        };
        element.addEventListener("wheel", turned, { passive: false });
        return () => element.removeEventListener("wheel", turned);
    }, [width, timeline]);

    const zoom = (factor: number) =>
        setRange((old) => zoomed(old, (old.from + old.until) / 2, factor, timeline.end));
    const pan = (share: number) =>
        setRange((old) => within(old.from + share * (old.until - old.from), old.until - old.from, timeline.end));
    const reset = () => setRange({ from: 0, until: timeline.end });
    const pressed = (event: KeyboardEvent) => {
        const actions: Record<string, () => void> = {
            "+": () => zoom(0.5),
            "=": () => zoom(0.5),
            "-": () => zoom(2),
            "0": reset,
            ArrowLeft: () => pan(-0.2),
            ArrowRight: () => pan(0.2),
        };
        const action = event.ctrlKey || event.metaKey ? undefined : actions[event.key];
        if (!action) return;
        event.preventDefault();
        action();
    };

    const place = (event: PointerEvent | MouseEvent) => {
        const box = canvas.current!.getBoundingClientRect();
        return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const found = (x: number, y: number) => {
        const lane = y < AXIS + CURVE ? undefined : timeline.lanes[laneAt(view, y)];
        if (!lane || x < GUTTER) return null;
        const slack = (2 * (range.until - range.from)) / Math.max(1, width - GUTTER);
        return { lane, at: spanAt(report, lane, timeAt(view, x), slack) };
    };
    const moved = (event: PointerEvent) => {
        const { x, y } = place(event);
        if (drag) return setDrag({ ...drag, to: Math.max(GUTTER, x) });
        const what = found(x, y);
        const lines = what ? describe(report, timeline, what.lane, what.at) : [];
        setHover(lines.length > 0 ? { x, y, lines } : null);
    };
    const released = (event: PointerEvent) => {
        if (!drag) return;
        setDrag(null);
        const [a, b] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
        if (b - a > 4) return setRange({ from: timeAt(view, a), until: timeAt(view, b) });
        const { x, y } = place(event);
        const what = found(x, y);
        if (what && what.at.attempt >= 0) open(report.raw.attempts.test[what.at.attempt]);
    };

    const all = range.from <= 0 && range.until >= timeline.end;
    const slots = timeline.lanes.filter((lane) => lane.slot >= 0).length;
    return (
        <div class="timeline" data-theme-of-canvas={theme}>
            <Reasons report={report} timeline={timeline} open={open} />
            <ShareBar shares={timeline.shares} />
            <div class="timeline-tools" role="group" aria-label="Zoom">
                <button type="button" onClick={() => zoom(0.5)} aria-label="Zoom in">
                    +
                </button>
                <button type="button" onClick={() => zoom(2)} disabled={all} aria-label="Zoom out">
                    −
                </button>
                <button type="button" onClick={reset} disabled={all}>
                    Whole run
                </button>
                <span class="quiet" role="status">
                    {duration(range.from)} to {duration(range.until)}
                </span>
                <span class="quiet hint">Drag to zoom, Ctrl and wheel, or + − 0 and arrows; click a test to open it</span>
            </div>
            <div class="canvas-frame">
                <div
                    class="scroller"
                    ref={scroller}
                    style={{ height: `${height}px` }}
                    tabIndex={0}
                    role="region"
                    aria-label="Timeline"
                    onScroll={() => setScroll(scroller.current!.scrollTop)}
                    onKeyDown={pressed}
                    onPointerDown={(event) => {
                        if (event.button !== 0 || event.target !== canvas.current) return;
                        const { x } = place(event);
                        canvas.current!.setPointerCapture(event.pointerId);
                        setHover(null);
                        setDrag({ from: Math.max(GUTTER, x), to: Math.max(GUTTER, x) });
                    }}
                    onPointerMove={moved}
                    onPointerUp={released}
                    onPointerCancel={() => setDrag(null)}
                    onPointerLeave={() => setHover(null)}
                    onDblClick={reset}
                >
                    <canvas
                        ref={canvas}
                        style={{ width: `${width}px`, height: `${height}px` }}
                        role="img"
                        aria-label={
                            `What ${plural(slots, "slot")} did in ${duration(timeline.end)}. ` +
                            "The table below tells the same in words."
                        }
                    />
                    <div style={{ height: `${whole - height}px` }} aria-hidden="true" />
                </div>
                {hover ? (
                    <div
                        class="tooltip"
                        style={{
                            left: `${Math.min(hover.x + 14, Math.max(0, width - 380))}px`,
                            top: `${hover.y + 18}px`,
                        }}
                    >
                        {hover.lines.map((line, i) => (
                            <bdi dir="ltr" key={i}>
                                {line}
                            </bdi>
                        ))}
                    </div>
                ) : null}
            </div>
            <Legend />
            <LaneTable report={report} timeline={timeline} />
        </div>
    );
}

