"""Projects whose tests vitest runs."""

import json
import re

from harness import VitestScenario, with_vitest

# A test for each feature that changes what a result means.
FEATURES = r"""
    import { afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
    test('passes', () => {});
    test('fails', () => { expect(3).toBe(4); });
    test.skip('is skipped', () => { throw new Error(); });
    test.todo('is still to be written');
    test.skipIf(true)('is skipped if', () => {});
    test.fails('fails as it should', () => { throw new Error('on purpose'); });
    test.fails('passes against its will', () => {});
    test('skips itself', (context) => { context.skip(); });
    let tries = 0;
    test('passes when it is tried again', { retry: 2 }, () => {
        if (++tries < 2) throw new Error('once');
    });
    test('fails each time', { retry: 1 }, () => { throw new Error('always'); });
    test('is repeated', { repeats: 2 }, () => {});
    test('throws no error', () => { throw 'words'; });
    test('takes too long', async () => { await new Promise(() => {}); }, 50);
    test('of one name', () => {});
    test('of one name', () => { throw new Error('the second'); });
    describe('of one name', () => { test('below', () => {}); });
    describe('a > b', () => { test('c', () => {}); });
    describe('a', () => { test('b > c', () => { throw new Error('not the other'); }); });
    describe('parameters', () => {
        test.each([[1, 2], [2, 4]])('%i + 1 = %i', (a, b) => { expect(a + 1).toBe(b); });
        test.each(['$^.*', 'a|b', '(', '[x]', 'ü "q" \'', '日本', 'a\nb', ' blank '])(
            'text %s', (text) => { expect(text).toBe(text); });
        describe.each(['x', 'y'])('suite %s', (name) => {
            test('below', () => { expect(name).toBe('x'); });
        });
    });
    describe.concurrent('at once', () => {
        test('slower', async () => { await new Promise((done) => { setTimeout(done, 30); }); });
        test('faster', async () => { throw new Error('early'); });
    });
    describe('hooks', () => {
        describe('before each', () => {
            beforeEach(() => { throw new Error('not ready'); });
            test('below', () => {});
        });
        describe('after each', () => {
            afterEach(() => { throw new Error('not tidy'); });
            test('below', () => {});
        });
        describe('before all', () => {
            beforeAll(() => { throw new Error('no ground'); });
            test('below', () => {});
            test.skip('skipped', () => {});
            describe('deeper', () => { test('below', () => {}); });
        });
    });
    describe.skip('skipped', () => { test('below', () => { throw new Error(); }); });
    test('setup file and global setup have run', () => {
        expect(globalThis.fromSetup).toBe(1);
        expect(inject('given')).toBe(2);
    });
"""
FILES = {
    "tests/features.test.ts": FEATURES,
    "tests/only.test.ts": """
        import { describe, test } from 'vitest';
        test.only('chosen', () => {});
        test('left out', () => { throw new Error(); });
        describe('suite', () => { test('left out', () => { throw new Error(); }); });
        """,
    "tests/snapshots.test.ts": """
        import { expect, test } from 'vitest';
        test('as stored', () => { expect({ a: 1 }).toMatchSnapshot(); });
        test('other than stored', () => { expect({ a: 2 }).toMatchSnapshot(); });
        test('inline', () => { expect(1).toMatchInlineSnapshot('1'); });
        """,
    "tests/__snapshots__/snapshots.test.ts.snap": """
        // Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html

        exports[`as stored 1`] = `
        {
          "a": 1,
        }
        `;

        exports[`gone 1`] = `1`;

        exports[`other than stored 1`] = `
        {
          "a": 1,
        }
        `;
        """,
    "tests/state.test.ts": """
        import { expect, test } from 'vitest';
        let count = 0;
        test('first', () => { count += 1; });
        test('needs the first', () => { expect(count).toBe(1); });
        """,
    "setup.ts": "globalThis.fromSetup = 1;\n",
    "global.ts": "export default function ({ provide }) { provide('given', 2); }\n",
}
CONFIG = "allowOnly: true, setupFiles: ['./setup.ts'], globalSetup: ['./global.ts']"

