"""Tests find what plain pytest would show them, or a worker of xdist's."""

import os
import unittest

from harness import Case, available

MOVE_LAST = """
    def pytest_collection_modifyitems(items):
        final = [item for item in items if item.name == "test_last"][0]
        items.remove(final)
        items.append(final)
"""


class Whole(Case):
    def test_a_hook_that_orders_or_selects_asks_for_all(self):  # TRAPS 53
        self.write("test_a.py", "def test_1(): pass\ndef test_last(): pass\ndef test_2(): pass\n")
        self.assertNotIn("whole", self.collect().one("collected"))
        self.write("conftest.py", MOVE_LAST)
        self.assertTrue(self.collect().one("collected")["whole"])

    def test_a_hook_that_only_marks_items_asks_for_nothing(self):
        self.write("test_a.py", "def test_1(): pass\ndef test_2(): pass\n")
        self.write(
            "conftest.py",
            """
            import pytest
            def pytest_collection_modifyitems(items):
                for item in items:
                    item.add_marker(pytest.mark.skip)
            """,
        )
        self.assertNotIn("whole", self.collect().one("collected"))

    def test_a_hook_that_fails_on_a_part_sees_the_whole(self):  # TRAPS 53
        self.write("conftest.py", MOVE_LAST)
        for name in "abc":
            self.write("test_%s.py" % name, "def test_1(): pass\n")
        self.write("test_b.py", "def test_last(): pass\n")
        found = self.collect()
        for node_id in found.ids:
            told = self.run_batch([node_id], found.files)
            self.assertEqual(told.one("end")["outcome"], "passed", told.visible)
        served = self.serve().run("test_a.py::test_1", "test_c.py::test_1")
        told = served.finish()
        self.assertEqual(set(served.outcomes(told).values()), {"passed"})
        self.assertEqual(len(told.kind("end")), 2)

    def test_a_hook_that_selects_another_part_sees_the_whole(self):  # TRAPS 53
        for name in "abc":
            self.write("test_%s.py" % name, "def test_1(): pass\ndef test_2(): pass\n")
        self.write(
            "conftest.py",
            """
            def pytest_collection_modifyitems(config, items):
                half = len(items) // 2
                config.hook.pytest_deselected(items=items[half:])
                items[:] = items[:half]
            """,
        )
        found = self.collect()
        self.assertEqual(len(found.ids), 3)
        told = self.run_batch(found.ids, found.files)
        self.assertEqual([frame["outcome"] for frame in told.kind("end")], ["passed"] * 3)
        served = self.serve().run(*found.ids)
        self.assertEqual(set(served.outcomes(served.finish()).values()), {"passed"})
        self.assertEqual(len(served.outcomes(served.told())), 3)

    def test_what_is_asked_for_as_a_whole_is_imported_as_a_whole(self):  # TRAPS 54
        self.write("test_a.py", "import sys\nsys.elsewhere = True\ndef test_a(): pass\n")
        self.write("test_b.py", "import sys\ndef test_b(): assert sys.elsewhere\n")
        served = self.serve(plan={"whole": True}).run("test_b.py::test_b")
        self.assertEqual(served.outcomes(served.finish()), {"test_b.py::test_b": "passed"})

    def test_a_module_that_discovery_has_told_of_fails_nobody_else(self):  # TRAPS 51
        self.write("test_a.py", "import nowhere\n")
        self.write("test_b.py", "def test_1(): pass\ndef test_2(): pass\n")
        ids = ["test_b.py::test_1", "test_b.py::test_2"]
        for fail_fast in (False, True):
            with self.subTest(fail_fast=fail_fast):
                batch = self.run_pytest(
                    {"mode": "run", "ids": ids, "files": ["test_b.py"], "in": [0, 0], "whole": True,
                     "fail_fast": fail_fast},
                    [],
                )
                self.assertEqual(len(batch.kind("end")), 2, batch.visible)
                self.assertEqual((batch.one("bye")["status"], batch.status), (0, 0))
                for mode in ("serve", "early"):
                    served = self.serve(mode=mode, plan={"whole": True}, fail_fast=fail_fast).run(*ids)
                    told = served.finish()
                    self.assertEqual(set(served.outcomes(told).values()), {"passed"})
                    self.assertEqual(told.one("bye")["status"], 0)


