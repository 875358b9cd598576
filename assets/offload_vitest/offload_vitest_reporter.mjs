// In vitest's main process, as one of its reporters: tells Offload which tests there are, or has
// vitest run those of a batch and tells what became of them.
//
// vitest gives a reporter its instance before it looks for test files (`onInit`). What it would then
// run is narrowed to the batch's files; inside them a runner of ours (offload_vitest_runner.mjs)
// narrows to the batch's tests. No pattern is involved, so that any name there is can be chosen.
//
// The plan is a JSON file, named by OFFLOAD_VITEST_PLAN: {mode: "collect" | "run", nonce, label,
// folder}, and for a batch {ids, files, in}. What is told are frames in standard output, as
// in offload_pytest: RS, the nonce, a blank, a JSON text in ASCII, LF.
//     {t: "hello", version}               vitest has found its configuration
//     {t: "items", file, ids}             discovery: the tests of a file
//     {t: "broken", id, type, message, details}   discovery: a file that could not be collected
//     {t: "notice", text}
//     {t: "collected", count}             discovery: all has been told
//     {t: "begin", n}  {t: "end", n, outcome, …}  {t: "refused", n, reason}   of the batch's tests
//     {t: "bye"}                          vitest has come to its end
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { failure, outcomeOf } from './offload_vitest_errors.mjs';
import { addressOf, namedTests } from './offload_vitest_names.mjs';

const kOldest = 2;
const kPolledMs = 50;
const kOtherTrouble = 71; // exit status: besides what tests have failed, something else is wrong
const kPoolsOfNode = ['forks', 'threads', 'vmForks', 'vmThreads'];

const plan = JSON.parse(readFileSync(process.env.OFFLOAD_VITEST_PLAN, 'utf8'));
const planPath = process.env.OFFLOAD_VITEST_PLAN;
delete process.env.OFFLOAD_VITEST_PLAN;

const write = process.stdout.write.bind(process.stdout);

function say(message) {
    const text = JSON.stringify(message).replace(/[\u007f-\uffff]/g, (character) => {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    });
    write(`\u001e${plan.nonce} ${text}\n`);
}

const nameOf = (project) => project.name ?? project.getName?.() ?? '';

// --- What vitest is about to run

class Files {
    constructor(vitest) {
        this.vitest = vitest;
        this.root = vitest.config.root;
    }

    addressOf(projectName, path) {
        return addressOf(projectName, relative(this.root, path).split(sep).join('/'));
    }

    ofSpec(spec) {
        return this.addressOf(nameOf(spec.project), spec.moduleId);
    }

    // As collected or run, by address.
    known() {
        const files = new Map();
        for (const file of this.vitest.state.getFiles()) {
            if (file.meta?.typecheck || file.pool === 'typescript') continue;
            files.set(this.addressOf(file.projectName, file.filepath), file);
        }
        return files;
    }
}

const isOfTypes = (spec) => spec.pool === 'typescript';

// --- Discovery

function tellFound(files, specs, allowsEmpty) {
    const known = files.known();
    const unhandled = files.vitest.state.getUnhandledErrors();
    let count = 0;
    for (const spec of specs) {
        const address = files.ofSpec(spec);
        const file = known.get(address);
        const tests = file ? [...namedTests(file, address)] : [];
        if (tests.length > 0) {
            say({ t: 'items', file: address, ids: tests.map(({ id }) => id) });
            count += tests.length;
        } else if (!file || file.result?.state === 'fail' || !allowsEmpty(spec)) {
            const errors = file?.result?.errors ?? (file ? [] : unhandled);
            const otherwise = file ? `No test suite found in file ${address}` : 'could not be collected';
            say({ t: 'broken', id: address, ...failure('errored', errors, otherwise) });
        }
    }
    for (const error of unhandled) {
        const { details } = failure('errored', [error]);
        say({ t: 'notice', text: `vitest met an unhandled error while it collected tests: ${details}` });
    }
    say({ t: 'collected', count });
}

// --- A batch

// What workers have appended since the last look.
class Events {
    constructor(path) {
        this.path = path;
        this.offset = 0;
        this.rest = Buffer.alloc(0);
        writeFileSync(path, '');
        this.file = openSync(path, 'r');
    }

