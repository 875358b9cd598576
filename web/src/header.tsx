// What came of the run, in a line and a bar.
import { BY_URGENCY, Report, STATUSES } from "./data";
import { Line, StatusSign } from "./marks";
import { duration, grouped, plural, visible } from "./text";

export interface Verdict {
    kind: "passed" | "flaky" | "failed" | "unfinished";
    text: string;
}

export function verdictOf(report: Report): Verdict {
    const { run } = report.raw;
    if (!run.finished) return { kind: "unfinished", text: "Did not come to its end" };
    if (run.interruptedBy) return { kind: "failed", text: `Interrupted by ${run.interruptedBy}` };
    if (run.exitStatus === 0) {
        return report.counts[1] > 0
            ? { kind: "flaky", text: "Passed, some on retry" }
            : { kind: "passed", text: "Passed" };
    }
    const bad = report.counts[3] + report.counts[4] + report.counts[5];
    if (bad === 0 && !run.failure && report.counts[1] > 0) return { kind: "flaky", text: "Flaky" };
    return { kind: "failed", text: "Failed" };
}

function CountsBar({ report }: { report: Report }) {
    const parts = BY_URGENCY.filter((status) => report.counts[status] > 0);
    const told = parts.map((status) => `${report.counts[status]} ${STATUSES[status]}`).join(", ");
    return (
        <div class="bar" role="img" aria-label={`Of ${plural(report.count, "test")}: ${told}`}>
            {parts.map((status) => (
                <span
                    key={status}
                    class={`part status-${status}`}
                    style={{ flexGrow: String(report.counts[status]) }}
                />
            ))}
        </div>
    );
}

export function dateOf(report: Report): string {
    return new Date(report.raw.run.started * 1000).toLocaleString(undefined, {
        dateStyle: "medium",
        timeStyle: "short",
    });
}

function Time({ report }: { report: Report }) {
    const { run } = report.raw;
    const bound = report.lowerBound();
    return (
        <div class="fact">
            <span class="value">{duration(run.wall)}</span>
            <span class="quiet">
                {run.finished && bound >= 500
                    ? `at best ${duration(bound)} with ${plural(run.slots, "sandbox", "sandboxes")}`
                    : run.finished
                      ? `with ${plural(run.slots, "sandbox", "sandboxes")}`
                      : "until the journal ends"}
            </span>
        </div>
    );
}

export function Header({
    report,
    theme,
    changeTheme,
}: {
    report: Report;
    theme: string;
    changeTheme: () => void;
}) {
    const { run } = report.raw;
    const verdict = verdictOf(report);
    const about = [run.framework, run.provider && `on ${run.provider}`].filter(Boolean).join(" ");
    return (
        <header class="top">
            <div class="headline-row">
                <h1 class={`verdict ${verdict.kind}`}>{verdict.text}</h1>
                <p class="about">
                    <Line text={run.config ?? "offload.toml"} />
                    <span>{visible(about)}</span>
                    <span>{dateOf(report)}</span>
                    {run.branch ? <Line text={run.branch} /> : null}
                    {run.commit ? (
                        <code title={run.commit}>{run.commit.slice(0, 10)}</code>
                    ) : null}
                </p>
                <button type="button" class="theme" onClick={changeTheme}>
                    {theme === "dark" ? "Light" : "Dark"}
                    <span class="unseen"> colours</span>
                </button>
            </div>
            {run.failure ? <p class="cause run-failure">{visible(run.failure)}</p> : null}
            {run.finished ? null : (
                <p class="cause run-failure">
                    The run was killed, or still goes on: this is what its journal tells so far.
                </p>
            )}
            <div class="figures">
                <div class="fact">
                    <span class="value">{grouped(report.count)}</span>
                    <span class="quiet">{report.count === 1 ? "test" : "tests"}</span>
                </div>
                {BY_URGENCY.filter((status) => report.counts[status] > 0).map((status) => (
                    <div class={`fact status-${status}`} key={status}>
                        <span class="value">
                            <StatusSign status={status} />
                            {grouped(report.counts[status])}
                        </span>
                        <span class="quiet">{STATUSES[status]}</span>
                    </div>
                ))}
                {report.carried > 0 ? (
                    <div class="fact" title="Not run this time: they stand as earlier runs left them">
                        <span class="value">{grouped(report.carried)}</span>
                        <span class="quiet">carried over</span>
                    </div>
                ) : null}
                <Time report={report} />
            </div>
            <CountsBar report={report} />
        </header>
    );
}
