"""Retries, flakiness, and how attempts are reported."""

from harness import Scenario


class Retries(Scenario):
    def test_passing_test_is_executed_once(self):  # TRAPS 33
        runner = self.fake_project({f"t{i}": "pass" for i in range(20)}, retries=3)
        self.offload("run").expect_exit(0)
        self.assertEqual(runner.executed(), {f"t{i}": 1 for i in range(20)})

    def test_flaky_test_shows_its_failed_attempts(self):
        runner = self.fake_project({"shaky": ["fail", "error", "pass"]}, retries=3)
        run = self.offload("run").expect_exit(2)
        case = run.expect_outcomes({"shaky": "passed"})["shaky"]
        self.assertEqual(case.count("flakyFailure"), 1, case.text)
        self.assertEqual(case.count("flakyError"), 1, case.text)
        self.assertEqual(runner.executed(), {"shaky": 3})

    def test_test_that_never_passes_uses_all_attempts(self):
        runner = self.fake_project({"bad": "fail", "good": "pass"}, retries=2)
        run = self.offload("run").expect_exit(1)
        case = run.expect_outcomes({"bad": "failure", "good": "passed"})["bad"]
        self.assertEqual(case.count("failure"), 1, case.text)
        self.assertEqual(case.count("rerunFailure"), 2, case.text)
        self.assertEqual(runner.executed(), {"bad": 3, "good": 1})

    def test_first_failure_without_retries_is_final(self):  # TRAPS 13
        runner = self.fake_project({"shaky": ["fail", "pass"]}, retries=0)
        self.offload("run").expect_exit(1).expect_outcomes({"shaky": "failure"})
        self.assertEqual(runner.executed(), {"shaky": 1})

    def test_skipped_test_is_decided(self):  # TRAPS 7
        runner = self.fake_project({"later": "skip"}, retries=3)
        self.offload("run").expect_exit(0).expect_outcomes({"later": "skipped"})
        self.assertEqual(runner.executed(), {"later": 1})

    def test_failed_then_skipped_is_failed(self):
        self.fake_project({"odd": ["fail", "skip"]}, retries=2)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"odd": "failure"})

    def test_each_group_has_its_own_retry_count(self):
        runner = self.fake_project(
            {"x1": ["fail", "pass"], "y1": ["fail", "pass"]},
            groups={"x": 'retry_count = 1\nfilters = "x"', "y": 'filters = "y"'},
        )
        config = self.project / "offload.toml"
        text = config.read_text().replace("cat ", "grep ^{filters} ").replace(" # {filters}", "")
        config.write_text(text)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"x1": "passed", "y1": "failure"})
        self.assertEqual(runner.executed(), {"x1": 2, "y1": 1})

    def test_attempt_number_reaches_the_test(self):
        runner = self.fake_project({"shaky": ["fail", "pass"]}, retries=1)
        self.offload("run").expect_exit(2)
        attempts = [e["env"].get("OFFLOAD_ATTEMPT") for e in runner.executions()]
        self.assertEqual(attempts, ["1", "2"])

    def test_schedule_individual_runs_each_test_alone(self):
        tests = {f"t{i}": "pass" for i in range(6)}
        runner = self.fake_project(tests, groups={"all": "schedule_individual = true"})
        self.offload("run", "--parallel", "2").expect_exit(0)
        self.assertEqual([len(i["ids"]) for i in runner.invocations()], [1] * 6)
