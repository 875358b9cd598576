const shelves = new Map<string, number>();

export function deliver(name: string, count: number): void {
    shelves.set(name, (shelves.get(name) ?? 0) + count);
}

export function take(name: string): void {
    const left = shelves.get(name) ?? 0;
    if (left === 0) throw new Error(`no ${name} in stock`);
    shelves.set(name, left - 1);
}
