"""One collection that tells the tests of several groups, against real pytest: run by CTest as
test_companions.py."""

import unittest

from harness import Case, pytest_version, text

TESTS = """
import pytest
@pytest.mark.slow
def test_a(): pass
@pytest.mark.parametrize("n", [1, 2])
def test_b(n): pass
@pytest.mark.slow
def test_c(request):
    assert request.config.option.markexpr == "not slow"
"""


class Companions(Case):
    def setUp(self):
        super().setUp()
        self.write("pytest.ini", "[pytest]\nmarkers = slow\n")

    def words(self, args):
        return ["-p", "no:randomly", *args]

    def plan(self, args, companions):
        return {
            "words": self.words(args),
            "companions": [self.words(others) for others in companions],
        }

    def together(self, args, companions, **options):
        """What discovery of `args` tells of groups with these other arguments."""
        args = ["--collect-only", "-q", *args]
        companions = [["--collect-only", "-q", *others] for others in companions]
        plan = {"mode": "collect", **self.plan(args, companions)}
        return self.run_pytest(plan, args, **options)

    def told(self, found):
        """By companion: its tests and their files, if all of them were told."""
        tests = {frame["of"]: {} for frame in found.kind("found")}
        for frame in found.kind("items"):
            if frame.get("of") in tests:
                for node_id in frame["ids"]:
                    tests[frame["of"]][text(node_id)] = text(frame.get("file", ""))
        for frame in found.kind("found"):
            self.assertEqual(len(tests[frame["of"]]), frame["count"])
        return tests

    def assert_as_alone(self, args, *companions, **options):
        """Each group is told what its own discovery finds, in the same order."""
        found = self.together(args, companions, **options)
        told = self.told(found)
        self.assertEqual(sorted(told), list(range(len(companions))), found.visible + found.err)
        for group, tests in [(args, found.files)] + [
            (others, told[number]) for number, others in enumerate(companions)
        ]:
            alone = self.collect(*group, **options)
            self.assertEqual(list(tests.items()), list(alone.files.items()), group)
        return found

    def assert_not_told(self, args, *companions, **options):
        """And the group itself is not disturbed."""
        found = self.together(args, companions, **options)
        self.assertEqual(found.kind("found"), [])
        alone = self.collect(*args, **options)
        self.assertEqual(found.ids, alone.ids)
        self.assertEqual(found.one("collected"), alone.one("collected"))
        return found

    def test_each_group_is_told_what_it_would_have_found(self):
        self.write("test_a.py", TESTS)
        self.write("sub/test_b.py", TESTS)
        self.assert_as_alone(
            ["-m", "slow"],
            ["-m", "not slow"],
            ["-k", "test_b or sub", "-m", "slow"],
            ["-mslow", "-ktest_c"],
            [],
            ["-k", "nothing"],
        )

    def test_a_group_without_tests_of_its_own_tells_the_others(self):
        self.write("test_a.py", TESTS)
        found = self.assert_as_alone(["-k", "nothing"], ["-m", "slow"])
        self.assertEqual(found.one("collected")["count"], 0)

    def test_what_the_ini_file_and_the_environment_say_holds_for_each(self):
        self.write("pytest.ini", "[pytest]\nmarkers = slow\naddopts = -m 'not slow'\n")
        self.write("test_a.py", TESTS)
        env = {"PYTEST_ADDOPTS": "-k test_b"}
        self.assert_as_alone(["-m", "slow"], [], ["-k", "test_a"], ["-m", ""], env=env)

    def test_marks_that_plugins_give_count(self):
        self.write("test_a.py", TESTS)
        self.write(
            "conftest.py",
            """
            import pytest
            def pytest_collection_modifyitems(items):
                for item in items:
                    if "test_b" in item.name:
                        item.add_marker(pytest.mark.slow)
            """,
        )
        found = self.assert_as_alone(["-m", "not slow"], ["-m", "slow"])
        self.assertIn("test_a.py::test_b[1]", self.told(found)[0])

    @unittest.skipIf(pytest_version() >= (9, 2), "items cannot be renamed any more")
    def test_names_that_plugins_give_count(self):
        self.write("test_a.py", TESTS)
        self.write(
            "conftest.py",
            """
            def pytest_collection_modifyitems(items):
                for item in items:
                    item._nodeid += "[renamed]"
            """,
        )
        found = self.assert_as_alone(["-m", "not slow"], ["-m", "slow"])
        self.assertIn("test_a.py::test_a[renamed]", self.told(found)[0])

    def test_modules_that_fail_or_skip_themselves_do_no_harm(self):
        self.write("test_a.py", TESTS)
        self.write("test_b.py", "import no_such_module\n")
        self.write("test_c.py", "import pytest\npytest.skip('not now', allow_module_level=True)\n")
        found = self.assert_as_alone(["-m", "slow"], ["-m", "not slow"])
        self.assertEqual(found.one("broken")["id"], "test_b.py")

    def test_an_expression_that_pytest_refuses_concerns_its_own_group_alone(self):
        self.write("test_a.py", TESTS)
        found = self.together(["-m", "slow"], [["-m", "not ("], ["-m", "not slow"]])
        self.assertEqual(list(self.told(found)), [1])

    def test_other_options_that_differ_mean_another_collection(self):
        self.write("test_a.py", TESTS)
        self.write(
            "conftest.py",
            "def pytest_addoption(parser): parser.addoption('--env', default='test')\n",
        )
        for others in (["--ignore=test_a.py"], ["test_a.py"], ["--env", "prod"], ["-o", "python_files=x"]):
            found = self.together(["-m", "slow"], [others, ["-k", "test_a"]])
            self.assertEqual(list(self.told(found)), [1], others)

    def test_a_command_line_that_is_not_the_expected_one_tells_nothing(self):
        self.write("test_a.py", TESTS)
        plan = {"mode": "collect", "words": ["-m", "slow"], "companions": [["-m", "not slow"]]}
        found = self.run_pytest(plan, ["--collect-only", "-q", "-m", "slow"])
        self.assertEqual(found.kind("found"), [])
        self.assertEqual(len(found.ids), 2)

    def test_who_asks_for_the_options_might_do_other_things_for_another_group(self):
        self.write("test_a.py", TESTS)
        for hook, question in (
            ("pytest_configure(config)", "config.getoption('-m')"),
            ("pytest_collection_modifyitems(config, items)", "config.option.keyword"),
            ("pytest_ignore_collect(collection_path, config)", "vars(config.option)"),
            ("pytest_generate_tests(metafunc)", "metafunc.config.getoption('keyword', None)"),
            ("pytest_configure(config)", "'slow' in __import__('sys').argv"),
            ("pytest_configure(config)", "' '.join(__import__('sys').argv)"),
            ("pytest_configure(config)", "__import__('sys').argv[1:]"),
        ):
            self.write("conftest.py", "def %s:\n    %s\n" % (hook, question))
            self.assert_not_told(["-m", "slow"], ["-m", "not slow"])
        self.write("conftest.py", "import sys\nSLOW = 'slow' in sys.argv\n")
        self.assert_not_told(["-m", "slow"], ["-m", "not slow"])

    def test_a_collection_that_depends_on_the_options_is_nobody_elses(self):
        """The very case in which tests would be lost."""
        self.write("test_a.py", TESTS)
        self.write(
            "conftest.py",
            """
            import sys
            def pytest_collection_modifyitems(config, items):
                if config.getoption("-m") == "slow":
                    items[:] = [item for item in items if "test_b" not in item.name]
            """,
        )
        self.assert_not_told(["-m", "slow"], ["-m", "not slow"])

    def test_who_has_its_say_after_the_deselection_is_asked_by_each_group(self):
        self.write("test_a.py", TESTS)
        for wrapper in ("trylast=True", "hookwrapper=True"):
            self.write(
                "conftest.py",
                """
                import pytest
                @pytest.hookimpl(%s)
                def pytest_collection_modifyitems(items):
                    %s
                    items[:] = items[:1]
                """
                % (wrapper, "yield" if wrapper.startswith("hook") else "pass"),
            )
            self.assert_not_told(["-m", "slow"], ["-m", "not slow"])

    def test_items_that_change_after_all_that_are_not_told(self):
        self.write("test_a.py", TESTS)
        self.write("conftest.py", "def pytest_collection_finish(session): session.items.pop()\n")
        self.assert_not_told(["-m", "slow"], ["-m", "not slow"])

    def test_the_first_worker_tells_them_before_it_waits_for_tests(self):
        self.write("test_a.py", TESTS)
        self.write(
            "test_b.py",
            """
            import sys
            def test_arguments(): assert type(sys.argv) is list and "-m" in sys.argv
            """,
        )
        args = ["-m", "not slow"]
        worker = self.serve(*args, mode="first", plan=self.plan(args, [["-m", "slow"]]))
        told = worker.wait_for("idle")
        self.assertEqual(list(self.told(told)[0]), ["test_a.py::test_a", "test_a.py::test_c"])
        kinds = [frame["t"] for frame in told.frames]
        self.assertLess(kinds.index("found"), kinds.index("collected"))
        worker.run("test_b.py::test_arguments", "test_a.py::test_c").last()
        told = worker.finish()
        self.assertEqual(set(worker.outcomes(told).values()), {"passed"})


if __name__ == "__main__":
    unittest.main()
