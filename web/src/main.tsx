import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ERRORED, FAILED, FLAKY, readReport, Report } from "./data";
import { FlakyView } from "./flaky_view";
import { Header } from "./header";
import { RunView } from "./run_view";
import { SlowestView } from "./slowest_view";
import { formatState, parseState, ViewName, ViewState } from "./state";
import { TabList, TabPanel } from "./tabs";
import { TestsView } from "./tests_view";
import { grouped } from "./text";
import { TimelineView } from "./timeline_view";

function useTheme(): [string, () => void] {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const [chosen, choose] = useState<string | null>(null);
    const [dark, setDark] = useState(system.matches);
    useEffect(() => {
        const changed = () => setDark(system.matches);
        system.addEventListener("change", changed);
        return () => system.removeEventListener("change", changed);
    }, []);
    const theme = chosen ?? (dark ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    return [theme, () => choose(theme === "dark" ? "light" : "dark")];
}

function useViewState(): [ViewState, (change: Partial<ViewState>) => void] {
    const [state, setState] = useState(() => parseState(location.hash));
    useEffect(() => {
        const moved = () => setState(parseState(location.hash));
        window.addEventListener("hashchange", moved);
        return () => window.removeEventListener("hashchange", moved);
    }, []);
    // Browsers refuse what comes too often, so that typing is written down when it pauses.
    useEffect(() => {
        const timer = setTimeout(() => history.replaceState(null, "", formatState(state)), 150);
        return () => clearTimeout(timer);
    }, [state]);
    return [state, (changed) => setState((old) => ({ ...old, ...changed }))];
}

/** Until somebody chooses: what most people open the report for. */
function firstFailure(report: Report): number {
    const { status } = report.raw.tests;
    const failed = status.indexOf(FAILED);
    return failed >= 0 ? failed : status.indexOf(ERRORED);
}

function useSelected(report: Report, state: ViewState): number {
    const numbers = useMemo(() => new Map(report.raw.tests.id.map((id, i) => [id, i])), [report]);
    const first = useMemo(() => firstFailure(report), [report]);
    return state.test === "" ? first : (numbers.get(state.test) ?? -1);
}

function Page({ report }: { report: Report }) {
    const [theme, changeTheme] = useTheme();
    const [state, change] = useViewState();
    const selected = useSelected(report, state);
    const open = (test: number) =>
        change({ view: "tests", test: report.raw.tests.id[test], filter: "", statuses: [] });
    const labels: Record<ViewName, string> = {
        tests: `Tests ${grouped(report.count)}`,
        timeline: "Timeline",
        slowest: "Slowest",
        flaky: `Flaky ${grouped(report.counts[FLAKY])}`,
        run: "Run",
    };
    const views: Record<ViewName, () => preact.JSX.Element> = {
        tests: () => <TestsView report={report} state={state} change={change} selected={selected} />,
        timeline: () => <TimelineView report={report} open={open} theme={theme} />,
        slowest: () => <SlowestView report={report} open={open} />,
        flaky: () => <FlakyView report={report} open={open} />,
        run: () => <RunView report={report} />,
    };
    return (
        <>
            <Header report={report} theme={theme} changeTheme={changeTheme} />
            <main>
                <TabList
                    name="view"
                    label="Views of the run"
                    tabs={(Object.keys(labels) as ViewName[]).map((key) => ({ key, label: labels[key] }))}
                    chosen={state.view}
                    choose={(view) => change({ view })}
                />
                <TabPanel name="view" chosen={state.view}>
                    {views[state.view]()}
                </TabPanel>
            </main>
        </>
    );
}

function start(): void {
    const place = document.getElementById("page")!;
    try {
        const report = readReport(document);
        document.title = `Offload report: ${report.raw.run.config ?? ""}`;
        render(<Page report={report} />, place);
    } catch (error) {
        place.textContent = `This report cannot be shown: ${(error as Error).message}`;
        throw error;
    }
}

start();