class Chance(Case):
    def test_parameters_by_chance_clock_or_address_are_named_as_that(self):  # TRAPS 55
        reason = "its parameters are others here: they come from chance, the clock or an address"
        for source in ("uuid.uuid4().hex", "str(time.time_ns())", "repr(object())"):
            with self.subTest(source):
                self.write(
                    "test_a.py",
                    """
                    import time, uuid, pytest
                    kept = [%s for _ in range(2)]
                    @pytest.mark.parametrize("x", kept)
                    def test_x(x): assert x in kept
                    """
                    % source,
                )
                found = self.collect()
                for told in (
                    self.run_batch(found.ids, found.files),
                    self.serve().run(*found.ids).finish(),
                ):
                    refused = told.kind("refused")
                    self.assertEqual(len(refused), 2)
                    self.assertTrue(all(frame["reason"].startswith(reason) for frame in refused))
                # The process that has collected them knows them.
                first = self.serve(mode="first")
                ids = [node_id for frame in first.wait_for("collected").kind("items") for node_id in frame["ids"]]
                self.assertEqual(first.outcomes(first.run(*ids).finish()), dict.fromkeys(ids, "passed"))

    def test_all_processes_draw_the_same(self):  # TRAPS 55
        if not available("pytest_randomly"):
            self.skipTest("needs pytest-randomly")
        self.plugins = self.randomly = True
        for name in "ab":
            self.write(
                "test_%s.py" % name,
                """
                import random, pytest
                @pytest.mark.parametrize("n", [random.randrange(10**9) for _ in range(3)])
                def test_n(n): assert n >= 0
                """,
            )
        found = self.collect()
        self.assertTrue(found.one("collected")["whole"])
        self.assertEqual(sorted(self.collect().ids), sorted(found.ids))
        told = self.serve(plan={"whole": True}).run(*found.ids).finish()
        self.assertEqual([frame["outcome"] for frame in told.kind("end")], ["passed"] * 6)
        self.assertEqual(told.kind("notice"), [])
        notice = found.one("notice")  # what repeats it
        self.assertEqual(notice["severity"], "note")
        (option,) = (word for word in notice["text"].split() if word.startswith("--randomly-seed="))
        repeated = self.collect("-p", "randomly", option)
        self.assertEqual(repeated.ids, found.ids)
        self.assertEqual(repeated.kind("notice"), [])
        self.assertNotEqual(self.collect("-p", "randomly", "--randomly-seed=7").ids, found.ids)


