// What is shown, kept in the URL's fragment: a link to a report shows what its sender saw.

export type ViewName = "tests" | "timeline" | "slowest" | "flaky" | "run";
export const VIEWS: ViewName[] = ["tests", "timeline", "slowest", "flaky", "run"];
export type Grouping = "file" | "group" | "status" | "none";
export type Order = "urgency" | "duration" | "name" | "discovery";

export interface ViewState {
    view: ViewName;
    filter: string;
    statuses: number[]; // empty: all
    by: Grouping;
    order: Order;
    test: string; // the selected test's ID
}

export const GROUPINGS: Grouping[] = ["file", "group", "status", "none"];
export const ORDERS: Order[] = ["urgency", "duration", "name", "discovery"];

const DEFAULTS: ViewState = {
    view: "tests",
    filter: "",
    statuses: [],
    by: "file",
    order: "urgency",
    test: "",
};

export function parseState(hash: string): ViewState {
    const parameters = new URLSearchParams(hash.replace(/^#/, ""));
    const one = <T extends string>(key: string, allowed: readonly T[], otherwise: T): T => {
        const value = parameters.get(key) as T | null;
        return value !== null && allowed.includes(value) ? value : otherwise;
    };
    return {
        view: one("view", VIEWS, DEFAULTS.view),
        filter: parameters.get("filter") ?? "",
        statuses: (parameters.get("status") ?? "")
            .split(",")
            .filter((word) => /^[0-6]$/.test(word))
            .map(Number),
        by: one("by", GROUPINGS, DEFAULTS.by),
        order: one("order", ORDERS, DEFAULTS.order),
        test: parameters.get("test") ?? "",
    };
}

export function formatState(state: ViewState): string {
    const parameters = new URLSearchParams();
    const put = (key: string, value: string, otherwise: string) => {
        if (value !== otherwise) parameters.set(key, value);
    };
    put("view", state.view, DEFAULTS.view);
    put("filter", state.filter, "");
    put("status", state.statuses.join(","), "");
    put("by", state.by, DEFAULTS.by);
    put("order", state.order, DEFAULTS.order);
    put("test", state.test, "");
    return `#${parameters.toString()}`;
}
