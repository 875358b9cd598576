// Tests that failed and then passed, in this run or in one before it.
import { FLAKY, OUTCOME_FAILED, Report } from "./data";
import { EarlierRuns, Line, OutcomeSign, StatusWord, TableHead, TestLink } from "./marks";
import { duration, plural } from "./text";

const SHOWN = 1000;

interface ListProps {
    report: Report;
    open: (test: number) => void;
}

function flakyTests(report: Report): number[] {
    const found: number[] = [];
    report.raw.tests.status.forEach((status, test) => {
        if (status === FLAKY) found.push(test);
    });
    return found.sort((a, b) => report.attemptsOf(b).length - report.attemptsOf(a).length || a - b);
}

function timesFlaky(report: Report, test: number): number {
    return report.earlierStatuses(test).filter((status) => status === FLAKY).length;
}

/** Those that were flaky most often first. */
function flakyBefore(report: Report): number[] {
    return [...report.history.keys()]
        .filter((test) => report.raw.tests.status[test] !== FLAKY && timesFlaky(report, test) > 0)
        .sort((a, b) => timesFlaky(report, b) - timesFlaky(report, a) || a - b);
}

function firstFailure(report: Report, test: number): string {
    for (const attempt of report.attemptsOf(test)) {
        if (report.raw.attempts.outcome[attempt] >= OUTCOME_FAILED) {
            return report.messages.get(attempt) ?? "";
        }
    }
    return "";
}

function FlakyNow({ report, open, tests }: ListProps & { tests: number[] }) {
    if (tests.length === 0) {
        return <p class="remark">No test of this run failed first and passed later.</p>;
    }
    const history = report.raw.history.runs.length > 0;
    const columns = ["Test", "Attempts", ...(history ? ["Earlier runs"] : []), "What failed first"];
    return (
        <section>
            <h2>{plural(tests.length, "test")} passed only on retry</h2>
            <table>
                <TableHead columns={columns} figures={["Time"]} />
                <tbody>
                    {tests.slice(0, SHOWN).map((test) => (
                        <tr key={test}>
                            <td class="wide">
                                <TestLink report={report} test={test} open={open} />
                            </td>
                            <td class="signs">
                                {Array.from(report.attemptsOf(test), (attempt) => (
                                    <OutcomeSign
                                        key={attempt}
                                        outcome={report.raw.attempts.outcome[attempt]}
                                    />
                                ))}
                            </td>
                            {history ? (
                                <td class="signs">
                                    <EarlierRuns report={report} test={test} />
                                </td>
                            ) : null}
                            <td class="wide">
                                <Line text={firstFailure(report, test)} />
                            </td>
                            <td class="number">{duration(report.duration[test])}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
            {tests.length > SHOWN ? (
                <p class="remark">
                    … and {plural(tests.length - SHOWN, "more", "more")}: the list of tests has all of
                    them.
                </p>
            ) : null}
        </section>
    );
}

function FlakyBefore({ report, open, tests }: ListProps & { tests: number[] }) {
    if (tests.length === 0) return null;
    return (
        <section>
            <h2>{plural(tests.length, "test")} flaky in earlier runs</h2>
            <table>
                <TableHead columns={["Test", "Earlier runs", "This run"]} figures={["Flaky"]} />
                <tbody>
                    {tests.slice(0, SHOWN).map((test) => (
                        <tr key={test}>
                            <td class="wide">
                                <TestLink report={report} test={test} open={open} />
                            </td>
                            <td class="signs">
                                <EarlierRuns report={report} test={test} />
                            </td>
                            <td>
                                <StatusWord status={report.raw.tests.status[test]} />
                            </td>
                            <td class="number">{plural(timesFlaky(report, test), "time")}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
    );
}

function Unread({ report }: { report: Report }) {
    const { runs, unread } = report.raw.history;
    if (unread === 0) return null;
    return (
        <p class="remark">
            {runs.length > 0
                ? `Of the kept runs, ${plural(unread, "older one was", "older ones were")} not read`
                : `What ${plural(unread, "kept run tells", "kept runs tell")} was not read`}
            , so that the run did not have to wait: <code>offload report</code> reads all of them.
        </p>
    );
}

export function FlakyView({ report, open }: ListProps) {
    return (
        <>
            <FlakyNow report={report} open={open} tests={flakyTests(report)} />
            <FlakyBefore report={report} open={open} tests={flakyBefore(report)} />
            <Unread report={report} />
        </>
    );
}