class Identity(Case):
    ASKS = """
        import os, pytest
        def test_who(request, worker_id, testrun_uid, tmp_path_factory):
            config = request.config
            assert worker_id == os.environ["PYTEST_XDIST_WORKER"] == WHO
            assert config.workerinput["workerid"] == worker_id
            assert config.workerinput["workercount"] == 5
            assert os.environ["PYTEST_XDIST_WORKER_COUNT"] == "5"
            assert testrun_uid == os.environ["PYTEST_XDIST_TESTRUNUID"]
            assert len(testrun_uid) == 32
            if "first" not in MODE:
                assert tmp_path_factory.getbasetemp().name == "popen-" + worker_id
    """
    ONCE = """
        import os
        def note(name):
            with open("notes", "a") as file:
                file.write(name + " ")
        def pytest_configure(config):
            if not hasattr(config, "workerinput"):
                note("configure")
        def pytest_sessionstart(session):
            if not hasattr(session.config, "workerinput"):
                note("start")
        def pytest_sessionfinish(session):
            if not hasattr(session.config, "workerinput"):
                note("finish")
    """

    def notes(self):
        path = self.root / "notes"
        return path.read_text().split() if path.exists() else []

    def served(self, mode, index, plan):
        env = {"OFFLOAD_PARALLEL_INDEX": str(index)}
        served = self.serve(mode=mode, env=env, plan=plan).run("test_a.py::test_who")
        told = served.finish()
        self.assertEqual(served.outcomes(told), {"test_a.py::test_who": "passed"}, told.visible)

    def test_workers_are_those_of_xdist(self):  # TRAPS 57
        for self.plugins in (False, True):
            if self.plugins and not available("xdist"):
                continue
            for index, mode in enumerate(("serve", "first", "early")):
                with self.subTest(mode, xdist=self.plugins):
                    text = self.ASKS.replace("WHO", "'gw%d'" % index).replace("MODE", repr(mode))
                    self.write("test_a.py", text)
                    self.served(mode, index, {"workers": 5})

    def test_batches_are_workers_too(self):  # TRAPS 57
        self.write("test_a.py", self.ASKS.replace("WHO", "'gw3'").replace("MODE", "''"))
        files = {"test_a.py::test_who": "test_a.py"}
        told = self.run_batch(
            list(files), files, env={"OFFLOAD_PARALLEL_INDEX": "3"}, workers=5
        )
        self.assertEqual(told.one("end")["outcome"], "passed", told.visible)

    def test_the_controllers_work_is_done_by_the_one_that_discovers(self):  # TRAPS 57
        self.write("conftest.py", self.ONCE)
        self.write("test_a.py", "def test_who(): pass\n")
        for mode in ("serve", "early"):
            self.served(mode, 1, {"workers": 5})
        self.assertEqual(self.notes(), [])
        self.served("first", 0, {"workers": 5})
        self.assertEqual(self.notes(), ["configure", "start", "finish"])

    def test_the_controllers_session_starts_before_others_are_configured(self):  # TRAPS 57
        self.write(
            "conftest.py",
            """
            import os, time
            who = os.environ["WHO"]
            def note(name):
                with open("notes", "a") as file:
                    file.write(name + "-" + who + " ")
            note("import")
            def pytest_configure(config):
                note("configure")
            def pytest_sessionstart(session):
                note("start")
            """,
        )
        self.write("test_a.py", "def test_who(): pass\n")
        plan = {"workers": 2, "began": str(self.base / "began")}
        early = self.serve(mode="early", env={"WHO": "early"}, plan=plan)
        self.assertTrue(early.wait_for("hello"))
        first = self.serve(mode="first", env={"WHO": "first"}, plan=plan)
        for worker in (first, early):
            told = worker.run("test_a.py::test_who").finish()
            self.assertEqual(worker.outcomes(told), {"test_a.py::test_who": "passed"})
        steps = ["import", "configure", "start"]
        self.assertEqual(self.notes(), [step + "-" + who for who in ("first", "early") for step in steps])

    def test_an_early_worker_does_not_wait_in_vain_for_the_controller(self):
        self.write("test_a.py", "def test_who(): pass\n")
        plan = {"workers": 2, "began": str(self.base / "never")}
        told = self.serve(mode="early", plan=plan).finish()
        self.assertTrue(told.one("bye"))

    def test_a_plugin_that_needs_its_controller_believes_to_be_alone(self):
        self.write(
            "conftest.py",
            """
            def pytest_configure(config):
                assert not hasattr(config, "workerinput")
            class Hooks:
                def pytest_configure_node(self, node):
                    node.workerinput["mine"] = 1
            """,
        )
        self.write("test_a.py", "def test_who(request): assert request.config.workerinput\n")
        self.served("serve", 1, {"workers": 5})

    def test_it_can_be_switched_off(self):
        self.write(
            "test_a.py",
            """
            import os
            def test_who(request):
                assert not hasattr(request.config, "workerinput")
                assert "PYTEST_XDIST_WORKER" not in os.environ
            """,
        )
        self.served("serve", 1, {})


class Leftovers(Case):
    def test_a_thread_that_goes_on_for_ever_ends_with_the_worker(self):  # TRAPS 60
        self.write(
            "test_a.py",
            """
            import atexit, threading
            def test_a():
                atexit.register(lambda: open("at_exit", "w").close())
                threading.Thread(target=threading.Event().wait, name="stray").start()
            """,
        )
        for mode in ("serve", "first"):
            with self.subTest(mode):
                served = self.serve(mode=mode).run("test_a.py::test_a")
                told = served.finish()
                self.assertEqual(served.outcomes(told), {"test_a.py::test_a": "passed"})
                self.assertIn("the thread stray.", told.one("notice")["text"])
                self.assertEqual(told.status, 0)
                self.assertTrue((self.root / "at_exit").exists())
        files = {"test_a.py::test_a": "test_a.py"}
        told = self.run_batch(list(files), files)
        self.assertEqual((told.one("end")["outcome"], told.status), ("passed", 0))
        self.assertIn("stray", told.one("notice")["text"])

    def test_threads_that_end_with_the_interpreter_are_not_told(self):
        self.write(
            "test_a.py",
            """
            import threading
            from concurrent.futures import ThreadPoolExecutor
            def test_a():
                ThreadPoolExecutor(1).submit(int).result()
                threading.Thread(target=threading.Event().wait, daemon=True).start()
            """,
        )
        told = self.serve().run("test_a.py::test_a").finish()
        self.assertEqual((told.status, told.kind("notice")), (0, []))


