"""pytest that crashes, hangs, is interrupted or cannot be reached."""

import os
import signal

from harness import PytestScenario, with_pytest

NAMES = ["test_a", "test_b", "test_c", "test_d", "test_e"]
IN_ORDER = {"pytest.ini": "[pytest]\naddopts = -p no:randomly\n"}


def five(body):
    """Five tests, the third of which does this."""
    lines = [f"def {n}():\n    {body if n == 'test_c' else 'pass'}" for n in NAMES]
    return {**IN_ORDER, "tests/test_x.py": "import ctypes, os, signal, time\n" + "\n".join(lines) + "\n"}


def expected(outcome):
    return {f"tests/test_x.py::{n}": outcome if n == "test_c" else "passed" for n in NAMES}


class PytestLosses(PytestScenario):
    def crash(self, body):
        self.pytest_project(five(body), offload="max_parallel = 1")
        run = self.offload("run").expect_exit(1)
        case = run.expect_outcomes(expected("error"))["tests/test_x.py::test_c"]
        self.assertEqual(case.type, "crash", run.describe())
        return run

    @with_pytest(7, 8, 9)
    def test_exit_in_the_middle_of_a_batch(self):  # TRAPS 19
        self.crash("os._exit(3)")

    @with_pytest(7, 8, 9)
    def test_exit_0_in_the_middle_of_a_batch(self):  # TRAPS 19
        self.crash("os._exit(0)")

    @with_pytest(7, 8, 9)
    def test_segfault_in_the_middle_of_a_batch(self):  # TRAPS 19
        self.crash("ctypes.string_at(1)")

    @with_pytest(8)
    def test_kill_in_the_middle_of_a_batch(self):  # TRAPS 19
        run = self.crash("os.kill(os.getpid(), signal.SIGKILL)")
        run.expect_said("killed (137): out of memory?")

    @with_pytest(8)
    def test_crash_is_retried(self):  # TRAPS 19
        body = "(os.path.exists('once') or open('once', 'w') and os._exit(9))"
        self.pytest_project(five(body), groups={"all": "retry_count = 1"})
        run = self.offload("run").expect_exit(2)
        report = run.expect_outcomes(expected("passed"))
        self.assertEqual(report["tests/test_x.py::test_c"].count("flakyError"), 1, run.describe())

    @with_pytest(8)
    def test_system_exit_and_keyboard_interrupt_in_a_test(self):
        for body in ("raise SystemExit(0)", "raise KeyboardInterrupt"):
            self.pytest_project(five(body), offload="max_parallel = 1")
            run = self.offload("run").expect_exit(1)
            outcomes = run.junit().outcomes()
            self.assertIn(outcomes.pop("tests/test_x.py::test_c"), ("failure", "error"))
            self.assertEqual(set(outcomes.values()), {"passed"}, run.describe())

    @with_pytest(7, 8, 9)
    def test_hang_is_named_and_the_rest_stands(self):  # TRAPS 18, 22
        self.pytest_project(five("time.sleep(3600)"),
                            offload="max_parallel = 1\ntest_timeout_secs = 8")
        run = self.offload("run").expect_exit(1)
        case = run.expect_outcomes(expected("error"))["tests/test_x.py::test_c"]
        self.assertEqual(case.type, "timeout", run.describe())

    @with_pytest(7, 8, 9)
    def test_ctrl_c_in_the_middle(self):  # TRAPS 24, 27
        self.pytest_project({**IN_ORDER, "tests/test_x.py": """
            import subprocess, time
            def test_a(): pass
            def test_b():
                subprocess.Popen(["sleep", "1000"], start_new_session=True)
                open("begun", "w").close()
                time.sleep(1000)
            def test_c(): pass
            """}, offload="max_parallel = 1")
        process = self.start("run")
        self.wait_for((self.project / "begun").exists, "the test to begin", 60)
        os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=60).expect_exit(130)
        self.assertEqual(self.processes(), {}, run.describe())
        report = run.junit()
        self.assertEqual(report["tests/test_x.py::test_a"].outcome, "passed", run.describe())
        self.assertEqual(report["tests/test_x.py::test_b"].type, "not-run", run.describe())
        self.assertEqual(report["tests/test_x.py::test_c"].type, "not-run", run.describe())

    def test_pytest_is_not_installed(self):
        self.write({"tests/test_x.py": "def test_x(): pass\n"})
        self.config('type = "pytest"\npython = "python3"\nextra_args = ["-S", "-E"]')
        run = self.offload("run").expect_exit(1)
        run.expect_said("No module named pytest", "pip install pytest")

    def test_no_such_interpreter(self):
        self.write({"tests/test_x.py": "def test_x(): pass\n"})
        self.config('type = "pytest"\npython = "/no/such/python"')
        self.offload("run").expect_exit(1).expect_said("/no/such/python", "127")

    @with_pytest(7, 8, 9)
    def test_plain_mode_where_the_plugin_cannot_be_loaded(self):  # TRAPS 1, 5, 7
        for option in ("-I", "-E"):
            self.write({"tests/test_x.py": """
                import pytest
                @pytest.mark.parametrize("x", ["two words", "a::b", "größe"])
                def test_p(x): pass
                class TestX:
                    def test_m(self): pass
                def test_bad(): assert 0
                def test_skip(): pytest.skip("no")
                """})
            self.config(f'type = "pytest"\npython = "{self.python}"\nextra_args = ["{option}"]',
                        offload="max_parallel = 2")
            run = self.offload("run").expect_exit(1)
            outcomes = run.junit().outcomes()
            self.assertEqual(sorted(outcomes.values()), ["failure"] + ["passed"] * 4 + ["skipped"],
                             run.describe())
            self.assertEqual(outcomes["tests/test_x.py::test_p[two words]"], "passed")
            self.assertEqual(outcomes["tests/test_x.py::TestX::test_m"], "passed")

    @with_pytest(8)
    def test_plain_mode_names_a_broken_module(self):  # TRAPS 2
        self.write({"tests/test_x.py": "def test_x(): pass\n",
                    "tests/test_broken.py": "import no_such_module_at_all\n"})
        self.config(f'type = "pytest"\npython = "{self.python}"\nextra_args = ["-E"]')
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(
            {"tests/test_x.py::test_x": "passed", "tests/test_broken.py": "error"})
        self.assertIn("No module named 'no_such_module_at_all'", report["tests/test_broken.py"].text)
        run.expect_said("no_such_module_at_all")
