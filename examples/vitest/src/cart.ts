export interface Line {
    name: string;
    count: number;
    price: number;
}

export function total(lines: Line[]): number {
    return lines.reduce((sum, line) => sum + line.count * line.price, 0);
}

// The lines that a search finds: all whose name holds the text.
export function search(lines: Line[], text: string): Line[] {
    return lines.filter((line) => line.name.includes(text));
}
