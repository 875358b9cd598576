// Tabs as ARIA's authoring practices describe them: arrows move, the chosen one is in the tab order.
import { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

export interface Tab<Key> {
    key: Key;
    label: ComponentChildren;
}

interface Props<Key> {
    name: string; // for IDs
    label: string;
    tabs: Tab<Key>[];
    chosen: Key;
    choose: (key: Key) => void;
}

export function TabList<Key extends string | number>({
    name,
    label,
    tabs,
    chosen,
    choose,
}: Props<Key>) {
    const list = useRef<HTMLDivElement>(null);
    const pressed = (event: KeyboardEvent) => {
        const at = tabs.findIndex((tab) => tab.key === chosen);
        const targets: Record<string, number> = {
            ArrowRight: (at + 1) % tabs.length,
            ArrowLeft: (at + tabs.length - 1) % tabs.length,
            Home: 0,
            End: tabs.length - 1,
        };
        const target = targets[event.key];
        if (target === undefined) return;
        event.preventDefault();
        choose(tabs[target].key);
        (list.current!.children[target] as HTMLElement).focus();
    };
    return (
        <div class={`tabs ${name}-tabs`} role="tablist" aria-label={label} ref={list} onKeyDown={pressed}>
            {tabs.map((tab) => (
                <button
                    type="button"
                    role="tab"
                    key={tab.key}
                    id={`${name}-tab-${tab.key}`}
                    aria-selected={tab.key === chosen}
                    aria-controls={`${name}-panel`}
                    tabIndex={tab.key === chosen ? 0 : -1}
                    onClick={() => choose(tab.key)}
                >
                    {tab.label}
                </button>
            ))}
        </div>
    );
}

export function TabPanel({
    name,
    chosen,
    children,
}: {
    name: string;
    chosen: string | number;
    children: ComponentChildren;
}) {
    return (
        <div
            class={`panel ${name}-panel`}
            role="tabpanel"
            id={`${name}-panel`}
            aria-labelledby={`${name}-tab-${chosen}`}
            tabIndex={0}
        >
            {children}
        </div>
    );
}