class Bonds(Case):
    def bonds(self, *options):
        told = self.collect(*options)
        return {
            node_id: bond
            for frame in told.kind("items")
            for node_id, bond in zip(frame["ids"], frame.get("bonds") or [""] * len(frame["ids"]))
        }

    def test_files_and_scopes_belong_together_where_the_project_says_so(self):  # TRAPS 56
        if not available("xdist"):
            self.skipTest("needs xdist")
        self.plugins = True
        self.write("test_a.py", "def test_1(): pass\nclass TestC:\n    def test_2(self): pass\n")
        self.write("test_b.py", "def test_3(): pass\n")
        one, two, three = "test_a.py::test_1", "test_a.py::TestC::test_2", "test_b.py::test_3"
        self.assertEqual(set(self.bonds("-n", "2").values()), {""})
        self.assertEqual(set(self.bonds("-n", "0", "--dist", "loadfile").values()), {""})
        found = self.bonds("-n", "2", "--dist", "loadfile")
        self.assertEqual(found[one], found[two])
        self.assertNotEqual(found[one], found[three])
        self.assertNotEqual(found[one], "")
        found = self.bonds("-n", "2", "--dist", "loadscope")
        self.assertEqual(len(set(found.values())), 3)
        self.write("pytest.ini", "[pytest]\naddopts = -n 2 --dist loadfile\n")
        found = self.bonds()
        self.assertEqual(found[one], found[two])

    def test_what_pytest_order_puts_in_order_belongs_together(self):  # TRAPS 56
        plugin = os.path.join(os.environ["OFFLOAD_TEST_TOOLS"], "pytest-order")
        self.write("conftest.py", "import sys\nsys.path.append(%r)\npytest_plugins = ['pytest_order.plugin']\n" % plugin)
        self.write(
            "test_a.py",
            """
            import pytest
            order = pytest.mark.order
            @order(2)
            def test_second(): pass
            @order(1)
            def test_first(): pass
            @order(after="test_b.py::TestMade::test_it")
            def test_after(): pass
            @order(before=["test_free", "test_b.py::TestClass"])
            def test_before(): pass
            @pytest.mark.parametrize("n", ["1::2"])
            def test_free(n): pass
            def test_alone(): pass
            """,
        )
        self.write(
            "test_b.py",
            """
            import pytest
            class TestMade:
                def test_it(self): pass
            class TestClass:
                def test_one(self): pass
            def test_free(): pass
            @pytest.mark.order(3)
            def test_third(): pass
            """,
        )
        found = self.bonds()
        together = {}
        for node_id, bond in found.items():
            together.setdefault(bond, set()).add(node_id.split("[")[0])
        self.assertEqual(together.pop(""), {"test_a.py::test_alone", "test_b.py::test_free"})
        self.assertCountEqual(together.values(), [
            {"test_a.py::test_second", "test_a.py::test_first", "test_b.py::test_third"},
            {"test_a.py::test_after", "test_b.py::TestMade::test_it"},
            {"test_a.py::test_before", "test_a.py::test_free", "test_b.py::TestClass::test_one"},
        ])
        found = self.bonds("--order-scope=module")
        self.assertEqual(found["test_a.py::test_first"], found["test_a.py::test_second"])
        self.assertNotEqual(found["test_a.py::test_first"], found["test_b.py::test_third"])

    def test_the_examples_of_a_document_belong_together(self):  # TRAPS 56
        self.write(
            "conftest.py",
            """
            import pytest
            class Example(pytest.Item):
                def runtest(self): pass
                def getparent(self, name): return None  # as Sybil's
            class Document(pytest.File):
                def collect(self):
                    return [Example.from_parent(self, name=name) for name in ("one", "two")]
            def pytest_collect_file(file_path, parent):
                if file_path.suffix == ".rst":
                    return Document.from_parent(parent, path=file_path)
            """,
        )
        self.write("a.rst")
        self.write("b.rst")
        self.write("test_a.py", "def test_1(): pass\ndef test_2(): pass\n")
        self.write("m.py", "def f():\n    '>>> 1'\ndef g():\n    '>>> 2'\n")
        found = self.bonds("--doctest-modules")
        self.assertEqual(found["a.rst::one"], found["a.rst::two"])
        self.assertNotEqual(found["a.rst::one"], "")
        self.assertNotEqual(found["a.rst::one"], found["b.rst::one"])
        self.assertEqual({bond for node_id, bond in found.items() if ".rst" not in node_id}, {""})


if __name__ == "__main__":
    unittest.main()
