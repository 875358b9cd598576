// Tests that failed and then passed.
import { FLAKY, OUTCOME_FAILED, Report } from "./data";
import { Line, OutcomeSign, TableHead, TestLink } from "./marks";
import { duration, plural } from "./text";

const SHOWN = 1000;

function flakyTests(report: Report): number[] {
    const found: number[] = [];
    report.raw.tests.status.forEach((status, test) => {
        if (status === FLAKY) found.push(test);
    });
    return found.sort((a, b) => report.attemptsOf(b).length - report.attemptsOf(a).length || a - b);
}

function firstFailure(report: Report, test: number): string {
    for (const attempt of report.attemptsOf(test)) {
        if (report.raw.attempts.outcome[attempt] >= OUTCOME_FAILED) {
            return report.messages.get(attempt) ?? "";
        }
    }
    return "";
}

export function FlakyView({ report, open }: { report: Report; open: (test: number) => void }) {
    const tests = flakyTests(report);
    if (tests.length === 0) {
        return <p class="remark">No test of this run failed first and passed later.</p>;
    }
    return (
        <section>
            <h2>{plural(tests.length, "test")} passed only on retry</h2>
            <table>
                <TableHead columns={["Test", "Attempts", "What failed first"]} figures={["Time"]} />
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
