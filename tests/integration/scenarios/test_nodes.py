"""Projects whose plugins make something for each worker of xdist's, and take something back."""

import subprocess
import unittest

from harness import PytestScenario, with_pytest

# Of its database, a worker asks the conftest alone; each is there once, and gone in the end.
PROJECT = {
    "tests/conftest.py": """
        import pathlib
        import pytest

        BASES = pathlib.Path("bases")

        def pytest_configure(config):
            handed = getattr(config, "workerinput", {"base": "main"})
            config.base = BASES / handed["base"]

        def pytest_sessionstart(session):
            if not hasattr(session.config, "workerinput"):
                BASES.mkdir(exist_ok=True)
                session.config.base.touch()
            assert session.config.base.exists()

        def pytest_sessionfinish(session):
            if hasattr(session.config, "workerinput"):
                session.config.workeroutput["base"] = session.config.base.name

        def pytest_configure_node(node):
            node.workerinput["base"] = "of-" + node.gateway.id
            (BASES / node.workerinput["base"]).touch()

        def pytest_testnodedown(node, error):
            base = BASES / node.workerinput["base"]
            if hasattr(node, "workeroutput"):
                assert node.workeroutput["base"] == base.name
                with open("gone", "a") as file:
                    file.write(base.name + chr(10))
            base.unlink(missing_ok=True)
        """,
}
# Each test waits for the other, so that both are sure to run in processes of their own.
TEST = """
    import pathlib, time
    def test_{me}(request):
        assert request.config.base.exists()
        pathlib.Path("{me}").write_text(request.config.base.name)
        for _ in range(600):
            if pathlib.Path("{other}").exists():
                break
            time.sleep(0.1)
        assert pathlib.Path("{other}").read_text() != request.config.base.name
    """
PROJECT["tests/test_one.py"] = TEST.format(me="one", other="two")
PROJECT["tests/test_two.py"] = TEST.format(me="two", other="one")
PASSED = {f"tests/test_{me}.py::test_{me}": "passed" for me in ("one", "two")}


class Nodes(PytestScenario):
    def nodes_project(self, **options):
        command = [self.python, "-c", "import xdist"]
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
            raise unittest.SkipTest("xdist is not installed")
        self.pytest_project(PROJECT, **options)

    def left(self):
        return sorted(path.name for path in (self.project / "bases").iterdir())

    @with_pytest(7, 8, 9)
    def test_workers_get_what_the_controller_has_made_for_them(self):  # TRAPS 57
        self.nodes_project()
        ran = self.offload("run").expect_exit(0)
        ran.expect_outcomes(PASSED)
        self.assertNotIn("warning", ran.err)
        self.assertEqual(self.left(), ["main"])
        self.assertEqual((self.project / "gone").read_text(), "of-gw1\n")

    @with_pytest(8)
    def test_batches_too_and_the_last_session_sees_them_go(self):  # TRAPS 57
        self.nodes_project(framework='worker = "off"\n')
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)
        self.assertEqual((self.project / "gone").read_text(), "of-gw0\nof-gw1\n")
