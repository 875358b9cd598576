"""Crashes, hangs and missing results: what finished stands, the guilty test is named."""

from harness import Scenario


class Losses(Scenario):
    def test_missing_result_ends_as_not_run(self):  # TRAPS 8, 9
        self.fake_project({"seen": "pass", "unseen": "silent"})
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({"seen": "passed", "unseen": "error"})
        self.assertEqual(report["unseen"].type, "not-run", run.describe())
        run.expect_said("unseen")

    def test_crash_is_named_and_the_rest_runs_again(self):  # TRAPS 19
        tests = {f"t{i}": "pass" for i in range(5)}
        tests["killer"] = "crash"
        runner = self.fake_project(tests)
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        report = run.expect_outcomes({t: "error" if t == "killer" else "passed" for t in tests})
        self.assertEqual(report["killer"].type, "crash", run.describe())
        self.assertGreaterEqual(runner.executed()["killer"], 1)

    def test_crash_is_retried_like_a_failure(self):
        self.fake_project({"shaky": ["crash", "pass"]}, retries=1)
        run = self.offload("run").expect_exit(2)
        self.assertEqual(run.junit()["shaky"].count("flakyError"), 1, run.describe())

    def test_exit_137_says_what_it_may_mean(self):  # TRAPS 19
        self.fake_project({"hungry": "exit-137"})
        run = self.offload("run").expect_exit(1)
        run.expect_said("killed (137): out of memory?")

    def test_nonzero_exit_without_results_is_no_pass(self):
        self.fake_project({"a": "exit-2"})
        run = self.offload("run").expect_exit(1)
        self.assertEqual(run.junit()["a"].outcome, "error", run.describe())
        run.expect_said("giving up")

    def test_exit_0_without_results_is_no_pass(self):
        self.fake_project({"a": "exit-0", "b": "exit-0"})
        run = self.offload("run").expect_exit(1)
        self.assertEqual({c.outcome for c in run.junit().cases}, {"error"}, run.describe())

    def test_failing_exit_status_with_passing_results(self):
        """Every test passed and yet the runner failed: their own results stand, and the run fails."""
        self.write({"run.sh": """
            #!/bin/sh
            echo '<testsuite><testcase name="a"/></testsuite>' > "$1"
            exit 3
            """})
        self.config("""
            type = "default"
            discover_command = "echo a # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"a": "passed", "batch 0: exit status 3": "error"})

    def test_hang_ends_as_timeout_and_others_keep_their_results(self):  # TRAPS 18, 22
        tests = {"a": "pass", "b": "pass", "stuck": "hang", "c": "pass"}
        self.fake_project(tests, offload="test_timeout_secs = 2\nmax_parallel = 2")
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(
            {"a": "passed", "b": "passed", "stuck": "error", "c": "passed"})
        self.assertEqual(report["stuck"].type, "timeout", run.describe())
