"""The command provider ("default"), with sandboxes that are folders on this machine."""

from harness import BoxScenario, Scenario

SANDBOX = """
    #!/bin/sh
    # Sandboxes are names; every call is written down.
    command=$1; shift
    echo "$command $1" >> calls.log
    case $command in
        prepare) echo building; echo image-1 ;;
        create)  echo "box-$$" ;;
        exec)    shift; exec sh -c "$1" ;;
        destroy) ;;
    esac
    """
PROVIDER = """
    type = "default"
    prepare_command = "./sandbox.sh prepare"
    create_command = "./sandbox.sh create {image_id}"
    exec_command = "./sandbox.sh exec {sandbox_id} {command}"
    destroy_command = "./sandbox.sh destroy {sandbox_id}"
    """


class Providers(Scenario):
    def boxed(self, tests, provider=PROVIDER, sandbox=SANDBOX, **options):
        runner = self.fake_project(tests, provider=provider, root=self.project, **options)
        self.write({"sandbox.sh": sandbox})
        return runner

    def offload(self, *arguments, **options):
        run = super().offload(*arguments, **options)
        if 'type = "default" is known, but not built yet' in run.err:
            self.skipTest("this binary has no command provider")
        return run

    def calls(self, command):
        path = self.project / "calls.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split(" ", 1)[1] for line in lines if line.split()[0] == command]

    def test_sandboxes_are_made_used_and_destroyed_once(self):  # TRAPS 24
        tests = {f"t{i}": "fail" if i == 4 else "pass" for i in range(9)}
        runner = self.boxed(tests, offload="max_parallel = 3")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({t: "failure" if w == "fail" else "passed" for t, w in tests.items()})
        self.assertEqual(len(self.calls("prepare")), 1)
        created = self.calls("create")
        self.assertEqual(set(created), {"image-1"})
        destroyed = self.calls("destroy")
        self.assertEqual(len(destroyed), len(created), run.describe())
        self.assertEqual(len(set(destroyed)), len(destroyed), "destroyed twice")
        self.assertEqual(runner.executed(), dict.fromkeys(tests, 1))

    def test_never_more_sandboxes_than_batches(self):  # TRAPS 35
        self.boxed({"a": "pass", "b": "pass"}, offload="max_parallel = 20")
        self.offload("run").expect_exit(0)
        self.assertLessEqual(len(self.calls("create")), 2)
        self.assertEqual(len(self.calls("create")), len(self.calls("destroy")))

    def test_no_sandbox_at_all_exits_1(self):  # TRAPS 9
        runner = self.boxed({"a": "pass"}, sandbox=SANDBOX.replace(
            'echo "box-$$"', "echo quota-exceeded >&2; exit 5"))
        run = self.offload("run").expect_exit(1)
        run.expect_said("quota-exceeded")
        self.assertEqual(runner.executions(), [])
        self.assertEqual(run.junit()["a"].type, "not-run", run.describe())

    def test_failing_prepare_leaves_a_report_of_all_tests(self):  # TRAPS 8, 9
        """Also where it fails before the tests are known."""
        self.boxed({"a": "pass", "b": "pass"},
                   sandbox=SANDBOX.replace("echo building; echo image-1", "touch failed; exit 3"))
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(
            'discover_command = "', 'discover_command = "until [ -e failed ]; do sleep 0.01; done; '))
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({"a": "error", "b": "error"})
        self.assertEqual({case.type for case in report.cases}, {"not-run"}, run.describe())
        self.assertIn("prepare_command failed", report["a"].text, run.describe())
        run.expect_said("collecting goes on")
        self.assertEqual(self.calls("create"), [])

    def test_failing_prepare_exits_1(self):  # TRAPS 9
        runner = self.boxed({"a": "pass"}, sandbox=SANDBOX.replace(
            "echo building; echo image-1", "echo no-docker >&2; exit 6"))
        run = self.offload("run").expect_exit(1)
        run.expect_said("no-docker")
        self.assertEqual(self.calls("create"), [])
        self.assertEqual(runner.executions(), [])

    def test_sandbox_that_dies_is_replaced_and_nobody_fails(self):  # TRAPS 23
        dying = SANDBOX.replace(
            'exec)    shift; exec sh -c "$1" ;;',
            'exec)    if mkdir died 2>/dev/null; then echo connection lost >&2; exit 255; fi\n'
            '                 shift; exec sh -c "$1" ;;')
        tests = {f"t{i}": "pass" for i in range(4)}
        self.boxed(tests, sandbox=dying, offload="max_parallel = 2")
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes(dict.fromkeys(tests, "passed"))
        self.assertEqual(len(self.calls("create")), len(self.calls("destroy")), run.describe())

    def test_failing_destroy_is_said(self):
        self.boxed({"a": "pass"}, sandbox=SANDBOX.replace(
            "destroy) ;;", "destroy) echo cannot-destroy >&2; exit 3 ;;"))
        run = self.offload("run")
        run.expect_said("cannot-destroy")
        run.expect_outcomes({"a": "passed"})

    def test_json_reply_of_an_exec_is_the_result(self):
        replying = SANDBOX.replace(
            'exec)    shift; exec sh -c "$1" ;;',
            'exec)    shift; python3 reply.py "$1" ;;')
        self.write({"reply.py": """
            import json, subprocess, sys
            done = subprocess.run(["sh", "-c", sys.argv[1]], capture_output=True, text=True)
            print("connecting")
            print(json.dumps({"exit_code": done.returncode, "stdout": done.stdout,
                              "stderr": done.stderr}))
            """})
        self.boxed({"a": "pass", "b": "fail"}, sandbox=replying)
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        run.expect_outcomes({"a": "passed", "b": "failure"})
        self.assertIn("running b: fail", "".join(run.logs().values()), run.describe())

    def test_environment_reaches_every_exec(self):  # TRAPS 31
        runner = self.boxed({"a": "pass"}, provider=PROVIDER + 'env = { ONE = "it\'s" }\n')
        self.offload("run", "--env", "TWO=a b").expect_exit(0)
        env = runner.invocations()[0]["env"]
        self.assertEqual((env["ONE"], env["TWO"]), ("it's", "a b"))
        self.assertEqual(env["OFFLOAD_ROOT"], str(self.project))

    def test_hostile_ids_survive_the_second_shell(self):  # TRAPS 29
        tests = ["a'b", 'c"d', "$HOME", "`e`", "f g", "h\\i", "{sandbox_id}", "{command}"]
        runner = self.boxed(dict.fromkeys(tests, "pass"))
        self.offload("run").expect_exit(0).expect_outcomes(dict.fromkeys(tests, "passed"))
        self.assertEqual(runner.executed(), dict.fromkeys(tests, 1))


class Secrets(BoxScenario):
    LOOK = "grep -l 'hidden-val[u]e' /proc/[0-9]*/cmdline >> seen 2>/dev/null; true"

    def run_with_secret(self, provider):
        runner = self.boxed({"a": "pass"}, provider=provider + "env = { OFFLOAD_WORD = 'hidden-value' }",
                            run="{result_file} {tests}; " + self.LOOK)
        self.offload("run").expect_exit(0)
        self.assertEqual(runner.executions()[0]["env"].get("OFFLOAD_WORD"), "hidden-value")
        return (self.project / "seen").read_text()

    def test_environment_stands_in_no_command_line_where_stdin_is_passed_on(self):
        self.assertEqual(self.run_with_secret("exec_stdin = true\n"), "")

    def test_otherwise_it_does(self):
        """Which is what SECURITY.md says."""
        self.assertNotEqual(self.run_with_secret(""), "")
