// One test: its attempts as tabs, and what each of them said.
import { useState } from "preact/hooks";
import { parseAnsi, Style } from "./ansi";
import { NO_ROOM, OUTCOME_FAILED, OUTCOMES, Report, Text } from "./data";
import { EarlierRuns, Line, OutcomeSign, StatusWord } from "./marks";
import { TabList, TabPanel } from "./tabs";
import { bytes, duration, plural, visible } from "./text";

function colourOf(colour: number | string | undefined): string | undefined {
    return typeof colour === "number" ? `var(--ansi-${colour})` : colour;
}

/** A colour that was made for some terminal's background, moved to where it can be read on ours. */
function readable(colour: number | string | undefined): string | undefined {
    if (typeof colour !== "string" || colour.startsWith("var")) return colourOf(colour);
    return `color-mix(in srgb, ${colour} 45%, var(--text))`;
}

function styleOf(style: Style): Record<string, string | undefined> {
    const [front, back] = style.inverse
        ? [style.background ?? "var(--output)", style.foreground ?? "var(--text)"]
        : [style.foreground, style.background];
    const lines = [style.underline && "underline", style.strike && "line-through"];
    return {
        color: back === undefined ? readable(front) : colourOf(front),
        backgroundColor: colourOf(back),
        fontWeight: style.bold ? "bold" : undefined,
        fontStyle: style.italic ? "italic" : undefined,
        opacity: style.dim ? "0.75" : undefined,
        textDecoration: lines.filter(Boolean).join(" ") || undefined,
    };
}

function Styled({ text }: { text: string }) {
    return (
        <>
            {parseAnsi(text).map((piece, i) =>
                piece.style ? (
                    <span key={i} style={styleOf(piece.style)}>
                        {visible(piece.text)}
                    </span>
                ) : (
                    visible(piece.text)
                ),
            )}
        </>
    );
}

function Output({ title, text }: { title: string; text: Text | undefined }) {
    if (text === undefined) return null;
    const name = title.toLowerCase().replace(/\W+/g, "-");
    return (
        <section class="output">
            <h3 id={`output-of-${name}`}>{title}</h3>
            <pre dir="ltr" tabIndex={0} role="region" aria-labelledby={`output-of-${name}`}>
                {typeof text === "string" ? (
                    <Styled text={text} />
                ) : (
                    <>
                        <Styled text={text[0]} />
                        <span class="cut">{`\n\u2026 ${bytes(text[1])} left out of this report \u2026\n`}</span>
                        <Styled text={text[2]} />
                    </>
                )}
            </pre>
        </section>
    );
}

function asText(text: Text | undefined): string {
    return text === undefined || typeof text === "string" ? (text ?? "") : text[0] + text[2];
}

function AttemptFacts({ report, attempt }: { report: Report; attempt: number }) {
    const { attempts, batches, sandboxes } = report.raw;
    const batch = attempts.batch[attempt];
    const place = report.batchPlace.get(batch);
    const log = report.logOf(batch);
    const start = attempts.start[attempt];
    const sandbox = place === undefined ? -1 : sandboxes.number.indexOf(batches.sandbox[place]);
    return (
        <dl class="facts">
            <div>
                <dt>Took</dt>
                <dd>{duration(attempts.duration[attempt])}</dd>
            </div>
            {start === null ? null : (
                <div>
                    <dt>Began</dt>
                    <dd>{duration(start)} into the run</dd>
                </div>
            )}
            {sandbox < 0 ? null : (
                <div>
                    <dt>Sandbox</dt>
                    <dd>
                        <Line text={sandboxes.id[sandbox] || String(sandboxes.number[sandbox])} />
                    </dd>
                </div>
            )}
            {place === undefined ? null : (
                <div>
                    <dt>Batch</dt>
                    <dd>
                        {log ? <a href={log}>{`batch ${batch}, whole log`}</a> : batch}
                        {batches.how[place] ? <>, {visible(batches.how[place])}</> : null}
                    </dd>
                </div>
            )}
        </dl>
    );
}

