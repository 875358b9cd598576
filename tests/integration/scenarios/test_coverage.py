"""Coverage of a run on this machine: one data file and the reports, as plain pytest leaves them."""

import json
import signal
import subprocess
import unittest

from harness import PytestScenario, with_pytest

# What one test alone reaches, what several reach, what none does; a child process; branches.
PROJECT = {
    "lib/__init__.py": "",
    "lib/both.py": """
        def choose(flag):
            if flag:
                return "yes"
            return "no"
        def never():
            return "never"
        """,
    "lib/one.py": "def one():\n    return 1\n",
    "lib/child.py": "import lib.both\nlib.both.choose(True)\nprint('child')\n",
    "lib/untouched.py": "def untouched():\n    return 0\n",
    "tests/conftest.py": """
        import pytest
        @pytest.fixture(scope="session")
        def shared():
            from lib import one
            return one.one()
        """,
    "tests/test_a.py": """
        from lib import both
        def test_true(): assert both.choose(True) == "yes"
        def test_shared(shared): assert shared == 1
        """,
    "tests/test_b.py": """
        import subprocess, sys
        from lib import both
        def test_false(): assert both.choose(False) == "no"
        def test_child(): subprocess.run([sys.executable, "-m", "lib.child"], check=True)
        """,
    "tests/test_c.py": "def test_nothing(): pass\n",
}

READ = """
import coverage, json, os
data = coverage.CoverageData({file!r})
data.read()
found = {{}}
for name in sorted(data.measured_files()):
    found[os.path.relpath(name)] = [
        sorted(data.lines(name)),
        sorted(map(list, data.arcs(name) or [])),
        sorted((line, sorted(c)) for line, c in data.contexts_by_lineno(name).items()),
    ]
print(json.dumps([data.has_arcs(), found]))
"""


