"""Whatever ends a run, nothing of it stays behind, and what did run is reported."""

import os
import signal

from harness import Scenario


class Cleanliness(Scenario):
    def interrupted(self, signal_number, tests, groups=None):
        runner = self.fake_project(
            tests, groups=groups or {"all": "schedule_individual = true"},
            offload="max_parallel = 3")
        process = self.start("run")
        self.wait_for(lambda: set(runner.executed()) >= set(tests), "all tests to have begun")
        done = [t for t, word in tests.items() if word != "hang"]
        self.wait_for(
            lambda: sum("ended" in i for i in runner.invocations()) >= len(done), "some to end")
        os.kill(process.pid, signal_number)
        return self.finish(process, timeout=60)

    def test_ctrl_c_ends_everything(self):  # TRAPS 24, 27
        run = self.interrupted(signal.SIGINT, {"a": "pass", "b": "hang", "c": "hang"})
        run.expect_exit(130)
        self.assertEqual(self.processes(), {}, run.describe())
        report = run.junit()
        self.assertEqual(report["a"].outcome, "passed", run.describe())
        self.assertEqual(report["b"].type, "not-run", run.describe())
        self.assertEqual(len(report.cases), 3)

    def test_sigterm_ends_everything(self):  # TRAPS 24, 27
        run = self.interrupted(signal.SIGTERM, {"a": "pass", "b": "hang"})
        run.expect_exit(143)
        self.assertEqual(self.processes(), {}, run.describe())
        self.assertEqual(run.junit()["a"].outcome, "passed")

    def test_children_that_ignore_signals_are_ended(self):  # TRAPS 27
        self.write({"run.sh": """
            #!/bin/sh
            trap '' INT TERM HUP
            sh -c 'trap "" INT TERM HUP; while :; do sleep 1; done' &
            touch begun
            while :; do sleep 1; done
            """})
        self.config("""
            type = "default"
            discover_command = "echo a # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        process = self.start("run")
        self.wait_for((self.project / "begun").exists, "the test to begin")
        os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=60).expect_exit(130)
        self.assertEqual(self.processes(), {}, run.describe())

    def test_background_children_of_a_test_are_ended(self):  # TRAPS 27
        self.write({"run.sh": """
            #!/bin/sh
            sleep 1000 &
            setsid sleep 1001 > /dev/null 2>&1 &
            echo '<testsuite><testcase name="a"/></testsuite>' > "$1"
            """})
        self.config("""
            type = "default"
            discover_command = "echo a # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run").expect_exit(0).expect_outcomes({"a": "passed"})
        self.assertEqual(self.processes(), {})

    def test_ctrl_c_during_a_hanging_discovery(self):  # TRAPS 20, 27
        self.config("""
            type = "default"
            discover_command = "touch begun; sleep 1000; echo a # {filters}"
            run_command = "true {result_file} {tests}"
            test_id_format = "{name}"
            """)
        process = self.start("run")
        self.wait_for((self.project / "begun").exists, "discovery to begin")
        os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=60).expect_exit(130)
        self.assertEqual(self.processes(), {}, run.describe())

    def test_repeated_ctrl_c_does_not_leave_processes(self):  # TRAPS 24, 27
        runner = self.fake_project({"a": "hang"})
        process = self.start("run")
        self.wait_for(lambda: runner.executed(), "the test to begin")
        for _ in range(3):
            if process.poll() is None:
                os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=60)
        self.assertEqual(run.status, 130, run.describe())
        self.assertEqual(self.processes(), {}, run.describe())
        # It ended at once, so that its temporary folders may still be there.
        self.offload("cleanup").expect_exit(0)

    def test_two_runs_at_once_do_not_meet(self):  # TRAPS 10
        tests = {f"t{i}": "sleep-0.05" for i in range(10)}
        self.fake_project(tests, framework='result_file = "out.xml"')
        first = self.project / "offload.toml"
        text = first.read_text()
        (self.project / "second.toml").write_text(
            text.replace("[report]", '[report]\noutput_dir = "second-results"'))
        processes = [self.start("run"), self.start("run", "-c", "second.toml")]
        runs = [
            self.finish(processes[0]),
            self.finish(processes[1], output_dir=self.project / "second-results"),
        ]
        for run in runs:
            run.expect_exit(0).expect_outcomes(dict.fromkeys(tests, "passed"))

    def test_a_run_without_a_home_or_a_cache_folder(self):
        self.fake_project({"a": "pass"})
        self.offload("run", env={"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
                     ).expect_exit(0)

    def test_stdin_of_the_user_is_not_eaten_by_tests(self):
        self.write({"run.sh": """
            #!/bin/sh
            cat > swallowed
            echo '<testsuite><testcase name="a"/></testsuite>' > "$1"
            """})
        self.config("""
            type = "default"
            discover_command = "echo a # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        reading, writing = os.pipe()
        os.write(writing, b"for the user's shell\n")
        try:
            self.offload("run", stdin=reading).expect_exit(0)
            self.assertEqual((self.project / "swallowed").read_text(), "")
        finally:
            os.close(reading)
            os.close(writing)

    def test_reports_are_written_though_tests_remove_their_folder(self):
        self.write({"run.sh": """
            #!/bin/sh
            rm -rf test-results
            broken=
            [ "$2" != b ] || { echo "b is broken"; broken='<failure message="no"/>'; }
            echo "<testsuite><testcase name=\\"$2\\">$broken</testcase></testsuite>" > "$1"
            [ -z "$broken" ]
            """})
        self.config("""
            type = "default"
            discover_command = "printf 'a\\nb\\nc\\n' # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """, groups={"all": "schedule_individual = true"}, offload="max_parallel = 1")
        run = self.offload("run").expect_exit(1)
        self.assertEqual(run.junit().outcomes(), {"a": "passed", "b": "failure", "c": "passed"})
        self.offload("logs", "--test", "b").expect_said("b [FAILED]")
        self.assertNotIn("cannot", run.describe())
        rerun = self.offload("run", "--failed").expect_exit(1)
        self.assertEqual(rerun.junit().outcomes(), {"a": "passed", "b": "failure", "c": "passed"})

    def test_a_plugin_does_not_remove_what_others_save(self):
        """Pytest-playwright's fixture; the browser it comes for is of no matter here."""
        self.write({"pytest_playwright/__init__.py": "", "pytest_playwright/pytest_playwright.py": """
            import os, pytest, shutil
            @pytest.fixture(scope="session", autouse=True)
            def delete_output_dir():
                if os.path.exists("test-results"):
                    shutil.rmtree("test-results")
            """, "test_a.py": """
            import pytest
            @pytest.mark.parametrize("n", range(20))
            def test_saves(n): open("test-results/%d.png" % n, "w").close()
            """, "pytest.ini": "[pytest]\naddopts = -p pytest_playwright.pytest_playwright\n"})
        for keys in ("", '\nworker = "off"'):
            with self.subTest(keys):
                self.config('type = "pytest"' + keys, offload="max_parallel = 3")
                self.offload("run").expect_exit(0)
                self.assertEqual(len(list(self.project.glob("test-results/*.png"))), 20)
