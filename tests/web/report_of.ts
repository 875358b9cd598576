// Small reports for tests.
import { Raw, Report } from "../../web/src/data";

export interface TestSpec {
    id: string;
    file?: string;
    group?: number;
    status?: number;
    attempts?: { outcome?: number; duration?: number; message?: string; start?: number; batch?: number }[];
}

export function rawOf(specs: TestSpec[], change: Partial<Raw> = {}): Raw {
    const files = [...new Set(specs.map((spec) => spec.file ?? ""))];
    const raw: Raw = {
        format: 1,
        run: {
            groups: ["unit", "slow"],
            parallel: 2,
            perTest: true,
            durationsKnown: true,
            started: 1_700_000_000,
            finished: true,
            end: 10_000,
            wall: 10_000,
            work: 8000,
            longest: 3000,
            slots: 2,
            hedges: 0,
            unknownResults: 0,
            damagedLines: 0,
            exitStatus: 0,
            unknown: [],
            notices: [],
        },
        tests: {
            files,
            id: specs.map((spec) => spec.id),
            group: specs.map((spec) => spec.group ?? 0),
            file: specs.map((spec) => files.indexOf(spec.file ?? "")),
            kind: specs.map(() => 0),
            status: specs.map((spec) => spec.status ?? 0),
            reason: [],
            carriedRuns: [],
        },
        attempts: {
            test: [], number: [], outcome: [], batch: [], start: [], end: [], duration: [],
            output: [], message: [],
        },
        batches: { number: [], sandbox: [], outcome: [], hedge: [], tests: [], start: [], end: [], how: [] },
        sandboxes: {
            number: [], slot: [], leaked: [], id: [], creating: [], ready: [], destroying: [], ended: [],
            trouble: [],
        },
        discoveries: { group: [], tests: [], start: [], end: [], command: [] },
        running: [],
        history: { runs: [], unread: 0, tests: [] },
        outputs: [],
        ...change,
    };
    specs.forEach((spec, test) =>
        (spec.attempts ?? [{}]).forEach((attempt, i) => {
            const all = raw.attempts;
            const start = attempt.start ?? 0;
            const duration = attempt.duration ?? 100;
            if (attempt.message) all.message.push([all.test.length, attempt.message]);
            all.test.push(test);
            all.number.push(i + 1);
            all.outcome.push(attempt.outcome ?? 0);
            all.batch.push(attempt.batch ?? -1);
            all.start.push(start);
            all.end.push(start + duration);
            all.duration.push(duration);
            all.output.push(-1);
        }),
    );
    return raw;
}

export function reportOf(specs: TestSpec[], change: Partial<Raw> = {}): Report {
    return new Report(rawOf(specs, change), () => null);
}
