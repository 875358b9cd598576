"""The pytest worker against real pytest: run by CTest once for each supported version."""

import signal
import unittest

from harness import Case, available

THREE = "def test_1(): pass\ndef test_2(): pass\ndef test_3(): pass\n"
SCOPES = """
    import pytest
    def log(word): open("log", "a").write(word + " ")
    @pytest.fixture(scope="session", autouse=True)
    def session():
        log("session"); yield; log("/session")
    @pytest.fixture(scope="package")
    def package():
        log("package"); yield; log("/package")
    @pytest.fixture(scope="module")
    def module():
        log("module"); yield; log("/module")
    """


class Worker(Case):
    def log(self):
        return (self.root / "log").read_text().split()

    def test_says_who_it_is_and_waits(self):
        worker = self.serve()
        told = worker.wait_for("idle")
        self.assertEqual(told.one("hello")["protocol"], 1)
        self.assertEqual(told.one("hello")["pid"], worker.process.pid)
        told = worker.finish()
        self.assertEqual(told.one("bye")["status"], 5)

    def test_runs_what_it_is_told_to(self):
        self.write("test_a.py", THREE)
        self.write("test_b.py", THREE.replace("test_2(): pass", "test_2(): assert 0"))
        self.write("test_c.py", "raise RuntimeError('not to be imported')\n")
        worker = self.serve()
        worker.run("test_a.py::test_3", "test_a.py::test_1").last()
        worker.wait_for("end", 2)
        worker.run("test_b.py::test_2").run("test_a.py::test_2")
        told = worker.finish()
        self.assertEqual(
            worker.outcomes(told),
            {
                "test_a.py::test_3": "passed",
                "test_a.py::test_1": "passed",
                "test_b.py::test_2": "failed",
                "test_a.py::test_2": "passed",
            },
        )
        self.assertEqual([f["n"] for f in told.kind("begin")], [1, 0, 2, 3])
        self.assertEqual(told.status, 1)
        self.assertEqual(told.one("bye")["status"], 1)

    def test_tells_what_a_test_took_of_the_processors_where_it_took_its_time(self):
        self.write("test_a.py", """
            import hashlib, subprocess, sys, time
            BUSY = "import time\\nwhile time.process_time() < 0.3: pass"
            def test_1(): time.sleep(0.3)
            def test_2():
                end = time.process_time() + 0.3
                while time.process_time() < end: pass
            def test_3(): subprocess.run([sys.executable, "-c", BUSY], check=True)
            def test_4(): pass
            """)
        worker = self.serve()
        worker.run(*("test_a.py::test_%d" % n for n in (1, 2, 3, 4))).last()
        told = worker.finish()
        waits, works, has_others_work, is_short = told.kind("end")
        self.assertLess(waits["cpu"], 0.2)
        self.assertGreater(works["cpu"], 0.2)
        self.assertGreater(has_others_work["cpu"], 0.2)
        self.assertNotIn("cpu", is_short)

    def test_where_classes_become_tables_all_are_there_before_the_first_test(self):
        """The fixture creates tables once, for what has been imported by then."""
        self.write("peewee.py", "TABLES = []\n")
        self.write(
            "conftest.py",
            """
            import peewee, pytest
            @pytest.fixture(scope="session", autouse=True)
            def database():
                return list(peewee.TABLES)
            """,
        )
        test = "import peewee\npeewee.TABLES.append(__name__)\ndef test(database): assert len(database) == 2\n"
        self.write("test_a.py", test)
        self.write("test_b.py", test)
        self.write("pytest.ini", "[pytest]\npythonpath = .\n")
        self.assertTrue(self.collect().one("collected")["whole"])
        worker = self.serve(plan={"whole": True})
        worker.run("test_a.py::test").run("test_b.py::test")
        told = worker.finish()
        self.assertEqual(
            worker.outcomes(told), {"test_a.py::test": "passed", "test_b.py::test": "passed"}
        )

    def test_a_test_waits_until_it_is_known_what_follows(self):
        self.write("test_a.py", THREE)
        worker = self.serve()
        worker.run("test_a.py::test_1", "test_a.py::test_2")
        told = worker.wait_for("end")
        self.assertEqual(len(told.kind("begin")), 1)
        worker.last()
        worker.wait_for("end", 2)
        self.assertEqual(worker.finish().status, 0)

    def test_end_of_input_is_a_stop(self):
        self.write("test_a.py", THREE)
        worker = self.serve()
        worker.run("test_a.py::test_1", "test_a.py::test_2")
        worker.process.stdin.close()
        told = worker.finish(stop=False)
        self.assertEqual(len(told.kind("end")), 2)
        self.assertEqual(told.status, 0)

    def test_fixtures_of_every_scope_are_set_up_once(self):
        self.write("conftest.py", SCOPES)
        self.write("pkg/__init__.py")
        for name in "ab":
            self.write(
                "pkg/test_%s.py" % name,
                "def test_1(package, module): pass\ndef test_2(package, module): pass\n",
            )
        worker = self.serve()
        for name in ("a.py::test_1", "a.py::test_2", "b.py::test_1", "b.py::test_2"):
            worker.run("pkg/test_" + name)
        told = worker.finish()
        self.assertEqual(set(worker.outcomes(told).values()), {"passed"}, told.visible)
        self.assertEqual(
            self.log(),
            "session package module /module module /module /package /session".split(),
        )

    def test_files_run_in_the_order_of_the_request(self):
        self.write("conftest.py", SCOPES)
        for name in "abc":
            self.write("test_%s.py" % name, "def test_1(module): pass\ndef test_2(module): pass\n")
        worker = self.serve()
        files = ["test_c.py", "test_b.py"]
        ids = ["test_c.py::test_2", "test_c.py::test_1", "test_b.py::test_1"]
        worker.say(t="run", ids=ids, files=files, **{"in": [0, 0, 1]}, attempts=[1, 1, 1])
        worker.say(t="run", ids=["test_b.py::test_2"], files=["test_b.py"], **{"in": [0]}, attempts=[1])
        told = worker.finish()
        self.assertEqual([f["n"] for f in told.kind("end")], [1, 0, 2, 3])
        self.assertEqual(self.log(), "session module /module module /module /session".split())

    def test_folders_conftests_and_fixtures_in_the_order_asked_for(self):
        self.write("conftest.py", "import pytest\n@pytest.fixture\ndef top(): return 1\n")
        for folder in ("one", "two/three"):
            self.write(
                folder + "/conftest.py",
                "import pytest\n@pytest.fixture\ndef here(top): return top + 1\n",
            )
            for name in "ab":
                self.write(
                    "%s/test_%s_%s.py" % (folder, folder.replace("/", "_"), name),
                    "def test_1(here): assert here == 2\n",
                )
        worker = self.serve()
        worker.run("one/test_one_a.py::test_1").run("two/three/test_two_three_b.py::test_1")
        worker.run("one/test_one_b.py::test_1").run("two/three/test_two_three_a.py::test_1")
        told = worker.finish()
        self.assertEqual(list(worker.outcomes(told).values()), ["passed"] * 4, told.visible)

    def test_teardown_errors_belong_to_the_last_test_of_the_module(self):
        self.write(
            "test_a.py",
            """
            import pytest
            @pytest.fixture(scope="module")
            def module():
                yield
                raise OSError("no teardown")
            def test_1(module): pass
            def test_2(module): pass
            """,
        )
        self.write("test_b.py", THREE)
        worker = self.serve()
        worker.run("test_a.py::test_1").run("test_a.py::test_2").run("test_b.py::test_1")
        told = worker.finish()
        self.assertEqual(
            worker.outcomes(told),
            {
                "test_a.py::test_1": "passed",
                "test_a.py::test_2": "errored",
                "test_b.py::test_1": "passed",
            },
        )

    def test_a_test_may_run_again_with_its_attempts_number(self):
        self.write(
            "test_a.py",
            "import os\ndef test_1(): assert os.environ['OFFLOAD_ATTEMPT'] == '2'\n",
        )
        worker = self.serve()
        worker.run("test_a.py::test_1").last().wait_for("end")
        worker.run("test_a.py::test_1", attempts=[2])
        told = worker.finish()
        self.assertEqual([f["outcome"] for f in told.kind("end")], ["failed", "passed"])

    def test_what_cannot_be_run_is_refused_and_the_rest_goes_on(self):  # TRAPS 8
        self.write("pytest.ini", "[pytest]\nmarkers = slow\naddopts = -m 'not slow'\n")
        self.write("test_a.py", "import pytest\n@pytest.mark.slow\ndef test_s(): pass\ndef test_1(): pass\n")
        self.write("test_b.py", "import gone_module\n")
        self.write("test_c.py", "import pytest\npytest.importorskip('gone_module')\n")
        worker = self.serve()
        worker.run("test_a.py::test_s", "test_b.py::test_b", "test_c.py::test_c", "gone/x.py::test_x")
        worker.run("test_a.py::test_gone", "test_a.py::test_1")
        told = worker.finish()
        self.assertEqual(
            worker.outcomes(told), {"test_c.py::test_c": "skipped", "test_a.py::test_1": "passed"}
        )
        reasons = {worker.ids[f["n"]]: f["reason"] for f in told.kind("refused")}
        self.assertEqual(len(reasons), 4)
        self.assertEqual(reasons["test_a.py::test_s"], "deselected here (-m 'not slow')")
        self.assertIn("No module named 'gone_module'", reasons["test_b.py::test_b"])
        self.assertIn("does not exist here", reasons["gone/x.py::test_x"])
        self.assertIn("did not collect it here", reasons["test_a.py::test_gone"])

    def test_arguments_that_are_not_there(self):
        self.write("tests/test_a.py", THREE)
        worker = self.serve("tests", "more")
        worker.run("tests/test_a.py::test_1", "more/test_b.py::test_b")
        told = worker.finish()
        self.assertEqual(worker.outcomes(told), {"tests/test_a.py::test_1": "passed"})
        self.assertEqual(told.one("refused")["n"], 1)

    def test_what_tests_read_is_not_what_the_worker_is_told(self):
        self.write(
            "test_a.py",
            "import os, subprocess\n"
            "def test_1(): assert os.read(0, 10) == b''\n"
            "def test_2(): assert subprocess.run(['cat'], capture_output=True).stdout == b''\n"
            "def test_3(): pass\n",
        )
        worker = self.serve("-s")
        worker.run("test_a.py::test_1", "test_a.py::test_2", "test_a.py::test_3")
        told = worker.finish()
        self.assertEqual(set(worker.outcomes(told).values()), {"passed"}, told.visible)
        self.assertEqual(len(told.kind("end")), 3)

    def test_xdist_and_limits_on_failures_in_addopts(self):
        self.plugins = True
        xdist = " -n 2" if available("xdist") else ""
        self.write("pytest.ini", "[pytest]\naddopts = -x --lf --sw%s\n" % xdist)
        self.write("test_a.py", "def test_1(): assert 0\ndef test_2(): assert 0\ndef test_3(): pass\n")
        worker = self.serve()
        worker.run("test_a.py::test_1", "test_a.py::test_2", "test_a.py::test_3")
        told = worker.finish()
        self.assertEqual([f["outcome"] for f in told.kind("end")], ["failed", "failed", "passed"])

    def test_fail_fast_stops(self):
        self.write("test_a.py", "def test_1(): assert 0\ndef test_2(): assert 0\n")
        worker = self.serve(fail_fast=True)
        worker.run("test_a.py::test_1", "test_a.py::test_2")
        told = worker.finish(stop=False)
        self.assertEqual([f["n"] for f in told.kind("begin")], [0])
        self.assertIn("stopping after 1 failures", told.one("bye")["reason"])

    def test_a_loop_of_another_plugin_makes_it_unfit(self):
        self.write("conftest.py", "def pytest_runtestloop(session): return None\n")
        self.write("test_a.py", THREE)
        worker = self.serve()
        told = worker.finish(stop=False)
        self.assertIn("conftest.py", told.one("unfit")["reason"])
        self.assertEqual(told.kind("begin"), [])

    def test_a_plugin_that_goes_by_what_it_has_recorded_chooses_nothing_here(self):
        """As Testmon does, whose deselected items may be of files that it has not collected."""
        self.write(
            "conftest.py",
            """
            def pytest_addoption(parser):
                parser.addoption("--testmon-noselect", dest="testmon_noselect", action="store_true")
            def pytest_collection_modifyitems(config, items):
                if not config.option.testmon_noselect:
                    del items[0]
                config.hook.pytest_deselected(items=[object()])
            """,
        )
        self.write("test_a.py", THREE)
        told = self.serve().run("test_a.py::test_1", "test_a.py::test_2").last().finish()
        self.assertEqual([end["outcome"] for end in told.kind("end")], ["passed", "passed"], told.err)

    def test_a_wrapper_that_is_a_loop_makes_it_unfit(self):
        self.write("test_a.py", THREE)
        wrapper = """
            import pytest
            @pytest.hookimpl(hookwrapper=True)
            def pytest_runtestloop(session):
                %s
                yield
            """
        for mode in ("serve", "first"):
            with self.subTest(mode=mode):
                self.write("conftest.py", wrapper % "session.config.option.collectonly = True")
                told = self.serve(mode=mode).finish(stop=False)
                self.assertIn("loop of its own", told.one("unfit")["reason"])
                self.assertEqual(told.kind("begin"), [])
                self.write("conftest.py", wrapper % "session.began = True")
                told = self.serve(mode=mode).run("test_a.py::test_1").last().finish()
                self.assertEqual(told.kind("unfit"), [])
                self.assertEqual(len(told.kind("end")), 1)

    def test_troubles_of_finalizers_are_told_at_the_end(self):
        self.write(
            "test_a.py",
            """
            import weakref
            class Cycle:
                def __init__(self): self.me = self
            class Finalized(Cycle):
                def __del__(self): raise RuntimeError("too late")
            def too_late(_): raise RuntimeError("too late")
            references = []
            def test_finalizer(): Finalized()
            def test_callback(): references.append(weakref.ref(Cycle(), too_late))
            """,
        )
        for mode in ("serve", "early", "first"):
            for test in ("test_finalizer", "test_callback"):
                with self.subTest(mode=mode, test=test):
                    told = self.serve(mode=mode).run("test_a.py::" + test).last().finish()
                    self.assertEqual(told.one("end")["outcome"], "passed")
                    self.assertIn("too late", told.visible + told.err)

    def test_what_was_collected_is_not_searched_for_garbage(self):
        self.write(
            "conftest.py",
            """
            import gc, os, sys
            def note(phase, info):
                ours = sys._getframe(1).f_globals["__name__"].startswith("offload_pytest")
                if ours and phase == "start" and info["generation"] == 2:
                    os.write(2, b"SEARCHED")
            def pytest_collection_finish(): gc.callbacks.append(note)
            """,
        )
        self.write("test_a.py", "def test_1(): pass\nclass Meta(type):\n    def __getattr__(self, name): raise ValueError\n"
                                "class Odd(metaclass=Meta): pass\nkept = []\ndef test_2(): kept.append(Odd())\n")
        for mode in ("early", "first"):
            with self.subTest(mode=mode):
                worker = self.serve("-p", "no:cacheprovider", mode=mode)
                told = worker.run("test_a.py::test_1", "test_a.py::test_2").last().finish()
                self.assertEqual(len(told.kind("end")), 2)
                self.assertNotIn("SEARCHED", told.err)

    def test_a_summary_of_what_nobody_has_used_is_left_out(self):
        self.write("_hypothesis_pytestplugin.py",
                   "def pytest_terminal_summary(): print('THE SUMMARY')\n")
        self.write("hypothesis.py")
        self.write("test_a.py", "def test_1(): pass\ndef test_2(): import hypothesis\n")
        for test, is_there in (("test_1", False), ("test_2", True)):
            with self.subTest(test=test):
                worker = self.serve("-p", "_hypothesis_pytestplugin")
                told = worker.run("test_a.py::" + test).last().finish()
                self.assertEqual(told.one("end")["outcome"], "passed")
                self.assertEqual("THE SUMMARY" in told.visible, is_there, told.err)

    def test_finalizers_of_what_is_left_run(self):
        """Of what the collector alone finds at the end of the interpreter as well."""
        self.write(
            "test_a.py",
            """
            import os
            class Left: pass
            class Finalized:
                def __del__(self, write=os.write): write(2, b"it is gone")
            def test_object(): Left.one = Finalized()
            def test_file():
                Left.file = open("out.txt", "w")
                Left.file.write("words")
            """,
        )
        for mode in ("serve", "first"):
            for test in ("test_object", "test_file"):
                with self.subTest(mode=mode, test=test):
                    told = self.serve(mode=mode).run("test_a.py::" + test).last().finish()
                    self.assertEqual(told.one("end")["outcome"], "passed")
                    if test == "test_object":
                        self.assertIn("it is gone", told.err)
                    else:
                        self.assertEqual((self.root / "out.txt").read_text(), "words")
                        (self.root / "out.txt").unlink()

    def test_results_do_not_wait(self):
        """The end of a test is told with the next begin, but not later than it waits or collects."""
        self.write("test_a.py", THREE)
        self.write("test_b.py", "import os\nos._exit(3)\n")
        worker = self.serve()
        worker.run("test_a.py::test_1", "test_a.py::test_2", "test_a.py::test_3")
        self.assertEqual([f["n"] for f in worker.wait_for("end", 2).kind("end")], [0, 1])
        told = worker.run("test_b.py::test_x").finish(stop=False)
        self.assertEqual([f["n"] for f in told.kind("end")], [0, 1])
        self.assertEqual([f["n"] for f in told.kind("begin")], [0, 1])

    def test_the_end_before_a_crash_is_told(self):
        self.write("test_a.py", "import os\ndef test_1(): pass\ndef test_2(): os._exit(3)\n")
        worker = self.serve()
        told = worker.run("test_a.py::test_1", "test_a.py::test_2").last().finish(stop=False)
        self.assertEqual([(f["t"], f["n"]) for f in told.frames if "n" in f],
                         [("begin", 0), ("end", 0), ("begin", 1)])

    def test_a_hanging_test_shows_its_stack(self):
        self.write(
            "test_a.py",
            "import time\ndef test_1(): pass\ndef test_hang():\n    nap = 3600\n    time.sleep(nap)\n",
        )
        worker = self.serve(limit=1)
        worker.run("test_a.py::test_1", "test_a.py::test_hang").last()
        worker.wait_for("begin", 2)
        worker.wait_for_error(b"in test_hang")
        worker.process.send_signal(signal.SIGTERM)
        told = worker.finish(stop=False)
        self.assertEqual(told.status, -signal.SIGTERM)
        self.assertEqual(len(told.kind("end")), 1)

    def test_a_hang_after_a_failure_shows_its_stack(self):
        self.write(
            "test_a.py",
            "import time\ndef test_1(): assert 0\ndef test_hang(): time.sleep(3600)\n",
        )
        worker = self.serve(limit=2)
        worker.run("test_a.py::test_1", "test_a.py::test_hang").last()
        worker.wait_for("begin", 2)
        worker.wait_for_error(b"in test_hang")
        worker.process.kill()
        worker.finish(stop=False)

    def test_pytest_exit_and_interrupts_end_the_worker(self):
        for body in ("pytest.exit('enough')", "raise KeyboardInterrupt"):
            self.write("test_a.py", "import pytest\ndef test_1(): %s\ndef test_2(): pass\n" % body)
            worker = self.serve()
            worker.run("test_a.py::test_1", "test_a.py::test_2")
            told = worker.finish(stop=False)
            self.assertEqual(worker.outcomes(told), {"test_a.py::test_1": "errored"})
            self.assertTrue(told.one("bye")["reason"])

    def test_a_test_that_leaves_a_forked_child_behind_disturbs_nobody(self):
        self.write("test_a.py", "import os\ndef test_1():\n    os.fork()\ndef test_2(): pass\n")
        worker = self.serve()
        worker.run("test_a.py::test_1", "test_a.py::test_2")
        worker.wait_for("end", 1)
        told = worker.finish()
        self.assertEqual(len(told.kind("end")), 2)
        self.assertEqual(told.status, 0)


if __name__ == "__main__":
    unittest.main()
