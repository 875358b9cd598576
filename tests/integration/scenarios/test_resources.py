"""What groups share: [resources], and max_parallel of a group."""

from harness import PytestScenario, with_pytest

# Fails where another test of the same name is in the middle of it.
EXCLUSIVE = """
    import os, pathlib, time
    import pytest

    @pytest.mark.parametrize("number", range(8))
    def test_{name}(number):
        held = pathlib.Path(os.environ["SCENARIO_ROOT"], "{lock}")
        held.mkdir()
        time.sleep(0.05)
        held.rmdir()
    """


class Resources(PytestScenario):
    @with_pytest(8)
    def test_a_unit_is_held_by_one_batch_of_all_groups(self):
        for worker in ("auto", "off"):
            with self.subTest(worker=worker):
                self.pytest_project(
                    {"tests/test_a.py": EXCLUSIVE.format(name="a", lock="db"),
                     "tests/test_b.py": EXCLUSIVE.format(name="b", lock="db"),
                     "tests/test_c.py": "def test_c(): pass\n"},
                    framework=f'worker = "{worker}"\n',
                    groups={"a": "filters = '-k test_a'\nresources = ['db']",
                            "b": "filters = '-k test_b'\nresources = ['db']",
                            "c": "filters = '-k test_c'"},
                    offload="max_parallel = 4\n[resources]\ndb = 1")
                run = self.offload("run").expect_exit(0)
                self.assertEqual(len(run.junit().cases), 17, run.describe())

    @with_pytest(8)
    def test_a_group_may_be_kept_to_one_batch_at_a_time(self):
        self.pytest_project(
            {"tests/test_a.py": EXCLUSIVE.format(name="a", lock="a"),
             "tests/test_b.py": EXCLUSIVE.format(name="b", lock="b")},
            groups={"a": "filters = '-k test_a'\nmax_parallel = 1\nretry_count = 2",
                    "b": "filters = '-k test_b'\nmax_parallel = 1"},
            offload="max_parallel = 4")
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 16, run.describe())

    @with_pytest(8)
    def test_what_runs_without_a_limit_does_meet(self):
        """So that the other scenarios show something."""
        self.pytest_project(
            {"tests/test_a.py": EXCLUSIVE.format(name="a", lock="a")},
            framework='worker = "off"\n', offload="max_parallel = 4")
        self.offload("run").expect_exit(1)

    def test_a_resource_that_nobody_declared_is_an_error(self):
        self.config('type = "pytest"', {"a": 'resources = ["databse"]'},
                    offload="[resources]\ndatabase = 1")
        self.offload("validate").expect_exit(1).expect_said(
            'groups.a.resources names "databse"', 'did you mean "database"?')
