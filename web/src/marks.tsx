// Small pieces that several views use.
import { OUTCOMES, Report, STATUSES } from "./data";
import { visibleLine } from "./text";

const SIGNS = ["\u2713", "\u21bb", "\u2013", "\u2717", "!", "\u25cb", "\u2026"];

/** Shape and colour tell a status, so that neither is needed alone. */
export function StatusSign({ status }: { status: number }) {
    return (
        <span class={`sign status-${status}`} aria-hidden="true">
            {SIGNS[status]}
        </span>
    );
}

export function StatusWord({ status }: { status: number }) {
    return (
        <span class={`word status-${status}`}>
            <StatusSign status={status} />
            {STATUSES[status]}
        </span>
    );
}

const STATUS_OF_OUTCOME = [0, 2, 3, 4];

export function statusOfOutcome(outcome: number): number {
    return STATUS_OF_OUTCOME[outcome];
}

export function OutcomeSign({ outcome }: { outcome: number }) {
    return (
        <>
            <StatusSign status={statusOfOutcome(outcome)} />
            <span class="unseen">{OUTCOMES[outcome]}</span>
        </>
    );
}

/** What became of a test in the kept runs, the oldest first; nothing where it was not in any. */
export function EarlierRuns({ report, test }: { report: Report; test: number }) {
    const { runs } = report.raw.history;
    return (
        <span class="earlier">
            {report
                .earlierStatuses(test)
                .map((status, i) => {
                    const word = status < 0 ? "not run" : STATUSES[status];
                    const date = new Date(runs[i][1] * 1000).toLocaleString();
                    return (
                        <span key={i} title={`${word} in run ${visibleLine(runs[i][0])}, ${date}`}>
                            {status < 0 ? (
                                <span class="sign absent" aria-hidden="true">
                                    {"\u00b7"}
                                </span>
                            ) : (
                                <StatusSign status={status} />
                            )}
                            <span class="unseen">{word} </span>
                        </span>
                    );
                })
                .reverse()}
        </span>
    );
}

/** A text of the run's in one line, kept from touching what stands beside it. */
export function Line({ text, class: name = "" }: { text: string; class?: string }) {
    const shown = visibleLine(text);
    return (
        <bdi class={name} dir="ltr" title={shown}>
            {shown}
        </bdi>
    );
}

export function TestLink({
    report,
    test,
    open,
}: {
    report: Report;
    test: number;
    open: (test: number) => void;
}) {
    return (
        <button type="button" class="link" onClick={() => open(test)}>
            <Line text={report.raw.tests.id[test]} />
        </button>
    );
}

/** The head of a table; figures stand to the right, as their column does. */
export function TableHead({ columns, figures }: { columns: string[]; figures: string[] }) {
    return (
        <thead>
            <tr>
                {columns.map((name) => (
                    <th key={name} scope="col">
                        {name}
                    </th>
                ))}
                {figures.map((name) => (
                    <th key={name} scope="col" class="number">
                        {name}
                    </th>
                ))}
            </tr>
        </thead>
    );
}