function Attempt({ report, attempt }: { report: Report; attempt: number }) {
    const output = report.output(attempt);
    const details = asText(output?.details);
    const message = asText(output?.message);
    const type = asText(output?.type);
    // Most runners repeat the message in the traceback.
    const repeated = message !== "" && details.includes(message);
    return (
        <>
            <AttemptFacts report={report} attempt={attempt} />
            {type || message ? (
                <p class="cause">
                    {type && !message.startsWith(type) ? <strong>{visible(type)}</strong> : null}
                    {type && message && !message.startsWith(type) ? ": " : null}
                    {message ? (
                        <span class="message">{visible(repeated ? message.split("\n")[0] : message)}</span>
                    ) : null}
                </p>
            ) : null}
            <Output title="Traceback" text={output?.details} />
            <Output title="Standard output" text={output?.stdout} />
            <Output title="Standard error" text={output?.stderr} />
            {report.raw.attempts.output[attempt] === NO_ROOM ? (
                <p class="remark">
                    This report was full when the attempt ended, so that it has nothing of what was
                    printed. The batch’s log and <code>offload logs</code> have it.
                </p>
            ) : null}
            {output === null && report.raw.attempts.output[attempt] !== NO_ROOM ? (
                <p class="remark">It has printed nothing.</p>
            ) : null}
        </>
    );
}

function lastFailure(report: Report, attempts: Int32Array): number {
    for (let i = attempts.length; i-- > 0; ) {
        if (report.raw.attempts.outcome[attempts[i]] >= OUTCOME_FAILED) return i;
    }
    return attempts.length - 1;
}

function shellQuoted(text: string): string {
    return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

export function Details({ report, test }: { report: Report; test: number }) {
    const attempts = report.attemptsOf(test);
    const [chosen, choose] = useState(Math.max(0, lastFailure(report, attempts)));
    const at = Math.min(chosen, attempts.length - 1);
    const { number, outcome, duration: times } = report.raw.attempts;
    const id = report.raw.tests.id[test];
    const carriedFrom = report.carriedFrom(test);
    const running = report.raw.running.find(([which]) => which === test);
    return (
        <article class="details" aria-labelledby="details-title">
            <h2 id="details-title">
                <Line text={id} />
            </h2>
            <p class="about">
                <StatusWord status={report.raw.tests.status[test]} />
                {attempts.length > 0 ? <span>{duration(report.duration[test])}</span> : null}
                {report.file(test) ? (
                    <span>
                        file <Line text={report.file(test)} />
                    </span>
                ) : null}
                <span>
                    group <Line text={report.group(test)} />
                </span>
            </p>
            {carriedFrom === null ? null : (
                <p class="remark">
                    {carriedFrom
                        ? <>Not run this time: its result stands as run <Line text={carriedFrom} /> left it.</>
                        : "Not run this time, and no earlier run is known that has."}
                </p>
            )}
            {report.earlierStatuses(test).length > 0 ? (
                <p class="about">
                    <span>
                        Earlier runs, the last one to the right: <EarlierRuns report={report} test={test} />
                    </span>
                </p>
            ) : null}
            {report.reasons.has(test) ? <p class="cause">{visible(report.reasons.get(test)!)}</p> : null}
            {running ? (
                <p class="cause">
                    It was running for {duration(report.raw.run.end - running[2])} when the journal
                    ended.
                </p>
            ) : null}
            {attempts.length > 0 ? (
                <>
                    <TabList
                        name="attempt"
                        label={plural(attempts.length, "attempt")}
                        chosen={at}
                        choose={choose}
                        tabs={Array.from(attempts, (attempt, i) => ({
                            key: i,
                            label: (
                                <>
                                    <OutcomeSign outcome={outcome[attempt]} /> Attempt {number[attempt]}
                                    <span class="quiet">
                                        {" "}
                                        {OUTCOMES[outcome[attempt]]}, {duration(times[attempt])}
                                    </span>
                                </>
                            ),
                        }))}
                    />
                    <TabPanel name="attempt" chosen={at}>
                        <Attempt key={attempts[at]} report={report} attempt={attempts[at]} />
                    </TabPanel>
                </>
            ) : (
                <p class="remark">No attempt of it has ended.</p>
            )}
            <p class="remark">
                In a terminal: <code>offload logs --test {visible(shellQuoted(id))}</code>
            </p>
        </article>
    );
}
