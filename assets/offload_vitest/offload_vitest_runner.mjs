// In vitest's workers: of each file only the batch's tests are run, and what becomes of each is
// told at once.
//
// A worker tells by appending lines to a file, before anything else happens: what a test that hangs
// or kills the process has begun is known. The reporter passes them on.
import { appendFileSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { outcomeOf } from './offload_vitest_errors.mjs';
import { addressOf, isToRun, namedTests } from './offload_vitest_names.mjs';

const { parse, stringify } = JSON;

// As vitest itself does where a pattern lets through a part: what has nothing left to run does not
// run its hooks either.
function skipWhatIsEmpty(suite) {
    for (const task of suite.tasks) {
        if (task.type === 'suite') skipWhatIsEmpty(task);
    }
    if (isToRun(suite) && suite.tasks.length > 0 && !suite.tasks.some(isToRun)) suite.mode = 'skip';
}

// Base: vitest's own runner. `place`: {plan, events, root}.
export function runnerFor(Base, place) {
    const wanted = new Map(parse(readFileSync(place.plan, 'utf8')).ids.map((id, n) => [id, n]));
    const positions = new WeakMap();
    const tell = (message) => appendFileSync(place.events, `${stringify(message)}\n`);

    // Where batches run beside each other, each with one worker, the suites that keep workers apart
    // by its number still find them apart.
    const index = process.env.OFFLOAD_PARALLEL_INDEX;
    if (index !== undefined) process.env.VITEST_POOL_ID = String(Number(index) + 1);

    return class extends Base {
        async onCollected(files) {
            await super.onCollected?.(files);
            for (const file of files) {
                const path = relative(place.root, file.filepath).split(sep).join('/');
                for (const { id, test } of namedTests(file, addressOf(file.projectName, path))) {
                    const n = wanted.get(id);
                    if (n === undefined) {
                        test.mode = 'skip';
                    } else if (isToRun(test)) {
                        positions.set(test, n);
                    } else {
                        tell({ t: 'end', n, ...outcomeOf(test) });
                    }
                }
                skipWhatIsEmpty(file);
            }
        }

        async onBeforeRunTask(test) {
            await super.onBeforeRunTask?.(test);
            const n = positions.get(test);
            if (n !== undefined && isToRun(test)) tell({ t: 'begin', n });
        }

        async onAfterRunTask(test) {
            await super.onAfterRunTask?.(test);
            const n = positions.get(test);
            const outcome = outcomeOf(test);
            if (n !== undefined && outcome) tell({ t: 'end', n, ...outcome });
        }
    };
}
