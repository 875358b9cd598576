// Words and numbers as people read them.

export function duration(milliseconds: number): string {
    if (milliseconds < 1) return milliseconds > 0 ? "<1 ms" : "0 ms";
    if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
    const whole = Math.round(seconds);
    const two = (value: number) => String(value).padStart(2, "0");
    if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
    const minutes = Math.round(seconds / 60);
    return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
}

export function bytes(count: number): string {
    if (count < 1024) return plural(count, "byte");
    if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
    return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

export function grouped(count: number): string {
    return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function plural(count: number, one: string, many = `${one}s`): string {
    return `${grouped(count)} ${count === 1 ? one : many}`;
}

export function percent(part: number, whole: number): string {
    return whole > 0 ? `${Math.round((100 * part) / whole)} %` : "0 %";
}

// Controls, and the characters that change the direction or the look of what surrounds them.
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
// eslint-disable-next-line no-control-regex
const HIDDEN_IN_LINE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function token(character: string): string {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code); // the pictures of controls
    if (code === 0x7f) return "\u2421";
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/** Nothing in it is invisible or can reorder its surroundings; lines and tabs stay. */
export function visible(text: string): string {
    return text.replace(/\r\n/g, "\n").replace(HIDDEN, token);
}

/** The same for what stands in one line. */
export function visibleLine(text: string): string {
    return text.replace(HIDDEN_IN_LINE, token);
}
