"""Where results come from: result files of every kind, and none at all."""

from harness import Scenario


class ResultFiles(Scenario):
    def test_without_result_file_the_exit_status_decides(self):
        self.fake_project({"a": "pass", "b": "pass"}, run="- {tests}")
        run = self.offload("run", "--parallel", "1").expect_exit(0)
        report = run.junit()
        self.assertEqual({case.name for case in report.cases}, {"all_tests"}, run.describe())
        self.assertEqual({case.outcome for case in report.cases}, {"passed"})
        run.expect_matches(r"(?i)warning.*(exit status|result_file|flak)")

    def test_without_result_file_a_failed_batch_fails(self):
        runner = self.fake_project({"a": "pass", "b": "fail"}, retries=1, run="- {tests}")
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        outcomes = {case.outcome for case in run.junit().cases}
        self.assertIn("failure", outcomes, run.describe())
        self.assertEqual(runner.executed()["b"], 2)

    def test_without_result_file_a_run_is_never_flaky(self):
        self.fake_project({"a": ["fail", "pass"]}, retries=1, run="- {tests}")
        run = self.offload("run").expect_exit(0)
        self.assertNotIn("flakyFailure", (run.output_dir / "junit.xml").read_text())

    def test_result_file_placeholder_works_without_the_key(self):  # TRAPS 47
        self.fake_project({"a": "pass", "b": "fail"})
        self.offload("run").expect_exit(1).expect_outcomes({"a": "passed", "b": "failure"})

    def test_result_paths_are_unique_per_batch(self):  # TRAPS 3, 10
        tests = {f"t{i}": "pass" for i in range(8)}
        runner = self.fake_project(
            tests, framework='result_file = "build/out.xml"',
            groups={"all": "schedule_individual = true"},
        )
        (self.project / "build").mkdir()
        (self.project / "build/out.xml").write_text("<testsuite/>")
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes(dict.fromkeys(tests, "passed"))
        self.assertFalse(any(i["result_existed"] for i in runner.invocations()))

    def test_stale_result_file_is_never_credited(self):  # TRAPS 3
        for named in (True, False):
            with self.subTest(placeholder=named):
                self.tearDown()
                self.setUp()
                self.fake_project(
                    {"a": "exit-3"}, framework='result_file = "out.xml"',
                    run="{result_file} {tests}" if named else "out.xml {tests}",
                )
                stale = '<testsuite><testcase name="a"/></testsuite>'
                (self.project / "out.xml").write_text(stale)
                run = self.offload("run").expect_exit(1)
                self.assertEqual(run.junit().outcomes(), {"a": "error"}, run.describe())

    def test_shared_result_file_is_read_batch_by_batch(self):
        tests = {f"t{i}": "fail" if i == 3 else "pass" for i in range(6)}
        runner = self.fake_project(
            tests, framework='result_file = "shared.xml"', run="shared.xml {tests}",
            groups={"all": "schedule_individual = true"},
        )
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({t: "failure" if w == "fail" else "passed" for t, w in tests.items()})
        spans = sorted((i["began"], i["ended"]) for i in runner.invocations())
        for (_, ended), (began, _) in zip(spans, spans[1:]):
            self.assertLessEqual(ended, began, "two batches shared the file at once")
        self.assertFalse(any(i["result_existed"] for i in runner.invocations()))

    def test_text_around_the_xml_is_skipped(self):
        self.write({"run.sh": """
            #!/bin/sh
            result=$1; shift
            { echo 'added 3 packages, see <testsuite> docs'
              echo '<?xml version="1.0"?><testsuites><testsuite name="s">'
              for id; do printf '<testcase name="%s"/>\\n' "$id"; done
              echo '</testsuite></testsuites>'
              echo 'Done in 1 s.'; } > "$result"
            """})
        self.config("""
            type = "default"
            discover_command = "printf 'a\\nb\\n' # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        self.offload("run").expect_exit(0).expect_outcomes({"a": "passed", "b": "passed"})

    def test_cut_result_file_keeps_whole_cases_only(self):  # TRAPS 18
        self.write({"run.sh": """
            #!/bin/sh
            # The first batch writes half of a file and dies; alone, each test fails properly.
            result=$1; shift
            if [ $# -gt 1 ]; then
                printf '<testsuite><testcase name="a"/><testcase name="b">' > "$result"
                kill -9 $$
            fi
            printf '<testsuite><testcase name="%s"><failure message="no"/></testcase></testsuite>' \\
                "$1" > "$result"
            exit 1
            """})
        self.config("""
            type = "default"
            discover_command = "printf 'a\\nb\\n' # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        outcomes = run.junit().outcomes()
        self.assertIn(outcomes["b"], ("failure", "error"), run.describe())

    def test_stale_report_is_gone_before_tests_run(self):  # TRAPS 4
        runner = self.fake_project({"a": "pass"})
        self.write({"test-results/junit.xml": '<testsuite><testcase name="a" time="3"/></testsuite>'})
        self.offload("run").expect_exit(0).expect_outcomes({"a": "passed"})
        self.assertEqual([i["report_existed"] for i in runner.invocations()], [False])

    def test_stale_report_does_not_survive_a_failed_discovery(self):  # TRAPS 4
        self.config("""
            type = "default"
            discover_command = "exit 7 # {filters}"
            run_command = "true {tests} {result_file}"
            test_id_format = "{name}"
            """)
        self.write({"test-results/junit.xml": '<testsuite><testcase name="a"/></testsuite>'})
        run = self.offload("run").expect_exit(1)
        report = run.output_dir / "junit.xml"
        if report.exists():
            self.assertNotIn("a", run.junit().outcomes())
