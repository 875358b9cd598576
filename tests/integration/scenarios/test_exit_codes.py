"""Exit statuses are API."""

from harness import Scenario


class ExitCodes(Scenario):
    def test_passing_run_exits_0(self):
        self.fake_project({"a": "pass", "b": "pass", "c": "skip"})
        run = self.offload("run").expect_exit(0)
        report = run.expect_outcomes({"a": "passed", "b": "passed", "c": "skipped"})
        self.assertEqual(report.total("tests"), 3)
        self.assertEqual(report.total("skipped"), 1)
        self.assertEqual(report.total("failures"), 0)

    def test_failing_run_exits_1(self):
        self.fake_project({"good": "pass", "bad": "fail", "broken": "error"})
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"good": "passed", "bad": "failure", "broken": "error"})
        run.expect_said("bad", "broken", "on purpose")

    def test_flaky_run_exits_2(self):
        self.fake_project({"good": "pass", "shaky": ["fail", "pass"]}, retries=1)
        run = self.offload("run").expect_exit(2)
        run.expect_outcomes({"good": "passed", "shaky": "passed"})
        run.expect_said("shaky")

    def test_flaky_exit_code_can_be_chosen(self):
        self.fake_project({"shaky": ["fail", "pass"]}, retries=1)
        self.offload("run", "--flaky-exit-code", "0").expect_exit(0)

    def test_flaky_policy_is_a_key_that_the_flag_overrides(self):
        self.fake_project({"shaky": ["fail", "pass"] * 3}, retries=1, offload='flaky = "fail"')
        self.offload("run").expect_exit(1).expect_said("shaky", "the exit status of that is 1")
        self.offload("run", "--flaky-exit-code", "0").expect_exit(0)
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace('"fail"', '"pass"', 1))
        self.offload("run", "-q").expect_exit(0).expect_said("FLAKY")

    def test_flaky_exit_code_does_not_hide_a_failure(self):
        self.fake_project({"shaky": ["fail", "pass"], "bad": "fail"}, retries=1)
        self.offload("run", "--flaky-exit-code", "0").expect_exit(1)

    def test_summary_counts_failures_where_users_look_for_them(self):  # TRAPS 44
        self.fake_project({"one": "fail", "two": "fail", "three": "pass"})
        run = self.offload("run").expect_exit(1)
        self.assertRegex(run.out, r"(?m)^  Failed:  +2\b", run.describe())
        for name in ("one", "two"):
            self.assertIn(name, run.out, run.describe())

    def test_missing_config_exits_1_and_says_where_it_looked(self):
        self.offload("run").expect_exit(1).expect_said("offload.toml")

    def test_bad_config_exits_1_with_every_place(self):
        self.write({"offload.toml": """
            [offload]
            max_parallel = "many"
            sandbox_project_root = "."
            [provider]
            type = "nowhere"
            [framework]
            type = "pytest"
            [groups.all]
            retry_count = -1
            """})
        run = self.offload("run").expect_exit(1)
        run.expect_said("offload.toml:2:", "offload.toml:5:", "offload.toml:9:", "nowhere")

    def test_unknown_option_is_no_success(self):
        self.fake_project({"a": "pass"})
        run = self.offload("run", "--no-such-option")
        self.assertNotEqual(run.status, 0)
        run.expect_said("--no-such-option")

    def test_zero_tests_exit_1(self):  # TRAPS 9, 15
        runner = self.fake_project({})
        run = self.offload("run").expect_exit(1)
        run.expect_said("ids.txt")
        self.assertEqual(runner.executions(), [])
