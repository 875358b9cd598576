"""Which tests run: groups, IDs, fail-fast, parallelism."""

from harness import Scenario

GROUPS = {"x": 'filters = "x"', "y": 'filters = "y"'}


class Selection(Scenario):
    def grouped(self, behaviours):
        runner = self.fake_project(behaviours, groups=GROUPS)
        config = self.project / "offload.toml"
        text = config.read_text().replace("cat ", "grep {filters} ").replace(" # {filters}", "")
        config.write_text(text)
        return runner

    def test_only_named_groups_run(self):
        runner = self.grouped({"x1": "pass", "y1": "fail", "x2": "pass"})
        self.offload("run", "--group", "x").expect_exit(0).expect_outcomes(
            {"x1": "passed", "x2": "passed"})
        self.assertEqual(set(runner.executed()), {"x1", "x2"})

    def test_several_groups_can_be_named(self):
        self.grouped({"x1": "pass", "y1": "pass"})
        run = self.offload("run", "--group", "x", "--group", "y").expect_exit(0)
        run.expect_outcomes({"x1": "passed", "y1": "passed"})

    def test_unknown_group_is_an_error_that_lists_the_known(self):
        runner = self.grouped({"x1": "pass"})
        self.offload("run", "--group", "z").expect_exit(1).expect_said("z", "x", "y")
        self.assertEqual(runner.executions(), [])

    def test_test_in_two_groups_runs_once(self):  # TRAPS 14
        runner = self.grouped({"xy": "pass", "x": "pass"})
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"xy": "passed", "x": "passed"})
        self.assertEqual(runner.executed(), {"xy": 1, "x": 1})
        run.expect_matches(r"(?i)warning.*(group|both|more than one)")

    def test_empty_group_is_a_notice(self):  # TRAPS 15
        self.grouped({"x1": "pass"})
        self.offload("run").expect_exit(0).expect_outcomes({"x1": "passed"})

    def test_only_named_tests_run(self):
        runner = self.fake_project({"a b": "pass", "c": "fail", "d": "pass"})
        self.offload("run", "a b", "d").expect_exit(0).expect_outcomes(
            {"a b": "passed", "d": "passed"})
        self.assertEqual(set(runner.executed()), {"a b", "d"})

    def test_id_that_does_not_exist_is_an_error(self):
        self.fake_project({"alpha": "pass", "beta": "pass"})
        self.offload("run", "alphq").expect_exit(1).expect_said("alphq")

    def test_fail_fast_stops_the_run(self):
        tests = {"a": "fail", **{f"t{i}": "sleep-0.2" for i in range(20)}}
        runner = self.fake_project(tests, groups={"all": "schedule_individual = true"})
        run = self.offload("run", "--fail-fast", "--parallel", "1").expect_exit(1)
        self.assertIn("a", runner.executed())
        self.assertLess(len(runner.executed()), 21, run.describe())
        report = run.junit()
        self.assertEqual(report["a"].outcome, "failure")
        self.assertEqual(len(report.cases), 21, run.describe())
        self.assertIn("not-run", {case.type for case in report.cases})

    def test_fail_fast_waits_for_the_decided_failure(self):
        runner = self.fake_project({"shaky": ["fail", "pass"], "good": "pass"}, retries=1)
        self.offload("run", "--fail-fast", "--parallel", "1").expect_exit(2)
        self.assertEqual(runner.executed(), {"shaky": 2, "good": 1})

    def test_parallel_is_never_exceeded(self):
        tests = {f"t{i}": "sleep-0.1" for i in range(10)}
        runner = self.fake_project(tests, groups={"all": "schedule_individual = true"})
        self.offload("run", "--parallel", "2").expect_exit(0)
        events = []
        for invocation in runner.invocations():
            events += [(invocation["began"], 1), (invocation["ended"], -1)]
        running = most = 0
        for _, step in sorted(events):
            running += step
            most = max(most, running)
        self.assertLessEqual(most, 2)
        self.assertGreaterEqual(most, 1)

    def test_environment_reaches_the_tests(self):  # TRAPS 31
        runner = self.fake_project(
            {"a": "pass"},
            provider='type = "local"\nenv = { ONE = "config", TWO = "config" }',
        )
        self.offload("run", "--env", "TWO=it's \"here\" $HOME").expect_exit(0)
        env = runner.invocations()[0]["env"]
        self.assertEqual(env["ONE"], "config")
        self.assertEqual(env["TWO"], "it's \"here\" $HOME")
        for name in ("OFFLOAD_ROOT", "OFFLOAD_RUN_ID", "OFFLOAD_SANDBOX_ID", "OFFLOAD_BATCH",
                     "OFFLOAD_PARALLEL_INDEX", "OFFLOAD_ATTEMPT"):
            self.assertIn(name, env)

    def test_working_dir_is_where_tests_run(self):  # TRAPS 31
        runner = self.fake_project({"a": "pass"}, offload='working_dir = "sub"')
        (self.project / "sub").mkdir()
        self.offload("run").expect_exit(0)
        self.assertEqual(runner.invocations()[0]["cwd"], str(self.project / "sub"))
