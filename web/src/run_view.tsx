// What the run was: its configuration, versions, discovery, and what it had to say.
import { ComponentChildren } from "preact";
import { parseAnsi } from "./ansi";
import { Report } from "./data";
import { dateOf } from "./header";
import { Line, TableHead } from "./marks";
import { duration, plural, visible } from "./text";

const SEVERITIES = ["note", "warning", "error", "note"];

function Facts({ facts }: { facts: [string, ComponentChildren][] }) {
    return (
        <dl class="table">
            {facts
                .filter(([, value]) => value !== undefined && value !== "")
                .map(([name, value]) => (
                    <div key={name}>
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                ))}
        </dl>
    );
}

function Discovery({ report }: { report: Report }) {
    const { group, tests, start, end, command } = report.raw.discoveries;
    if (group.length === 0) return null;
    return (
        <section>
            <h2>Discovery</h2>
            <table>
                <TableHead columns={["Group", "Command"]} figures={["Tests", "Time"]} />
                <tbody>
                    {group.map((each, i) => (
                        <tr key={i}>
                            <td>
                                <Line text={report.raw.run.groups[each] ?? String(each)} />
                            </td>
                            <td class="wide">
                                <code>
                                    <Line text={command[i]} />
                                </code>
                            </td>
                            <td class="number">{tests[i]}</td>
                            <td class="number">
                                {end[i] === null ? "did not end" : duration(end[i]! - start[i])}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </section>
    );
}

function Unknown({ report }: { report: Report }) {
    const { unknown, unknownResults } = report.raw.run;
    if (unknown.length === 0) return null;
    return (
        <section>
            <h2>{plural(unknownResults, "result")} of no collected test</h2>
            <ul>
                {unknown.map(([name, outcome, closest], i) => (
                    <li key={i}>
                        <Line text={name} /> ({outcome})
                        {closest ? (
                            <>
                                ; nearest is <Line text={closest} />
                            </>
                        ) : null}
                    </li>
                ))}
            </ul>
        </section>
    );
}

export function RunView({ report }: { report: Report }) {
    const { run } = report.raw;
    const sandboxes = report.raw.sandboxes;
    const lost = sandboxes.trouble.length;
    return (
        <div class="run">
            <section>
                <h2>The run</h2>
                <Facts
                    facts={[
                        ["Run", run.id],
                        ["Started", dateOf(report)],
                        ["Took", duration(run.wall)],
                        ["Config", run.config && <Line text={run.config} />],
                        ["Commit", run.commit && <code>{run.commit}</code>],
                        ["Branch", run.branch && <Line text={run.branch} />],
                        ["Framework", run.framework],
                        ["Provider", run.provider],
                        ["Groups", run.groups.map(visible).join(", ")],
                        [
                            "Parallelism",
                            `${plural(sandboxes.number.length, "sandbox", "sandboxes")} made, at most ` +
                                `${run.parallel} at once` +
                                (lost > 0 ? `; trouble with ${lost}` : ""),
                        ],
                        [
                            "Verdicts",
                            run.perTest
                                ? "from each test's own result"
                                : "from the exit status of each batch",
                        ],
                        [
                            "Durations",
                            run.durationsKnown
                                ? "known from earlier runs"
                                : "not known before: the next run will be faster",
                        ],
                        ["Exit status", run.exitStatus],
                        ["Offload", run.version],
                        [
                            "Journal",
                            run.damagedLines > 0
                                ? `${plural(run.damagedLines, "line")} could not be read`
                                : "",
                        ],
                    ]}
                />
            </section>
            <Discovery report={report} />
            {run.notices.length > 0 ? (
                <section>
                    <h2>Notices</h2>
                    <ul class="notices">
                        {run.notices.map(([severity, text], i) => (
                            <li key={i} class={SEVERITIES[severity]}>
                                <strong>{SEVERITIES[severity]}</strong> {visible(text)}
                            </li>
                        ))}
                    </ul>
                </section>
            ) : null}
            <Unknown report={report} />
            {run.runnerReport ? (
                <section class="output">
                    <h2 id="runner-report">The runner’s report</h2>
                    <pre tabIndex={0} role="region" aria-labelledby="runner-report">
                        {parseAnsi(run.runnerReport).map((piece) => visible(piece.text))}
                    </pre>
                </section>
            ) : null}
            {sandboxes.trouble.length > 0 ? (
                <section>
                    <h2>Sandboxes in trouble</h2>
                    <ul>
                        {sandboxes.trouble.map(([place, text]) => (
                            <li key={place}>
                                <Line text={sandboxes.id[place] || `number ${sandboxes.number[place]}`} />:{" "}
                                {visible(text)}
                                {sandboxes.leaked[place] ? " It may still exist." : ""}
                            </li>
                        ))}
                    </ul>
                </section>
            ) : null}
        </div>
    );
}
