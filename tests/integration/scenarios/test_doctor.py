"""offload doctor: which tests are not safe to run in parallel, and why."""

import os
import pathlib

from harness import PytestScenario, Scenario, with_pytest

IN_ORDER = "[pytest]\naddopts = -p no:randomly\n"

# Two tests that meet where others run beside them: the one that comes second finds the other's lock.
MEETING = """
    import os, pathlib, time
    def wait(path):
        for _ in range(600):
            if path.exists():
                return
            time.sleep(0.1)
    def test_{me}():
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
        if run is not None:
            pathlib.Path(run + "-{me}").touch()
            wait(pathlib.Path(run + "-{other}"))
        try:
            os.mkdir("lock")
        finally:
            if run is not None:
                pathlib.Path(run + "-{me}-tried").touch()
        if run is not None:
            wait(pathlib.Path(run + "-{other}-tried"))
        os.rmdir("lock")
    """


class Doctor(PytestScenario):
    def examine(self, *arguments, **options):
        return self.offload("doctor", *arguments, **options)

    def rows(self, run):
        """The reasons by test."""
        table = [line for line in run.out.splitlines() if "::" in line.split(" ")[0]]
        return {line.split(" ")[0]: line.split("  ")[-1].strip() for line in table}

    @with_pytest(7, 8, 9)
    def test_a_suite_that_is_safe(self):
        files = {f"tests/test_{n}.py": "def test_good(): pass\ndef test_bad(): assert 0\n" for n in range(3)}
        self.pytest_project({"pytest.ini": IN_ORDER, **files})
        run = self.examine().expect_exit(0)
        self.assertEqual(run.out, "SAFE in parallel: 6 tests ended the same in all runs.\n")
        self.assertEqual(self.rows(self.examine("-v").expect_exit(0)),
                         {f"tests/test_{n}.py::test_{what}": outcome for n in range(3)
                          for what, outcome in (("good", "passed"), ("bad", "failed"))})

    @with_pytest(8)
    def test_tests_that_depend_on_their_order(self):
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_needs.py": """
            state = {}
            def test_one(): state["x"] = 1
            def test_two(): pass
            def test_three(): assert state["x"] == 1
            """, "tests/test_spoilt.py": """
            state = {}
            def test_first(): pass
            def test_spoils(): state["spoilt"] = True
            def test_mends(): state.pop("spoilt", None)
            def test_victim(): assert "spoilt" not in state
            """})
        run = self.examine().expect_exit(1)
        self.assertEqual(self.rows(run), {
            "tests/test_needs.py::test_three": "order: needs tests/test_needs.py::test_one before it",
            "tests/test_spoilt.py::test_victim":
                "order: ends otherwise after tests/test_spoilt.py::test_spoils"})
        run.expect_said("NOT SAFE in parallel: 2 of 7 tests")

    @with_pytest(8)
    def test_tests_that_share_a_file(self):
        self.pytest_project({"pytest.ini": IN_ORDER,
                             "tests/test_one.py": MEETING.format(me="one", other="two"),
                             "tests/test_two.py": MEETING.format(me="two", other="one")})
        rows = self.rows(self.examine().expect_exit(1))
        self.assertTrue(rows)
        for test, reason in rows.items():
            self.assertRegex(reason, "^shared file: fails only beside others: FileExistsError", test)

    @with_pytest(8)
    def test_chance(self):
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": """
            import pathlib, pytest, random
            @pytest.mark.parametrize("n", [random.random()])
            def test_id(n): pass
            def test_every_other_time():
                mark = pathlib.Path("mark")
                if mark.exists():
                    mark.unlink()
                    raise AssertionError
                mark.touch()
            def test_sure(): pass
            """})
        rows = self.rows(self.examine().expect_exit(1))
        self.assertEqual(rows.pop("tests/test_x.py::test_every_other_time"),
                         "chance: differs from run to run, with nothing beside it")
        self.assertGreater(len(rows), 1)
        for test, reason in rows.items():
            self.assertIn("::test_id[", test)
            self.assertIn("chance: its ID is another one in each collection", reason)

    @with_pytest(8)
    def test_without_a_config_and_from_elsewhere(self):
        self.write({"project/pytest.ini": IN_ORDER, "project/tests/test_x.py": "def test_x(): pass\n"})
        path = f"{pathlib.Path(self.python).parent}{os.pathsep}{os.environ['PATH']}"
        run = self.examine("project", env={"PATH": path}).expect_exit(0)
        run.expect_said("SAFE in parallel: 1 test")
        self.assertFalse((self.project / "project/offload.toml").exists())

    @with_pytest(8)
    def test_leaves_other_reports_alone(self):
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": "def test_x(): pass\n"})
        self.offload("run").expect_exit(0)
        results = self.project / "test-results"
        before = {name: (results / name).read_bytes() for name in ("junit.xml", "journal.ndjson")}
        self.examine().expect_exit(0)
        self.assertEqual(before, {name: (results / name).read_bytes() for name in before})
        self.assertTrue((results / "doctor/workers/journal.ndjson").is_file())

    @with_pytest(8)
    def test_says_why_tests_cannot_be_run(self):
        self.pytest_project({"tests/test_x.py": "def test_x(): pass\n"}, framework='run_args = "--nonsense"')
        run = self.examine().expect_exit(1)
        self.assertNotIn("SAFE", run.out)
        run.expect_said("--nonsense")


class OfOtherFrameworks(Scenario):
    def test_a_command(self):
        self.fake_project({"a": "pass", "b": "fail", "c": "pass"})
        run = self.offload("doctor").expect_exit(0)
        run.expect_said("SAFE in parallel: 3 tests")

    def test_no_such_folder(self):
        self.offload("doctor", "nowhere").expect_exit(1).expect_said("cannot enter nowhere")
