"""What a runner says of itself: an exit status that no test's failure explains."""

from harness import PytestScenario, Scenario, with_pytest

GATE = """
    def pytest_sessionfinish(session, exitstatus):
        {body}
"""


class RunnerFailures(Scenario):
    def project_of(self, status, outcome="", tests=("a", "b"), before=":", retry_count=0):
        self.write({"run.sh": f"""
            #!/bin/sh
            result=$1
            shift
            {before}
            {{
                echo '<testsuite>'
                for id; do echo "<testcase name=\\"$id\\">{outcome}</testcase>"; done
                echo '</testsuite>'
            }} >"$result"
            echo 'one handle was never closed'
            exit {status}
            """})
        self.config(f"""
            type = "default"
            discover_command = "printf '%s\\\\n' {' '.join(tests)} # {{filters}}"
            run_command = "./run.sh {{result_file}} {{tests}}"
            test_id_format = "{{name}}"
            """, groups={"all": f"retry_count = {retry_count}"})

    def test_a_report_that_contradicts_the_status_fails_the_run(self):  # TRAPS 51
        self.project_of(3)
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        report = run.junit()
        self.assertEqual(report["a"].outcome, "passed", run.describe())
        self.assertEqual(report["b"].outcome, "passed", run.describe())
        entry = report["batch 0: exit status 3"]
        self.assertEqual(entry.outcome, "error", run.describe())
        self.assertIn("one handle was never closed", entry.text)
        self.assertEqual(run.log_outcomes(), ["failure"])
        run.expect_said("batch 0: exit status 3")

    def test_of_batches_that_end_alike_one_is_told(self):  # TRAPS 51
        self.project_of(3, tests=[f"t{i}" for i in range(8)])
        run = self.offload("run", "--parallel", "4").expect_exit(1)
        errors = [case for case in run.junit().cases if case.outcome == "error"]
        self.assertEqual(len(errors), 1, run.describe())

    def test_a_status_that_a_failed_test_explains_says_nothing_more(self):
        self.project_of(3, '<failure/>')
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        run.expect_outcomes({"a": "failure", "b": "failure"})

    def together(self, retry_count):
        """A runner that dies with more than three tests at once, and says nothing of any of them."""
        dies = "[ $# -gt 3 ] && { echo 'the heap is corrupted' >&2; kill -SEGV $$; }"
        self.project_of(0, tests=[f"t{i}" for i in range(1, 7)], before=dies,
                        retry_count=retry_count)

    def test_a_death_that_does_not_happen_again_is_no_pass(self):  # TRAPS 19
        self.together(retry_count=0)
        for again in ([], ["--failed"]):
            run = self.offload("run", "--parallel", "1", *again).expect_exit(1)
            report = run.junit()
            self.assertEqual([report[f"t{i}"].outcome for i in range(1, 7)], ["passed"] * 6)
            entries = [case for case in report.cases if case.name.startswith("batch ")]
            self.assertEqual([case.outcome for case in entries], ["error"], run.describe())
            self.assertIn("the heap is corrupted", entries[0].text)

    def test_with_retries_such_a_death_is_flaky(self):
        self.together(retry_count=1)
        run = self.offload("run", "--parallel", "1").expect_exit(2)
        run.expect_said("FLAKY")
        self.assertEqual(run.junit()["batch 0: exit status 139 (SIGSEGV)"].count("flakyError"), 1)

    def test_skips_of_tests_that_another_batch_runs_are_no_strangers(self):
        self.write({"run.sh": """
            #!/bin/sh
            result=$1
            shift
            {
                echo '<testsuite>'
                for id in a b c d e f; do
                    case " $* " in
                        *" $id "*) echo "<testcase name=\\"$id\\"/>" ;;
                        *) echo "<testcase name=\\"$id\\"><skipped/></testcase>" ;;
                    esac
                done
                echo '</testsuite>'
            } >"$result"
            """})
        self.config("""
            type = "default"
            discover_command = "printf '%s\\\\n' a b c d e f # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run", "--parallel", "3").expect_exit(0)
        run.expect_outcomes(dict.fromkeys("abcdef", "passed"))
        run.expect_not_said("unknown", "no discovered test")

    def test_a_runner_that_never_leaves_results_is_told_soon(self):  # TRAPS 58
        self.write({"run.sh": """
            #!/bin/sh
            echo run >>runs
            """})
        self.config("""
            type = "default"
            discover_command = "seq 1 40 # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run", "--parallel", "3").expect_exit(1)
        run.expect_said("{result_file}")
        cases = run.junit().cases
        self.assertEqual({case.type for case in cases}, {"not-run"}, run.describe())
        self.assertLessEqual(len((self.project / "runs").read_text().split()), 5, run.describe())


class PytestSessions(PytestScenario):
    def gate(self, body, *arguments):
        self.pytest_project(
            {"tests/test_a.py": "def test_one(): pass\ndef test_two(): pass\n",
             "conftest.py": GATE.format(body=body)},
            framework='worker = "off"' if "batches" in arguments else "")
        return self.offload("run", "--parallel", "1")

    @with_pytest(7, 8, 9)
    def test_a_gate_at_the_end_of_the_session_fails_the_run(self):  # TRAPS 51
        for ways in ((), ("batches",)):
            with self.subTest(ways=ways):
                run = self.gate("session.exitstatus = 7", *ways).expect_exit(1)
                report = run.junit()
                self.assertEqual(report["tests/test_a.py::test_one"].outcome, "passed")
                self.assertEqual(report["batch 0: exit status 7"].outcome, "error")

    @with_pytest(8)
    def test_a_hook_that_raises_there_is_shown(self):  # TRAPS 51
        run = self.gate("raise AssertionError('leak check failed')").expect_exit(1)
        run.expect_said("leak check failed")
