// Where the time goes: the slowest tests and files.
import { useMemo } from "preact/hooks";
import { Report } from "./data";
import { Line, StatusWord, TableHead, TestLink } from "./marks";
import { groupTests, sortTests } from "./rows";
import { duration, grouped, percent } from "./text";

const SHOWN = 50;

function Bar({ part, whole }: { part: number; whole: number }) {
    return (
        <span class="meter" aria-hidden="true">
            <span style={{ width: `${whole > 0 ? (100 * part) / whole : 0}%` }} />
        </span>
    );
}

export function SlowestView({ report, open }: { report: Report; open: (test: number) => void }) {
    const { tests, files, work } = useMemo(() => {
        const all = Array.from({ length: report.count }, (_, test) => test);
        const byFile = groupTests(report, all, "file").sort((a, b) => b.duration - a.duration);
        return {
            tests: sortTests(report, all, "duration").slice(0, SHOWN),
            files: byFile.slice(0, SHOWN),
            work: report.duration.reduce((sum, each) => sum + each, 0),
        };
    }, [report]);
    return (
        <div class="pair">
            <section>
                <h2>Slowest tests</h2>
                <table>
                    <TableHead columns={["Test", "Result"]} figures={["Attempts", "Time"]} />
                    <tbody>
                        {tests.map((test) => (
                            <tr key={test}>
                                <td class="wide">
                                    <TestLink report={report} test={test} open={open} />
                                    <Bar part={report.duration[test]} whole={report.duration[tests[0]]} />
                                </td>
                                <td>
                                    <StatusWord status={report.raw.tests.status[test]} />
                                </td>
                                <td class="number">{report.attemptsOf(test).length}</td>
                                <td class="number">{duration(report.duration[test])}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </section>
            <section>
                <h2>Slowest files</h2>
                <table>
                    <TableHead columns={["File"]} figures={["Tests", "Share", "Time"]} />
                    <tbody>
                        {files.map((file) => (
                            <tr key={file.key}>
                                <td class="wide">
                                    <Line text={file.title} />
                                    <Bar part={file.duration} whole={files[0].duration} />
                                </td>
                                <td class="number">{grouped(file.tests.length)}</td>
                                <td class="number">{percent(file.duration, work)}</td>
                                <td class="number">{duration(file.duration)}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </section>
        </div>
    );
}
