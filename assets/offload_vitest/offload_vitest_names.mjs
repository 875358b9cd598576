// What a test is called: `FILE > SUITE > … > NAME`, with `[PROJECT] ` in front where vitest runs
// several projects: as `vitest list` prints it. Discovery and batches use the same function on the
// same file, so that a name means the same test in both.

// Characters that would break a line or cannot be written, as JavaScript's literals have them.
function printable(text) {
    return String(text)
        .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
            const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
            return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
        })
        .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

// A file of a project. `path` is relative to vitest's root, with slashes.
export function addressOf(project, path) {
    return printable(project ? `[${project}] ${path}` : path);
}

function* testsBelow(suite, chain) {
    for (const task of suite.tasks ?? []) {
        const below = [...chain, printable(task.name)];
        if (task.type === 'suite') {
            yield* testsBelow(task, below);
        } else {
            yield { test: task, name: below.join(' > ') };
        }
    }
}

// All tests of a collected file, in its order: {id, test}. Those of one name are told apart by
// their number: `NAME [2]`.
export function* namedTests(file, address) {
    const taken = new Set();
    for (const { test, name } of testsBelow(file, [])) {
        const plain = `${address} > ${name}`;
        let id = plain;
        for (let number = 2; taken.has(id); ++number) id = `${plain} [${number}]`;
        taken.add(id);
        yield { id, test };
    }
}

// The tests that would run if nobody chose among them.
export function isToRun(task) {
    return task.mode === 'run' || task.mode === 'queued' || task.mode === 'only';
}
