// What a task of vitest's came to, in the words of Offload's reports.

const kEscapes = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;
const kInternalFrame =
    /^\s*at (?:new Promise \(<anonymous>\)|.*(?:node:internal\/|\/node_modules\/(?:vitest|vite-node|@vitest\/[^/]+|tinypool|vite)\/))/;

function plain(value) {
    return value === undefined || value === null ? '' : String(value).replace(kEscapes, '');
}

function framesOf(error) {
    const lines = plain(error.stackStr ?? error.stack).split('\n');
    return lines.filter((line) => /^\s+at /.test(line) && !kInternalFrame.test(line));
}

function describe(error) {
    const message = plain(error.message ?? error);
    const parts = [`${error.name ?? 'Error'}: ${message}`];
    const diff = plain(error.diff);
    if (diff.trim() !== '') parts.push(`\n${diff}\n`);
    parts.push(...framesOf(error));
    const cause = error.cause;
    if (cause && typeof cause === 'object') parts.push(`Caused by: ${describe(cause)}`);
    return parts.join('\n');
}

// Fields of a message that tell of a failure: `outcome` is "failed" or "errored".
export function failure(outcome, errors, otherwise) {
    const list = errors?.length ? errors : [{ name: 'Error', message: otherwise }];
    const first = list[0];
    return {
        outcome,
        type: plain(first.name ?? 'Error'),
        message: plain(first.message ?? first).split('\n')[0],
        details: list.map(describe).join('\n\n'),
    };
}

// Of a test as vitest left it. `result` is its task's; nothing where that has none.
export function outcomeOf(task) {
    const result = task.result;
    const duration = (result?.duration ?? 0) / 1000;
    if (task.mode === 'todo' || result?.state === 'todo') {
        return { outcome: 'skipped', message: 'todo', duration };
    }
    if (result?.state === 'pass') return { outcome: 'passed', duration };
    if (result?.state === 'fail') {
        return { ...failure('failed', result.errors, 'failed without an error'), duration };
    }
    if (task.mode === 'skip' || result?.state === 'skip') {
        return { outcome: 'skipped', message: plain(result?.note) || 'skipped', duration };
    }
    return undefined;
}
