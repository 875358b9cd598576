// Paints the timeline on a canvas.
import { Report } from "./data";
import { statusOfOutcome } from "./marks";
import { duration } from "./text";
import { isFailure, Lane, Span, tickStep, Timeline, utilisation } from "./timeline";

export const GUTTER = 84; // left of the lanes, for their names
export const AXIS = 26; // above the lanes
export const CURVE = 56; // the curve of busy sandboxes, below the axis
const LABELLED = 46; // pixels that a test's name needs at least

export interface Viewport {
    from: number; // milliseconds
    until: number;
    width: number; // of the whole canvas, in CSS pixels
    height: number;
    scroll: number; // of the lanes
    laneHeight: number;
}

export interface Palette {
    text: string;
    quiet: string;
    grid: string;
    surface: string;
    bound: string;
    creation: string;
    idle: string;
    batch: string;
    hedge: string;
    discovery: string;
    loss: string;
    chosen: string;
    status: string[];
    statusText: string[];
}

export function readPalette(element: Element): Palette {
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim() || "#888";
    const each = (prefix: string) => [0, 1, 2, 3, 4, 5, 6].map((i) => colour(`${prefix}-${i}`));
    return {
        text: colour("text"),
        quiet: colour("quiet"),
        grid: colour("line"),
        surface: colour("surface"),
        bound: colour("bound"),
        creation: colour("creation"),
        idle: colour("idle"),
        batch: colour("batch"),
        hedge: colour("hedge"),
        discovery: colour("discovery"),
        loss: colour("fill-4"),
        chosen: colour("accent"),
        status: each("fill"),
        statusText: each("fill-text"),
    };
}

export function xOf(view: Viewport, time: number): number {
    return GUTTER + ((time - view.from) / (view.until - view.from)) * (view.width - GUTTER);
}

export function timeAt(view: Viewport, x: number): number {
    return view.from + ((x - GUTTER) / (view.width - GUTTER)) * (view.until - view.from);
}

export function laneAt(view: Viewport, y: number): number {
    return Math.floor((y - AXIS - CURVE + view.scroll) / view.laneHeight);
}

export class Painter {
    private readonly x: (time: number) => number;
    constructor(
        private readonly context: CanvasRenderingContext2D,
        private readonly report: Report,
        private readonly timeline: Timeline,
        private readonly view: Viewport,
        private readonly palette: Palette,
    ) {
        this.x = (time) => xOf(view, time);
    }

    paint(chosen: number): void {
        const { context, view } = this;
        context.clearRect(0, 0, view.width, view.height);
        context.font = "12px system-ui, sans-serif";
        context.textBaseline = "middle";
        this.grid();
        this.curve();
        context.save();
        context.beginPath();
        context.rect(0, AXIS + CURVE, view.width, view.height - AXIS - CURVE);
        context.clip();
        const first = Math.max(0, Math.floor(view.scroll / view.laneHeight));
        const last = first + Math.ceil(view.height / view.laneHeight) + 1;
        this.timeline.lanes.slice(first, last).forEach((lane, i) => this.lane(lane, first + i, chosen));
        context.restore();
        this.marker(this.timeline.bound, "at best", this.palette.bound);
    }

    private grid(): void {
        const { context, view, palette } = this;
        const step = tickStep(view.until - view.from, (view.width - GUTTER) / 110);
        for (let time = Math.ceil(view.from / step) * step; time <= view.until; time += step) {
            const x = Math.round(this.x(time)) + 0.5;
            context.strokeStyle = palette.grid;
            context.beginPath();
            context.moveTo(x, AXIS);
            context.lineTo(x, view.height);
            context.stroke();
            // The marker's words are to be read, and a number below them is not.
            if (this.timeline.bound > 0 && Math.abs(x - this.x(this.timeline.bound)) < 70) continue;
            context.fillStyle = palette.quiet;
            context.textAlign = x > view.width - 40 ? "right" : "center";
            context.fillText(duration(time), Math.min(x, view.width - 2), AXIS / 2);
        }
    }

    private curve(): void {
        const { context, view, palette, timeline } = this;
        const slots = Math.max(1, timeline.lanes.filter((lane) => lane.slot >= 0).length);
        const count = Math.max(1, Math.floor(view.width - GUTTER));
        const { busy, up } = utilisation(timeline.lanes, view.from, view.until, count);
        const bottom = AXIS + CURVE - 4;
        const scale = (CURVE - 10) / slots;
        const area = (values: Float64Array, colour: string) => {
            context.fillStyle = colour;
            for (let i = 0; i < count; ++i) {
                const height = values[i] * scale;
                if (height > 0) context.fillRect(GUTTER + i, bottom - height, 1, height);
            }
        };
        area(up, palette.idle);
        area(busy, palette.batch);
        context.fillStyle = palette.quiet;
        context.textAlign = "right";
        context.fillText(`busy of ${slots}`, GUTTER - 8, bottom - (CURVE - 10) / 2);
    }

    private lane(lane: Lane, index: number, chosen: number): void {
        const { context, view, palette } = this;
        const top = AXIS + CURVE + index * view.laneHeight - view.scroll;
        const pad = view.laneHeight >= 14 ? 2 : view.laneHeight >= 6 ? 1 : 0;
        const height = Math.max(1, view.laneHeight - 2 * pad);
        const y = top + pad;
        const lastLane = Math.max(1, Math.ceil(14 / view.laneHeight));
        if (index % lastLane === 0) {
            context.fillStyle = palette.quiet;
            context.textAlign = "right";
            context.fillText(lane.title, GUTTER - 8, y + height / 2);
        }
        context.save();
        context.beginPath();
        context.rect(GUTTER, 0, view.width - GUTTER, view.height);
        context.clip();
        for (const span of lane.spans) if (span.kind === "idle") this.span(span, y, height);
        for (const span of lane.spans) if (span.kind !== "idle") this.span(span, y, height);
        this.tests(lane, y, height, chosen);
        for (const loss of lane.losses) this.loss(loss.at, y, height);
        context.restore();
    }

