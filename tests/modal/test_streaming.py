"""Streaming workers in Modal's sandboxes: one pytest process each, told test by test what to run."""

import json
import re
import subprocess
import sys
import unittest

from modal_scenario import HERE, PYTEST, ModalScenario

sys.path.insert(0, str(HERE.parent / "integration/scenarios"))
import test_workers as local  # noqa: E402

# Beside what plain pytest survives. The hang is in the middle, so that a worker has done something
# before it and has something left.
TROUBLES = {
    "tests/test_crash.py": """
        import os, signal
        def test_before(): pass
        def test_dies(): os.kill(os.getpid(), signal.SIGSEGV)
        def test_after(): pass
        def test_leaves(): os._exit(0)
        def test_at_last(): pass
        """,
    "tests/test_hang.py": """
        import time
        def test_before(): pass
        def the_place_where_it_hangs(): time.sleep(3600)
        def test_hangs(): the_place_where_it_hangs()
        def test_after(): pass
        """,
}
TROUBLED = {
    "tests/test_crash.py::test_before": "passed",
    "tests/test_crash.py::test_dies": "error",
    "tests/test_crash.py::test_after": "passed",
    "tests/test_crash.py::test_leaves": "error",
    "tests/test_crash.py::test_at_last": "passed",
    "tests/test_hang.py::test_before": "passed",
    "tests/test_hang.py::test_hangs": "error",
    "tests/test_hang.py::test_after": "passed",
}
# Whose the teardown of a module is, and how often a package is set up, depends on what runs where.
MIXED = {name: text for name, text in local.MIXED.items()
         if name != "tests/test_late.py" and not name.startswith("tests/pkg/")}


class Streaming(ModalScenario):
    timeout = 280.0

    def set_limit(self, seconds):
        config = self.project / "offload.toml"
        text = config.read_text()
        self.assertIn("test_timeout_secs = 120", text)
        config.write_text(text.replace("test_timeout_secs = 120", f"test_timeout_secs = {seconds}"))

    def plain_pytest(self):
        """{ID: outcome} as pytest itself has them, without Offload."""
        path = self.root / "plain.json"
        subprocess.run(
            [PYTEST, "-m", "pytest", "-q", "-p", "outcomes", "--maxfail=1000", "tests"],
            cwd=self.project, stdout=subprocess.DEVNULL, timeout=self.timeout,
            env={**self.env, "SUITES_OUTCOMES": str(path), "PYTHONDONTWRITEBYTECODE": "1",
                 "PYTHONPATH": str(HERE.parent / "suites")})
        return json.loads(path.read_text())

    def test_verdicts_are_those_of_plain_pytest(self):  # TRAPS 18, 19
        self.modal_project(MIXED)
        expected = self.plain_pytest()
        self.assertGreater(len(expected), 15)
        self.modal_project(TROUBLES, slots=4)
        self.set_limit(10)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({**expected, **TROUBLED})
        self.assertEqual(report["tests/test_crash.py::test_dies"].type, "crash")
        self.assertIn("SIGSEGV", report["tests/test_crash.py::test_dies"].text)
        self.assertEqual(report["tests/test_crash.py::test_leaves"].type, "crash")
        hang = report["tests/test_hang.py::test_hangs"]
        self.assertEqual(hang.type, "timeout", run.describe())
        self.assertIn("the_place_where_it_hangs", hang.text)
        # A worker per sandbox; and what one held when a test ended it may go to all of them.
        self.assertLessEqual(len(run.logs()), 4 + 3 * 4, run.describe())
        run.expect_not_said("before their first test")

    def test_one_process_per_sandbox(self):
        """Many tests in few processes, and what a test reads is not what the worker is told."""
        self.modal_project({"pytest.ini": local.IN_ORDER, **{f"tests/test_{n}.py": """
            import os, pytest, sys
            @pytest.mark.parametrize("n", range(50))
            def test_it(n, record_property):
                record_property("process", os.getpid())
                assert sys.stdin.read() == ""
            """ for n in range(4)}}, slots=3, framework=
            f'type = "pytest"\ncommand = "{PYTEST} -m pytest -s"')
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 200)
        self.assertLessEqual(len(run.logs()), 3, run.describe())
        text = (self.output_dir / "junit.xml").read_text()
        self.assertLessEqual(len(set(re.findall(r'name="process" value="(\d+)"', text))), len(run.logs()))

    def test_retries_in_a_process_that_still_lives_and_after_a_crash(self):
        self.modal_project({"pytest.ini": local.IN_ORDER, "tests/test_r.py": """
            import os
            def test_a(): pass
            def test_flaky(): assert os.environ["OFFLOAD_ATTEMPT"] == "2"
            def test_crashes_once():
                if os.environ["OFFLOAD_ATTEMPT"] == "1": os._exit(9)
            def test_never(): assert False
            def test_b(): pass
            """}, slots=2, retries=1)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({
            "tests/test_r.py::test_a": "passed", "tests/test_r.py::test_b": "passed",
            "tests/test_r.py::test_flaky": "passed", "tests/test_r.py::test_never": "failure",
            "tests/test_r.py::test_crashes_once": "passed"})
        self.assertEqual(report["tests/test_r.py::test_flaky"].count("flakyFailure"), 1)
        self.assertEqual(report["tests/test_r.py::test_crashes_once"].count("flakyError"), 1)

    def test_a_lost_sandbox_is_nobodys_failure(self):  # TRAPS 23
        self.modal_project({"pytest.ini": local.IN_ORDER, "tests/test_s.py": """
            import pytest, time
            @pytest.mark.parametrize("n", range(60))
            def test_it(n): time.sleep(0.2)
            """}, slots=3)
        process = self.start("run")
        journal = self.output_dir / "journal.ndjson"
        told = lambda: journal.read_text() if journal.exists() else ""
        self.wait_for(lambda: told().count('"event":"attempt_finished"') > 6, "results", 90)
        self.server.lose(self.server.created[0])
        run = self.finish(process).expect_exit(0)
        run.expect_outcomes({f"tests/test_s.py::test_it[{n}]": "passed" for n in range(60)})


if __name__ == "__main__":
    unittest.main()