class Coverage(PytestScenario):
    def setUp(self):
        super().setUp()
        self.env["PYTHONPATH"] = "."

    def project_with(self, settings="", addopts="", run_args="--cov=lib", files=None, **sections):
        answer = subprocess.run([self.python, "-c", "import pytest_cov"], stderr=subprocess.DEVNULL)
        if answer.returncode:
            raise unittest.SkipTest("pytest-cov is not installed")
        extra = {"pytest.ini": f"[pytest]\naddopts = -p no:randomly {addopts}\n"}
        if settings:
            extra[".coveragerc"] = settings
        framework = f"run_args = {json.dumps(run_args)}\n" + sections.pop("framework", "")
        self.pytest_project({**PROJECT, **extra, **(files or {})}, framework=framework, **sections)

    def pytest(self, *arguments):
        return subprocess.run([self.python, "-m", "pytest", "-q", *arguments, "tests"],
                              cwd=self.project, env=self.env, capture_output=True, text=True)

    def measured(self, file=".coverage"):
        self.assertTrue((self.project / file).is_file(), f"no {file}")
        answer = subprocess.run([self.python, "-c", READ.format(file=file)], cwd=self.project,
                                capture_output=True, text=True, check=True)
        return json.loads(answer.stdout)

    def data_files(self, base=".coverage"):
        return sorted(p.name for p in self.project.iterdir()
                      if p.name.startswith(base) and p.name != ".coveragerc")

    def equals_plain_pytest(self, *cov, base=".coverage", **project):
        """In workers and in batches: the same data as pytest's, and no other file beside it."""
        words = " ".join(cov)
        for worker, run_args, addopts in (("auto", words, ""), ("auto", "", words), ("off", words, "")):
            with self.subTest(worker=worker, run_args=run_args):
                self.project_with(framework=f'worker = "{worker}"\n', run_args=run_args,
                                  addopts=addopts, **project)
                self.assertEqual(self.pytest(*cov).returncode, 0)
                expected = self.measured(base)
                self.assertIn("lib/both.py", expected[1])
                (self.project / base).unlink()
                run = self.offload("run").expect_exit(0)
                self.assertEqual(self.measured(base), expected, run.describe())
                self.assertEqual(self.data_files(base), [base])
        return run

    @with_pytest(7, 8, 9)
    def test_the_union_is_what_pytest_measures(self):
        run = self.equals_plain_pytest("--cov=lib")
        self.assertRegex(run.out, r"lib/both\.py +\d+ +\d+ +\d+%")

    @with_pytest(8)
    def test_branches_contexts_and_a_data_file_elsewhere(self):
        self.equals_plain_pytest(
            "--cov", "--cov-branch", "--cov-context=test", base="measured.data",
            settings="[run]\nsource = lib\ndata_file = measured.data\n")

    @with_pytest(8)
    def test_children_and_relative_paths(self):
        self.equals_plain_pytest(
            "--cov=lib", settings="[run]\nparallel = true\nrelative_files = true\npatch = subprocess\n")

    @with_pytest(8)
    def test_reports_that_were_asked_for_are_made_once_of_the_whole(self):
        self.project_with(addopts="--cov=lib --cov-report=xml --cov-report=term-missing",
                          run_args="--cov-report=json:out/cov.json")
        run = self.offload("run").expect_exit(0)
        told = json.loads((self.project / "out/cov.json").read_text())
        self.assertEqual(told["files"]["lib/both.py"]["missing_lines"], [6])
        self.assertIn('filename="both.py"', (self.project / "coverage.xml").read_text())
        self.assertRegex(run.out, r"lib/both\.py +6 +1 +83% +6\n")
        run.expect_not_said("warning")

    @with_pytest(8)
    def test_other_reports_stay_those_of_the_tests(self):
        self.project_with(run_args="--cov=lib --junitxml=own.xml", offload="max_parallel = 1")
        self.offload("run").expect_exit(0)
        self.assertEqual((self.project / "own.xml").read_text().count("<testcase"), 5)

    @with_pytest(8)
    def test_coverage_that_is_too_low_fails_the_run(self):
        self.project_with(run_args="--cov=lib --cov-fail-under=95")
        run = self.offload("run").expect_exit(1).expect_said("--cov-fail-under")
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"})
        self.project_with(run_args="--cov=lib --cov-fail-under=50")
        self.offload("run").expect_exit(0)

    @with_pytest(8)
    def test_data_of_before_are_erased_or_kept_as_asked(self):
        self.project_with(files={"lib/gone.py": "x = 1\n", "tests/test_old.py": "def test_x(): import lib.gone\n"})
        self.offload("run").expect_exit(0)
        self.assertEqual(self.measured()[1]["lib/gone.py"][0], [1])
        (self.project / "tests/test_old.py").write_text("def test_x(): pass\n")
        self.offload("run").expect_exit(0)
        self.assertEqual(self.measured()[1]["lib/gone.py"][0], [])
        (self.project / "tests/test_old.py").write_text("def test_x(): import lib.gone\n")
        self.offload("run").expect_exit(0)
        (self.project / "tests/test_old.py").write_text("def test_x(): pass\n")
        self.project_with(run_args="--cov=lib --cov-append", files={"lib/gone.py": "x = 1\n"})
        self.offload("run").expect_exit(0)
        self.assertEqual(self.measured()[1]["lib/gone.py"][0], [1])

    @with_pytest(8)
    def test_groups_make_one_whole(self):
        self.project_with(run_args="--cov=lib", groups={
            "a": 'filters = "-k true"', "b": 'filters = "-k \'not true\'"'})
        self.offload("run").expect_exit(0)
        measured = self.measured()
        (self.project / ".coverage").unlink()
        self.assertEqual(self.pytest("--cov=lib").returncode, 0)
        self.assertEqual(measured, self.measured())

    @with_pytest(8)
    def test_one_of_the_groups_may_measure(self):
        self.project_with(run_args="", groups={
            "a": 'filters = "-k true"', "b": 'filters = "-k \'not true\' --cov=lib"'})
        self.offload("run").expect_exit(0).expect_not_said("warning")
        self.assertEqual(self.measured()[1]["lib/both.py"][0], [1, 2, 4, 5])

    @with_pytest(8)
    def test_a_process_that_died_is_named(self):
        self.project_with(files={"tests/test_d.py": """
            import os
            def test_dies(): os._exit(3)
            """})
        run = self.offload("run").expect_exit(1)
        run.expect_matches(r"the coverage measured in batch-\d+ is lost")
        self.assertEqual(run.junit().outcomes()["tests/test_d.py::test_dies"], "error")
        self.assertIn("lib/both.py", self.measured()[1])

    @with_pytest(8)
    def test_nothing_measured_is_nothing_lost(self):
        """Neither where no line of the source ran, nor of workers that got no test."""
        self.project_with(run_args="--cov=not_there", offload="max_parallel = 4")
        self.offload("run").expect_exit(0).expect_not_said("is lost")
        self.project_with(run_args="", addopts="--cov=lib", offload="max_parallel = 4")
        self.offload("run").expect_exit(0).expect_not_said("is lost")

    @with_pytest(8)
    def test_no_report_of_a_failed_run_where_that_is_asked(self):
        failing = {"tests/test_d.py": "def test_fails(): assert False\n"}
        self.project_with(run_args="--cov=lib --cov-report=xml --no-cov-on-fail", files=failing)
        self.offload("run").expect_exit(1)
        self.assertFalse((self.project / "coverage.xml").exists())
        self.project_with(run_args="--cov=lib --cov-report=xml", files=failing)
        self.offload("run").expect_exit(1)
        self.assertTrue((self.project / "coverage.xml").exists())

    @with_pytest(8)
    def test_coverage_that_breaks_changes_no_verdict(self):
        """The last session cannot write: nobody's test fails, and the run says what is missing."""
        self.project_with(settings="[run]\ndata_file = no-folder/data\n", run_args="--cov=lib",
                          files={"no-folder": "a file, not a folder\n"})
        run = self.offload("run").expect_exit(0)
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"})
        run.expect_said("could not be combined")

    @with_pytest(8)
    def test_without_coverage_nothing_is_left_and_nothing_said(self):
        for run_args in ("", "--cov=lib --no-cov", "-p no:cov"):
            with self.subTest(run_args):
                self.project_with(run_args=run_args)
                run = self.offload("run").expect_exit(0).expect_not_said("coverage", "warning")
                self.assertEqual(self.data_files(), [])

    @with_pytest(8)
    def test_ctrl_c_during_the_last_session(self):  # TRAPS 27
        self.project_with(run_args="--cov=lib", files={"conftest.py": """
            import time
            def pytest_sessionfinish(session):
                mode = session.config.pluginmanager.getplugin("offload-mode")
                if type(mode).__name__ == "Conclusion":
                    open("begun", "w").close()
                    time.sleep(1000)
            """})
        process = self.start("run")
        self.wait_for((self.project / "begun").exists, "the last session to begin")
        process.send_signal(signal.SIGINT)
        run = self.finish(process).expect_exit(130)
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"})
