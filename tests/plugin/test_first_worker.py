"""The worker that collects the tests itself, against real pytest: run by CTest as test_worker.py."""

import unittest

from harness import Case

TWO = "def test_1(): pass\ndef test_2(): assert 0\n"


class FirstWorker(Case):
    def first(self, *args, **options):
        return self.serve(*args, mode="first", **options)

    def assert_leaves(self, told):
        """It told what it collected as discovery does, and ran nothing."""
        self.assertEqual(told.one("collected").get("stays"), None)
        self.assertEqual(told.kind("begin"), [])
        self.assertEqual(len(told.kind("bye")), 1)

    def test_tells_all_tests_and_runs_what_it_is_told_to(self):
        self.write("test_a.py", "open('imported', 'a').write('a')\n" + TWO)
        self.write("test_b.py", "open('imported', 'a').write('b')\n" + TWO)
        worker = self.first()
        told = worker.wait_for("idle")
        self.assertEqual([f["t"] for f in told.frames[:2]], ["hello", "stays"])
        self.assertEqual(told.one("collected")["count"], 4)
        self.assertTrue(told.one("collected")["stays"])
        self.assertEqual(len(told.ids), 4)
        worker.run("test_b.py::test_2").run("test_a.py::test_1", "test_b.py::test_1").last()
        told = worker.finish()
        self.assertEqual(
            worker.outcomes(told),
            {"test_b.py::test_2": "failed", "test_a.py::test_1": "passed", "test_b.py::test_1": "passed"},
        )
        self.assertEqual((self.root / "imported").read_text(), "ab")
        self.assertEqual(told.one("bye")["status"], 1)

    def test_selects_as_discovery_does(self):
        self.write("test_a.py", TWO)
        args = ("-k", "test_2", ".")
        found = self.collect(*args)
        worker = self.first(*args)
        told = worker.wait_for("idle")
        worker.finish()
        self.assertEqual(told.ids, found.ids)
        self.assertEqual(told.files, found.files)
        self.assertEqual(told.one("collected")["deselected"], found.one("collected")["deselected"])

    def test_fixtures_live_as_long_as_in_one_session(self):
        self.write(
            "conftest.py",
            """
            import pytest
            @pytest.fixture(scope="session", autouse=True)
            def session():
                open("log", "a").write("up "); yield; open("log", "a").write("down ")
            """,
        )
        self.write("test_a.py", TWO)
        worker = self.first()
        worker.run("test_a.py::test_1", "test_a.py::test_1", "test_a.py::test_2")
        worker.finish()
        self.assertEqual((self.root / "log").read_text(), "up down ")

    def test_broken_modules_are_told_and_fail_nothing_else(self):
        self.write("test_a.py", "def test_1(): pass\n")
        self.write("test_b.py", "import no_such_module\n")
        self.write("test_c.py", "import pytest\npytest.skip('not now', allow_module_level=True)\n")
        worker = self.first("-x")
        told = worker.wait_for("idle")
        self.assertEqual(told.one("broken")["id"], "test_b.py")
        self.assertEqual(told.one("skipped")["id"], "test_c.py")
        told = worker.run("test_a.py::test_1").finish()
        self.assertEqual(told.one("end")["outcome"], "passed")
        self.assertEqual(told.one("bye")["status"], 0)

    def test_a_failure_does_not_end_it_unless_it_should(self):
        self.write("test_a.py", "def test_1(): assert 0\ndef test_2(): pass\n")
        worker = self.first("-x")
        told = worker.run("test_a.py::test_1", "test_a.py::test_2").finish()
        self.assertEqual(len(told.kind("end")), 2)
        worker = self.first(fail_fast=True)
        told = worker.run("test_a.py::test_1", "test_a.py::test_2").finish(stop=False)
        self.assertEqual(len(told.kind("end")), 1)

    def test_without_tests_it_leaves(self):
        told = self.first().finish(stop=False)
        self.assert_leaves(told)
        self.assertEqual(told.status, 5)

    def test_options_that_choose_tests_make_it_leave(self):
        """A worker runs whatever it is told to; discovery heeds these."""
        self.write("test_a.py", TWO)
        for option in ("--lf", "--sw", "--pdb"):
            told = self.first(option).finish(stop=False)
            self.assertEqual(told.kind("stays"), [], option)
            self.assert_leaves(told)

    def test_a_loop_of_another_plugin_makes_it_leave(self):
        self.write("conftest.py", "def pytest_runtestloop(session): open('looped', 'w')\n")
        self.write("test_a.py", TWO)
        told = self.first().finish(stop=False)
        self.assertIn("conftest.py", told.one("unfit")["reason"])
        self.assert_leaves(told)

    def test_arguments_that_make_no_sense_are_pytests_error(self):
        told = self.first("no_such_file.py").finish(stop=False)
        self.assertEqual(told.kind("collected"), [])
        self.assertEqual(told.one("bye")["status"], 4)

    def test_a_plugin_that_stops_the_session_is_heeded(self):
        self.write(
            "conftest.py",
            "def pytest_collection_finish(session): session.shouldstop = 'that will do'\n",
        )
        self.write("test_a.py", TWO)
        self.assert_leaves(self.first().finish(stop=False))

    def test_another_collects_beside_it_and_tells_nothing(self):
        self.write("test_a.py", "open('imported', 'a').write('a')\n" + TWO)
        self.write("test_b.py", "import no_such_module\n")
        worker = self.serve(mode="early")
        told = worker.wait_for("idle")
        self.assertEqual([f["t"] for f in told.frames], ["hello", "idle"])
        self.assertEqual((self.root / "imported").read_text(), "a")
        told = worker.run("test_a.py::test_1", "test_b.py::test_x").finish()
        self.assertEqual(worker.outcomes(told), {"test_a.py::test_1": "passed"})
        self.assertIn("no_such_module", told.one("refused")["reason"])

    def test_another_waits_where_there_is_no_test(self):
        worker = self.serve(mode="early")
        worker.wait_for("idle")
        self.assertEqual(worker.finish().kind("begin"), [])

    def test_collect_only_in_addopts_does_not_keep_it_from_running(self):
        self.write("pytest.ini", "[pytest]\naddopts = --collect-only\n")
        self.write("test_a.py", "def test_1(): pass\n")
        told = self.first().run("test_a.py::test_1").finish()
        self.assertEqual(told.one("end")["outcome"], "passed")


if __name__ == "__main__":
    unittest.main()