    private span(span: Span, y: number, height: number): void {
        const { context, palette, view } = this;
        if (span.until < view.from || span.from > view.until) return;
        const x = this.x(span.from);
        const width = Math.max(1, this.x(span.until) - x);
        if (span.kind === "idle" || span.kind === "destruction") {
            const line = Math.max(1, Math.min(4, height / 4));
            context.fillStyle = span.kind === "idle" ? palette.idle : palette.creation;
            context.fillRect(x, y + (height - line) / 2, width, line);
            return;
        }
        if (span.kind === "creation") return this.hatched(x, y, width, height);
        context.fillStyle = palette[span.kind];
        context.fillRect(x, y, width, height);
        if (span.kind === "discovery" && width > LABELLED && height >= 12) {
            const { discoveries, run } = this.report.raw;
            this.label(run.groups[discoveries.group[span.place]] ?? "", x, y, width, height, palette.text);
        }
    }

    private hatched(x: number, y: number, width: number, height: number): void {
        const { context, palette } = this;
        context.save();
        context.beginPath();
        context.rect(x, y, width, height);
        context.clip();
        context.strokeStyle = palette.creation;
        context.lineWidth = 1.5;
        context.strokeRect(x, y, width, height);
        const from = Math.max(x, 0);
        const until = Math.min(x + width, this.view.width);
        context.beginPath();
        for (let at = from - height; at < until; at += 6) {
            context.moveTo(at, y + height);
            context.lineTo(at + height, y);
        }
        context.stroke();
        context.restore();
    }

    private tests(lane: Lane, y: number, height: number, chosen: number): void {
        const { context, view, palette, report } = this;
        const { start, end, outcome, test } = report.raw.attempts;
        const inset = height >= 10 ? 2 : 0;
        let painted = -Infinity;
        for (const attempt of lane.tests) {
            if (end[attempt]! < view.from) continue;
            if (start[attempt]! > view.until) break;
            const x = this.x(start[attempt]!);
            const until = this.x(end[attempt]!);
            const failed = isFailure(report, attempt);
            if (until < painted + 0.7 && !failed && test[attempt] !== chosen) continue;
            const left = failed ? x : Math.max(x, painted);
            // A gap between neighbours, where there is room for one.
            const width = Math.max(1, until - left - (until - x > 4 ? 1 : 0));
            const status = statusOfOutcome(outcome[attempt]);
            context.fillStyle = palette.status[status];
            context.fillRect(left, y + inset, width, height - 2 * inset);
            if (test[attempt] === chosen) {
                context.strokeStyle = palette.chosen;
                context.lineWidth = 2;
                context.strokeRect(left, y, width, height);
            }
            if (width > LABELLED && height >= 12) {
                const id = report.raw.tests.id[test[attempt]];
                this.label(id.slice(id.lastIndexOf("::") + 1).replace(/^:/, ""), left, y, width, height,
                    palette.statusText[status]);
            }
            painted = left + width;
        }
    }

    private label(text: string, x: number, y: number, width: number, height: number, colour: string) {
        const { context, view } = this;
        const left = Math.max(x, GUTTER) + 4;
        const room = Math.min(x + width, view.width) - left - 4;
        const most = Math.floor(room / 6.2);
        if (most < 4) return;
        // eslint-disable-next-line no-control-regex
        const clean = text.slice(0, 200).replace(/[^\u0020-\u007e\u00a1-\u024f]/g, "\u00b7");
        context.fillStyle = colour;
        context.textAlign = "left";
        context.fillText(clean.length > most ? `${clean.slice(0, most - 1)}\u2026` : clean, left, y + height / 2);
    }

    private loss(at: number, y: number, height: number): void {
        const { context, palette, view } = this;
        if (at < view.from || at > view.until) return;
        const x = this.x(at);
        const size = Math.min(6, Math.max(3, height / 2));
        const middle = y + height / 2;
        context.lineWidth = 5;
        for (const colour of [palette.surface, palette.loss]) {
            context.strokeStyle = colour;
            context.beginPath();
            context.moveTo(x - size, middle - size);
            context.lineTo(x + size, middle + size);
            context.moveTo(x + size, middle - size);
            context.lineTo(x - size, middle + size);
            context.stroke();
            context.lineWidth = 2;
        }
    }

    private marker(time: number, word: string, colour: string): void {
        const { context, view, palette } = this;
        if (time <= 0 || time < view.from || time > view.until) return;
        const x = Math.round(this.x(time)) + 0.5;
        context.strokeStyle = colour;
        context.lineWidth = 2;
        context.setLineDash([6, 4]);
        context.beginPath();
        context.moveTo(x, AXIS - 4);
        context.lineTo(x, view.height);
        context.stroke();
        context.setLineDash([]);
        context.lineWidth = 1;
        const text = `${word} ${duration(time)}`;
        const width = context.measureText(text).width + 12;
        const left = Math.min(Math.max(x - width / 2, GUTTER), view.width - width);
        context.fillStyle = colour;
        context.fillRect(left, 3, width, AXIS - 7);
        context.fillStyle = palette.surface;
        context.textAlign = "center";
        context.fillText(text, left + width / 2, 3 + (AXIS - 7) / 2);
    }
}