    *read() {
        const piece = Buffer.alloc(1 << 16);
        for (;;) {
            const size = readSync(this.file, piece, 0, piece.length, this.offset);
            if (size === 0) return;
            this.offset += size;
            this.rest = Buffer.concat([this.rest, piece.subarray(0, size)]);
            let begin = 0;
            for (let end; (end = this.rest.indexOf(10, begin)) >= 0; begin = end + 1) {
                yield JSON.parse(this.rest.toString('utf8', begin, end));
            }
            this.rest = this.rest.subarray(begin);
        }
    }

    close() {
        closeSync(this.file);
    }
}

// vitest's own runner is imported from where this vitest is, by whoever has to extend it.
function writeRunner(vitest, root) {
    const path = fileURLToPath(new URL('runner.mjs', import.meta.url));
    const events = join(plan.folder, `${plan.label}.events`);
    const [major, minor] = vitest.version.split('.').map(Number);
    const [module, name] =
        major > 4 || (major === 4 && minor >= 1) ? ['vitest', 'TestRunner'] : ['vitest/runners', 'VitestTestRunner'];
    let resolve = createRequire(join(root, 'package.json')).resolve;
    const program = process.argv[1] && realpathSync(process.argv[1]);
    if (program && /[\\/]vitest[\\/]/.test(program)) resolve = createRequire(program).resolve;
    let found = resolve(module);
    // `require` would be led to a file that only says that it must not be required.
    if (found.endsWith('index.cjs')) found = join(found, '../dist/index.js');
    const url = (of) => JSON.stringify(pathToFileURL(of).href);
    writeFileSync(
        path,
        `import { ${name} } from ${url(found)};\n` +
            `import { runnerFor } from './offload_vitest_runner.mjs';\n` +
            `export default runnerFor(${name}, ${JSON.stringify({ plan: planPath, events, root })});\n`,
    );
    return { path, events };
}

class Batch {
    constructor(files) {
        this.files = files;
        this.wanted = new Set(plan.files);
        this.open = new Set(plan.ids);
        this.began = new Set();
        this.explained = new Set(); // suites whose errors are told as those of their tests
        const { path, events } = writeRunner(files.vitest, files.root);
        this.runner = path;
        this.events = new Events(events);
    }

    // Those to run. Where a project has a runner of its own, or its tests run in no process of
    // Node's, whole files run, and results of others count for nobody.
    choose(specs) {
        const chosen = specs.filter((spec) => !isOfTypes(spec) && this.wanted.has(this.files.ofSpec(spec)));
        for (const { project, pool } of chosen) {
            if (!project.config.runner && kPoolsOfNode.includes(pool)) project.config.runner = this.runner;
        }
        return chosen;
    }

    passOn() {
        for (const message of this.events.read()) this.tell(message);
    }

    tell(message) {
        const id = plan.ids[message.n];
        if (!this.open.has(id)) return;
        if (message.t === 'begin') this.began.add(id);
        else this.open.delete(id);
        say(message);
    }

    // What no worker has told: files that could not be imported, suites whose hooks failed, tests
    // that ran without our runner, or that are not there.
    // `reason`: why it is no use to try again what has no result.
    conclude(reason) {
        this.passOn();
        this.events.close();
        const known = this.files.known();
        for (const address of this.wanted) {
            const file = known.get(address);
            if (file) this.concludeFile(file, address);
        }
        if (reason === undefined) return;
        plan.ids.forEach((id, n) => this.tell({ t: 'refused', n, reason }));
    }

    // What is wrong that no test's result says: errors that nobody has caught, hooks that failed when
    // their tests had run.
    otherTrouble() {
        if (this.open.size > 0) return []; // a worker has died, and that is told
        const { config, state } = this.files.vitest;
        const errors = config.dangerouslyIgnoreUnhandledErrors ? [] : [...state.getUnhandledErrors()];
        const look = (suite) => {
            if (!this.explained.has(suite)) errors.push(...(suite.result?.errors ?? []));
            suite.tasks.filter((task) => task.type === 'suite').forEach(look);
        };
        for (const [address, file] of this.files.known()) {
            if (this.wanted.has(address)) look(file);
        }
        return errors;
    }