# Each test notes that it ran.
NOTED = """
    import { appendFileSync } from 'node:fs';
    import { describe, test } from 'vitest';
    const noted = (name) => () => appendFileSync(process.env.SCENARIO_ROOT + '/ran.log', name + '\\n');
    test('a.c', noted('a.c'));
    test('abc', noted('abc'));
    test('a.c', noted('a.c again'));
    describe('suite', () => { test('a.c', noted('suite a.c')); });
"""


def words_of(cases):
    """Plain vitest's cases by the IDs that they have here."""
    words = {"passed": "passed", "failed": "failure"}
    outcomes = {}
    for file, name, status in cases:
        plain = f"{file} > {name}".replace("\n", "\\n")
        identity, number = plain, 2
        while identity in outcomes:
            identity, number = f"{plain} [{number}]", number + 1
        outcomes[identity] = words.get(status, "skipped")
    return outcomes


class Vitest(VitestScenario):
    @with_vitest(2, 3, 4)
    def test_verdicts_are_those_of_plain_vitest(self):  # TRAPS 1, 7, 16
        self.vitest_project(FILES, vitest=CONFIG)
        plain, status = self.vitest()
        self.assertEqual(status, 1)
        expected = words_of(plain)
        # vitest calls them skipped, and their file failed.
        below = "tests/features.test.ts > hooks > before all > "
        for name in ("below", "deeper > below"):
            self.assertEqual(expected[below + name], "skipped")
            expected[below + name] = "error"
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(expected)
        self.assertIn("no ground", report[below + "below"].text)
        self.assertIn("the second", report["tests/features.test.ts > of one name [2]"].text)
        run.expect_not_said("warning", "no result", "unknown")

    @with_vitest(2, 4)
    def test_files_that_cannot_be_collected_are_errors_and_the_others_run(self):  # TRAPS 2
        self.vitest_project({
            "broken.test.ts": "import './nothing-here';\n",
            "empty.test.ts": "export const nothing = 1;\n",
            "fine.test.ts": "import { test } from 'vitest';\ntest('passes', () => {});\n"})
        report = self.offload("run").expect_exit(1).expect_outcomes({
            "broken.test.ts": "error", "empty.test.ts": "error", "fine.test.ts > passes": "passed"})
        self.assertIn("nothing-here", report["broken.test.ts"].text)
        self.assertIn("No test suite found", report["empty.test.ts"].text)

    @with_vitest(3, 4)
    def test_exactly_the_chosen_tests_run(self):  # TRAPS 6
        self.vitest_project({"sub/x.test.ts": NOTED, "x.test.ts": NOTED, "x.test.tsx": NOTED})
        self.forget()
        run = self.offload("run", "x.test.ts > a.c [2]").expect_exit(0)
        run.expect_not_said("warning")
        self.assertEqual(self.ran(), ["a.c again"], run.describe())
        self.forget()
        self.offload("run", "sub/x.test.ts > suite > a.c").expect_exit(0)
        self.assertEqual(self.ran(), ["suite a.c"])

    @with_vitest(2, 4)
    def test_what_is_wrong_besides_the_tests_fails_the_run(self):  # TRAPS 51
        causes = {
            "unhandled": """
                import { test } from 'vitest';
                test('passes', async () => {
                    Promise.reject(new Error('nobody listens'));
                    await new Promise((done) => { setTimeout(done, 20); });
                });
                """,
            "after all": """
                import { afterAll, test } from 'vitest';
                afterAll(() => { throw new Error('nobody listens'); });
                test('passes', () => {});
                """}
        self.vitest_project({})
        # Also where failed tests explain the exit status of the whole.
        fails = "import { test } from 'vitest';\ntest('fails', () => { throw new Error(); });\n"
        for cause, others in {"unhandled": {}, "after all": {"other.test.ts": fails}}.items():
            with self.subTest(cause):
                self.write({"one.test.ts": causes[cause], **others})
                report = self.offload("run", "--parallel", "1").expect_exit(1).junit()
                self.assertEqual(report["one.test.ts > passes"].outcome, "passed")
                rest = [case for case in report.cases if "batch" in case.name]
                self.assertEqual([case.outcome for case in rest], ["error"])
                self.assertIn("nobody listens", rest[0].text)

    @with_vitest(2, 3, 4)
    def test_a_crash_names_its_test(self):  # TRAPS 19
        self.vitest_project({"one.test.ts": """
            import { test } from 'vitest';
            test('before', () => {});
            test('dies', () => { process.kill(process.pid, 'SIGKILL'); for (;;); });
            test('after', () => {});
            test('leaves', () => { process.exit(0); });
            """})
        report = self.offload("run").expect_exit(1).expect_outcomes({
            "one.test.ts > before": "passed", "one.test.ts > dies": "error",
            "one.test.ts > after": "passed", "one.test.ts > leaves": "failure"})
        self.assertEqual(report["one.test.ts > dies"].type, "crash")

    @with_vitest(3)
    def test_a_hang_names_its_test(self):  # TRAPS 18
        self.vitest_project({"one.test.ts": """
            import { test } from 'vitest';
            test('before', () => {});
            test('hangs', () => { for (;;); });
            test('after', () => {});
            """}, offload="max_parallel = 2\ntest_timeout_secs = 30")
        report = self.offload("run").expect_exit(1).expect_outcomes({
            "one.test.ts > before": "passed", "one.test.ts > hangs": "error",
            "one.test.ts > after": "passed"})
        self.assertEqual(report["one.test.ts > hangs"].type, "timeout")

    @with_vitest(2, 3, 4)
    def test_projects_have_tests_of_their_own(self):  # TRAPS 16
        test = """
            import { expect, test } from 'vitest';
            test('is told', () => { expect(process.env.WHICH).toBe('one'); });
            """
        projects = ("[{ extends: true, test: { name: 'one', env: { WHICH: 'one' } } },"
                    " { extends: true, test: { name: 'two', env: { WHICH: 'two' } } }]")
        self.vitest_project({"a.test.ts": test}, vitest=f"projects: {projects}")
        if json.loads(self.version_file())["version"].startswith("2."):
            self.write({"vitest.config.ts": "export default {};\n",
                        "vitest.workspace.ts": "export default "
                        + projects.replace("extends: true", "extends: './vitest.config.ts'") + ";\n"})
        self.offload("run").expect_exit(1).expect_outcomes({
            "[one] a.test.ts > is told": "passed", "[two] a.test.ts > is told": "failure"})
        self.config('type = "vitest"', {"all": "filters = '--project one'"})
        self.offload("run").expect_exit(0).expect_outcomes({"[one] a.test.ts > is told": "passed"})

    @with_vitest(3, 4)
    def test_keys_reach_the_runner_and_retries_tell_what_is_flaky(self):
        self.vitest_project(
            {"a.test.ts": """
                import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
                import { execSync } from 'node:child_process';
                import { expect, test } from 'vitest';
                const log = process.env.SCENARIO_ROOT + '/ran.log';
                test('sees the keys', (context) => {
                    appendFileSync(log, 'keys\\n');
                    expect(process.env.PLACE).toBe(process.cwd() + '/x');
                    expect(execSync('helper').toString()).toBe('helped\\n');
                    expect(context.task.retry ?? 0).toBe(1);
                    expect(process.env.OFFLOAD_VITEST_PLAN).toBe(undefined);
                });
                test('passes the second time', { retry: 0 }, () => {
                    appendFileSync(log, 'flaky\\n');
                    const mark = process.env.SCENARIO_ROOT + '/mark';
                    if (existsSync(mark)) return;
                    writeFileSync(mark, '');
                    throw new Error('once');
                });
                """,
             "tools/helper": "#!/bin/sh\necho helped\n"},
            framework='run_args = "--retry=1"\nprepend_path = ["tools"]\n'
                      'command = "npx vitest"\n[framework.env]\nPLACE = "{root}/x"\n',
            groups={"all": "retry_count = 1"})
        (self.root / "mark").unlink(missing_ok=True)
        self.forget()
        run = self.offload("run").expect_exit(2)
        self.assertEqual(sorted(self.ran()), ["flaky", "flaky", "keys"], run.describe())

    @with_vitest(2, 4)
    def test_batches_beside_each_other_keep_apart(self):  # TRAPS 57
        wait = "existsSync(process.env.SCENARIO_ROOT + '/%s.id')"
        for mine, other in (("a", "b"), ("b", "a")):
            self.write({f"{mine}/x.test.ts": f"""
                import {{ existsSync, writeFileSync }} from 'node:fs';
                import {{ test }} from 'vitest';
                test('meets the other', async () => {{
                    writeFileSync(process.env.SCENARIO_ROOT + '/{mine}.id',
                                  process.env.VITEST_POOL_ID);
                    while (!{wait % other}) await new Promise((done) => setTimeout(done, 20));
                }}, 60000);
                """})
        for name in ("a.id", "b.id"):
            (self.root / name).unlink(missing_ok=True)
        self.vitest_project({}, groups={"a": "filters = 'a/x'", "b": "filters = 'b/x'"})
        run = self.offload("run").expect_exit(0)
        ids = [(self.root / name).read_text() for name in ("a.id", "b.id")]
        self.assertEqual(sorted(ids), ["1", "2"], run.describe())

    @with_vitest(2, 4)
    def test_a_batch_that_cannot_be_set_up_is_not_tried_again_and_again(self):
        self.vitest_project(
            {"global.ts": '''
                import { appendFileSync } from 'node:fs';
                export default function () {
                    appendFileSync(process.env.SCENARIO_ROOT + '/ran.log', 'set up\\n');
                    if (process.env.OFFLOAD_BATCH) throw new Error('no database');
                }
                ''',
             "a.test.ts": "import { test } from 'vitest';\ntest.each([1, 2, 3])('%i', () => {});\n"},
            vitest="globalSetup: ['./global.ts']")
        self.forget()
        run = self.offload("run").expect_exit(1).expect_said("no database", "Not run: 3")
        self.assertEqual(len(self.ran()), 2, run.describe())

    @with_vitest(3, 4)
    def test_sandboxes_elsewhere_get_what_they_need(self):  # TRAPS 29, 31
        names = ["it's $(odd) \"[x]\"", "日本 | ; &", "plain"]
        tests = "\n".join(f"test({json.dumps(name)}, check);" for name in names)
        self.vitest_project(
            {"src/a.test.ts": f'''
                import {{ expect, test }} from 'vitest';
                const check = () => {{
                    expect(process.env.PLACE).toBe(process.env.OFFLOAD_ROOT + '/x');
                    expect(process.env.OFFLOAD_SANDBOX_ID).toMatch(/^box-/);
                }};
                {tests}
                '''},
            framework='env = { PLACE = "{root}/x" }', boxes=True)
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"src/a.test.ts > {name}": "passed" for name in names})
        self.expect_each_destroyed_once(run)

    @with_vitest(2, 4)
    def test_an_empty_group_is_a_notice_and_an_empty_run_fails(self):  # TRAPS 15
        self.vitest_project(
            {"a.test.ts": "import { test } from 'vitest';\ntest('passes', () => {});\n"},
            groups={"some": "", "none": "filters = 'nowhere'"})
        self.offload("run").expect_exit(0).expect_outcomes({"a.test.ts > passes": "passed"})
        self.config('type = "vitest"', {"none": "filters = 'nowhere'"})
        self.offload("run").expect_exit(1).expect_said("No test files found").expect_not_said('"t":')

    @with_vitest(3)
    def test_init_sees_what_a_project_has(self):
        self.vitest_project({"a.test.ts": "import { test } from 'vitest';\ntest('x', () => {});\n"})
        self.write({"package.json": '{"type": "module", "devDependencies": {"vitest": "*"}}\n'})
        (self.project / "vitest.config.ts").unlink()
        (self.project / "offload.toml").unlink()
        self.offload("init").expect_exit(0)
        text = (self.project / "offload.toml").read_text()
        self.assertRegex(text, re.compile(r'^type = "vitest"', re.M))
        self.offload("validate").expect_exit(0).expect_not_said("warning")
        self.offload("run").expect_exit(0).expect_outcomes({"a.test.ts > x": "passed"})

    def test_a_missing_vitest_is_an_error_that_says_what_to_do(self):
        self.write({"a.test.ts": "import { test } from 'vitest';\n"})
        self.config('type = "vitest"\ncommand = "no-such-vitest"')
        self.offload("run").expect_exit(1).expect_said("could not start", "npm install")

    def version_file(self):
        return (self.project / "node_modules/vitest/package.json").read_text()

    def ran(self):
        path = self.root / "ran.log"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self):
        (self.root / "ran.log").unlink(missing_ok=True)
