// Terminal output as styled pieces of text: SGR colours (ECMA-48, 8.3.117) are kept, every other
// escape sequence is left out. The result is data; who shows it puts it into text nodes.

export interface Style {
    /** 0 … 15 name the theme's colours, a string is a CSS colour. */
    foreground?: number | string | undefined;
    background?: number | string | undefined;
    bold?: boolean | undefined;
    dim?: boolean | undefined;
    italic?: boolean | undefined;
    underline?: boolean | undefined;
    inverse?: boolean | undefined;
    strike?: boolean | undefined;
}

export interface Piece {
    text: string;
    style: Style | null; // null: as the surroundings
}

// CSI, OSC and the other string sequences up to their end, and escapes of two or three characters.
// A sequence whose end is missing is taken to the end of its line, so that nothing after it is lost.
const SEQUENCE =
    // eslint-disable-next-line no-control-regex
    /\u001b\[([0-?]*)[ -/]*([@-~])|\u009b([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]/g;

function paletteColour(index: number): number | string | undefined {
    if (!(index >= 0 && index <= 255)) return undefined;
    if (index < 16) return index;
    if (index >= 232) {
        const grey = 8 + 10 * (index - 232);
        return `rgb(${grey},${grey},${grey})`;
    }
    const level = (value: number) => (value === 0 ? 0 : 55 + 40 * value);
    const cube = index - 16;
    const [red, green, blue] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
    return `rgb(${level(red)},${level(green)},${level(blue)})`;
}

/** What follows 38 or 48: the colour, and how many numbers it took. */
function extendedColour(codes: number[], at: number): [number | string | undefined, number] {
    if (codes[at] === 5) return [paletteColour(codes[at + 1]), 2];
    if (codes[at] !== 2) return [undefined, 1];
    const parts = codes.slice(at + 1, at + 4);
    const valid = parts.length === 3 && parts.every((part) => part >= 0 && part <= 255);
    return [valid ? `rgb(${parts.join(",")})` : undefined, 4];
}

function applyCode(style: Style, code: number): void {
    if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = undefined;
    else if (code === 23) style.italic = undefined;
    else if (code === 24) style.underline = undefined;
    else if (code === 27) style.inverse = undefined;
    else if (code === 29) style.strike = undefined;
    else if (code >= 30 && code <= 37) style.foreground = code - 30;
    else if (code === 39) style.foreground = undefined;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code === 49) style.background = undefined;
    else if (code >= 90 && code <= 97) style.foreground = code - 82;
    else if (code >= 100 && code <= 107) style.background = code - 92;
}

function applied(style: Style | null, parameters: string): Style | null {
    const codes = parameters.split(/[;:]/).map((part) => (part === "" ? 0 : Number(part)));
    let next: Style = { ...style };
    for (let i = 0; i < codes.length; ++i) {
        const code = codes[i];
        if (code === 0) {
            next = {};
        } else if (code === 38 || code === 48) {
            const [colour, taken] = extendedColour(codes, i + 1);
            if (code === 38) next.foreground = colour;
            else next.background = colour;
            i += taken;
        } else {
            applyCode(next, code);
        }
    }
    return Object.values(next).some((value) => value !== undefined) ? next : null;
}

/**
 * At most `limit` pieces with a style of their own: what comes after them is shown plain, because
 * text that changes colour with each character is made to slow its reader down.
 */
export function parseAnsi(text: string, limit = 5000): Piece[] {
    const pieces: Piece[] = [];
    let style: Style | null = null;
    let from = 0;
    const add = (until: number) => {
        if (until === from) return;
        const part = text.slice(from, until);
        const last = pieces[pieces.length - 1];
        const shown = pieces.length < limit ? style : null;
        if (last && (last.style === shown || (last.style === null && shown === null))) {
            last.text += part;
        } else {
            pieces.push({ text: part, style: shown });
        }
    };
    for (const match of text.matchAll(SEQUENCE)) {
        add(match.index);
        from = match.index + match[0].length;
        const [, parameters, final, parameters8, final8] = match;
        if (final === "m" || final8 === "m") style = applied(style, parameters ?? parameters8 ?? "");
    }
    add(text.length);
    return pieces;
}

export function plainText(text: string): string {
    return text.replace(SEQUENCE, "");
}