    concludeFile(file, address) {
        const broken = failedSuites(file);
        const named = new Map();
        for (const { id, test } of namedTests(file, address)) named.set(id, test);
        plan.ids.forEach((id, n) => {
            if (plan.files[plan.in[n]] !== address || !this.open.has(id)) return;
            const test = named.get(id);
            const suite = !test ? file : this.began.has(id) ? undefined : broken.get(test);
            if (suite?.result?.state === 'fail' && suite.result.errors?.length) {
                this.explained.add(suite);
                this.tell({ t: 'end', n, ...failure('errored', suite.result.errors) });
            } else if (test) {
                const outcome = test.result ? outcomeOf(test) : undefined;
                if (outcome) this.tell({ t: 'end', n, ...outcome });
            } else if (file.tasks.length > 0) {
                this.tell({ t: 'refused', n, reason: `vitest finds no test of this name in ${address}` });
            }
        });
    }
}

// Which tests did not run because of an error of a suite around them.
function failedSuites(file) {
    const found = new Map();
    const look = (suite, failed) => {
        const cause = failed ?? (suite.result?.errors?.length ? suite : undefined);
        for (const task of suite.tasks ?? []) {
            if (task.type === 'suite') look(task, cause);
            else if (cause && task.result?.state !== 'pass' && task.result?.state !== 'fail') found.set(task, cause);
        }
    };
    look(file, undefined);
    return found;
}

// With these as the last words, and in place of vitest's status, which it sets after us.
function endWith(status, errors) {
    write(`\nBesides what tests have failed:\n${failure('errored', errors).details}\n`);
    process.on('exit', (code) => {
        if (code === 1) process.exitCode = status;
    });
}

// --- The reporter

export default class OffloadReporter {
    onInit(vitest) {
        const version = vitest.version ?? '1';
        say({ t: 'hello', version });
        const collect = vitest.collectTests ?? vitest.collectFiles;
        if (Number.parseInt(version, 10) < kOldest || !vitest.runFiles || !collect) {
            throw new Error(`Offload runs vitest 2, 3 and 4; this is vitest ${version}`);
        }
        // Batches that run beside each other would write over each other's.
        if (vitest.cache?.results) vitest.cache.results.writeToCache = async () => {};
        this.vitest = vitest;
        const files = new Files(vitest);
        if (plan.mode === 'collect') this.discover(files, collect.bind(vitest));
        else this.narrow(files, vitest.runFiles.bind(vitest));
    }

    discover(files, collect) {
        const { vitest } = this;
        // vitest 2 calls it itself, later ones leave it to reporters.
        const print = vitest.logger.printNoTestFound.bind(vitest.logger);
        vitest.logger.printNoTestFound = (...words) => {
            this.tellNothing();
            print(...words);
        };
        vitest.runFiles = async (specs) => {
            const found = specs.filter((spec) => !isOfTypes(spec));
            if (found.length < specs.length) {
                say({ t: 'notice', text: 'tests of types (typecheck) are not run by Offload' });
            }
            const result = await collect(found);
            tellFound(files, found, (spec) => spec.project.config.passWithNoTests);
            say({ t: 'bye' });
            return result;
        };
    }

    narrow(files, run) {
        this.vitest.runFiles = async (specs, all) => {
            const batch = new Batch(files);
            const timer = setInterval(() => batch.passOn(), kPolledMs);
            let reason;
            try {
                return await run(batch.choose(specs), all);
            } catch (error) {
                reason = `vitest could not run it: ${error?.message ?? error}`;
                throw error;
            } finally {
                clearInterval(timer);
                batch.conclude(reason);
                const trouble = batch.otherTrouble();
                if (trouble.length > 0) endWith(kOtherTrouble, trouble);
                say({ t: 'bye' });
            }
        };
    }

    onTestRunEnd(modules) {
        if (plan.mode !== 'collect' || modules.length > 0) return;
        this.vitest.logger.printNoTestFound(this.vitest.filenamePattern);
    }

    tellNothing() {
        if (this.toldNothing) return;
        this.toldNothing = true;
        say({ t: 'collected', count: 0 });
        say({ t: 'bye' });
    }
}
