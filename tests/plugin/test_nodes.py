"""What plugins hand to their workers by pytest_configure_node, and take back in pytest_testnodedown."""

import unittest

from harness import Case, available

TEST = "test_a.py::test_who"
CONFTEST = """
    import os
    import pytest
    def note(*words):
        with open("notes", "a") as file:
            file.write("-".join(map(str, words)) + " ")
    def pytest_configure(config):
        config.stash_of_mine = {}
        if hasattr(config, "workerinput"):
            assert config.workerinput["database"] == "db-" + config.workerinput["workerid"]
        note("configured", getattr(config, "workerinput", {}).get("database"))
    def pytest_sessionstart(session):
        note("started")
    def pytest_sessionfinish(session):
        if hasattr(session.config, "workerinput"):
            session.config.workeroutput["seen"] = os.environ["SEEN"]
        note("finished")
    class Hooks:
        @pytest.hookimpl(optionalhook=True)
        def pytest_configure_node(self, node):
            assert "PYTEST_XDIST_WORKER" not in os.environ
            assert node.gateway.id == node.workerinput["workerid"] and node.gateway.spec.popen
            node.workerinput["database"] = "db-" + node.gateway.id
            node.config.stash_of_mine[node.gateway.id] = node
            note("made", node.gateway.id)
        @pytest.hookimpl(optionalhook=True)
        def pytest_testnodedown(self, node, error):
            assert node.config.stash_of_mine.get(node.gateway.id, node) is node
            note("gone", node.workerinput["database"], node.workeroutput["seen"])
    class Registers:
        def pytest_configure(self, config):
            config.pluginmanager.register(Hooks())
    def pytest_addoption(pluginmanager):
        pluginmanager.register(Registers())
"""


class Nodes(Case):
    def setUp(self):
        super().setUp()
        if not available("xdist"):
            self.skipTest("xdist is not installed")
        self.plugins = True
        self.nodes = self.base / "nodes"
        self.write("conftest.py", CONFTEST)
        self.write("test_a.py", "def test_who(): pass\n")

    def notes(self):
        return (self.root / "notes").read_text().split()

    def worker(self, mode, index):
        env = {"OFFLOAD_PARALLEL_INDEX": str(index), "SEEN": "%s-%d" % (mode, index)}
        return self.serve(mode=mode, env=env, plan={"workers": 2, "nodes": str(self.nodes)})

    def passes(self, worker):
        told = worker.finish()
        self.assertEqual(worker.outcomes(told), {TEST: "passed"}, told.visible)
        self.assertEqual([frame["text"] for frame in told.kind("notice")], [])

    def test_the_controller_makes_what_workers_get_and_sees_them_go_down(self):  # TRAPS 57
        first = self.worker("first", 0)
        self.assertEqual(first.wait_for("collected").one("collected")["nodes"], str(self.nodes))
        self.assertEqual(self.notes(), ["configured-None", "started", "made-gw0", "made-gw1"])
        other = self.worker("serve", 1).run(TEST).last()
        self.assertTrue(other.wait_for("end"))
        first.run(TEST).last().say(t="stop")
        self.assertTrue(first.wait_for("end"))
        self.assertNotIn("finished", self.notes())  # it waits for the other
        self.passes(other)
        self.passes(first)
        self.assertEqual(
            self.notes()[4:],
            ["configured-db-gw1", "started", "finished", "gone-db-gw1-serve-1", "finished"],
        )

    def test_batches_get_theirs_and_are_seen_to_go_down_at_the_conclusion(self):  # TRAPS 57
        plan = {"workers": 2, "nodes": str(self.nodes)}
        found = self.run_pytest(dict(plan, mode="collect"), ["--collect-only", "-q"])
        self.assertEqual(found.one("collected")["nodes"], str(self.nodes))
        self.assertEqual(self.notes()[-1], "finished")
        for index in (1, 0, 1):
            batch = {"mode": "run", "ids": [TEST], "files": ["test_a.py"], "in": [0], "fail_fast": False}
            env = {"OFFLOAD_PARALLEL_INDEX": str(index), "SEEN": "batch"}
            told = self.run_pytest({**batch, **plan}, [], env=env)
            self.assertEqual(told.one("end")["outcome"], "passed", told.visible)
        before = len(self.notes())
        plan = {"mode": "conclude", "coverage": [], "nodes": [str(self.nodes)], "failed": False}
        told = self.run_pytest(plan, [])
        self.assertEqual(told.kind("notice"), [])
        gone = ["gone-db-gw0-batch", "gone-db-gw1-batch", "gone-db-gw1-batch"]
        self.assertEqual(
            self.notes()[before:], ["configured-None", "started", *gone, "finished"]
        )
        self.run_pytest(plan, [])
        self.assertEqual(self.notes().count("gone-db-gw0-batch"), 1)

    def test_a_process_for_each_test_is_a_session_of_its_node(self):
        self.write("test_a.py", "def test_who(): pass\ndef test_more(): pass\n")
        plan = {"workers": 2, "nodes": str(self.nodes)}
        self.run_pytest(dict(plan, mode="collect"), ["--collect-only", "-q"])
        before = len(self.notes())
        worker = self.serve(plan=dict(plan, apart="test"), env={"OFFLOAD_PARALLEL_INDEX": "1", "SEEN": "x"})
        told = worker.run(TEST).run("test_a.py::test_more").last().finish()
        self.assertEqual(told.kind("unfit"), [])
        self.assertEqual(list(worker.outcomes(told).values()), ["passed", "passed"], told.visible)
        self.assertEqual(self.notes()[before:], ["configured-db-gw1", "started", "finished", "finished"])
        plan = {"mode": "conclude", "coverage": [], "nodes": [str(self.nodes)], "failed": False}
        self.assertEqual(self.run_pytest(plan, []).kind("notice"), [])
        self.assertEqual(self.notes().count("gone-db-gw1-x"), 2)

    def test_a_worker_that_is_there_before_the_controller_gets_its_own_as_well(self):  # TRAPS 57
        plan = {"workers": 2, "nodes": str(self.nodes), "began": str(self.base / "began")}
        env = {"OFFLOAD_PARALLEL_INDEX": "1", "SEEN": "early"}
        early = self.serve(mode="early", env=env, plan=plan)
        self.assertTrue(early.wait_for("hello"))
        env = {"OFFLOAD_PARALLEL_INDEX": "0", "SEEN": "first"}
        first = self.serve(mode="first", env=env, plan=plan)
        self.assertTrue(first.wait_for("collected"))
        self.passes(early.run(TEST))
        self.passes(first.run(TEST))
        self.assertIn("configured-db-gw1", self.notes())
        self.assertIn("gone-db-gw1-early", self.notes())

    def test_the_controller_waits_for_a_worker_that_has_not_started_yet(self):  # TRAPS 57
        first = self.worker("first", 0)
        self.assertTrue(first.wait_for("collected"))
        label = "t-%d" % (self.number + 1)  # of the next command
        (self.nodes / ("announced-" + label)).touch()
        first.run(TEST).last().say(t="stop")
        self.assertTrue(first.wait_for("end"))
        self.passes(self.worker("serve", 1).run(TEST))
        self.passes(first)
        self.assertEqual(self.notes()[-2:], ["gone-db-gw1-serve-1", "finished"])

    def test_all_workers_of_plugins_that_join_what_they_tell_collect_the_same(self):  # TRAPS 53
        plan = {"mode": "collect", "workers": 2, "nodes": str(self.nodes)}
        told = self.run_pytest(plan, ["--collect-only", "-q"])
        self.assertTrue(told.one("collected")["whole"])
        (self.root / "conftest.py").unlink()
        told = self.run_pytest(dict(plan, nodes=str(self.base / "no")), ["--collect-only", "-q"])
        self.assertNotIn("whole", told.one("collected"))

    def test_what_plugins_make_of_what_batches_have_told_is_heard(self):  # TRAPS 51
        self.write(
            "conftest.py",
            """
            told = []
            def pytest_testnodedown(node, error):
                told.append(node.workeroutput["mine"])
            def pytest_sessionfinish(session, exitstatus):
                if hasattr(session.config, "workeroutput"):
                    session.config.workeroutput["mine"] = "leak"
                elif told:
                    session.exitstatus = exitstatus | 1
            """,
        )
        plan = {"workers": 2, "nodes": str(self.nodes)}
        self.run_pytest(dict(plan, mode="collect"), ["--collect-only", "-q"])
        batch = {"mode": "run", "ids": [TEST], "files": ["test_a.py"], "in": [0], "fail_fast": False}
        told = self.run_pytest({**batch, **plan}, [], env={"OFFLOAD_PARALLEL_INDEX": "1"})
        self.assertEqual(told.status, 0)
        plan = {"mode": "conclude", "coverage": [], "nodes": [str(self.nodes)], "failed": False}
        notice = self.run_pytest(plan, []).one("notice")
        self.assertEqual(notice["severity"], "error")
        self.assertIn("exit status 1", notice["text"])
        self.assertEqual(self.run_pytest(plan, []).kind("notice"), [])  # nothing was told

    def test_a_hook_that_fails_is_told_and_its_workers_are_alone(self):
        self.write(
            "conftest.py",
            """
            def pytest_configure(config):
                assert not hasattr(config, "workerinput")
            def pytest_configure_node(node):
                node.gateway.remote_exec("print(1)")
            """,
        )
        first = self.worker("first", 0).run(TEST)
        other = self.worker("serve", 1).run(TEST).last()
        self.passes(other)
        told = first.finish()
        self.assertIn("pytest_configure_node has failed", told.one("notice")["text"])
        self.assertIn("remote_exec", told.one("notice")["text"])

    def test_what_a_worker_cannot_give_back_is_told(self):
        self.write(
            "conftest.py",
            """
            def pytest_configure_node(node): pass
            def pytest_sessionfinish(session):
                if hasattr(session.config, "workerinput"):
                    session.config.workeroutput["mine"] = object()
            """,
        )
        first = self.worker("first", 0)
        self.assertTrue(first.wait_for("collected"))
        told = self.worker("serve", 1).run(TEST).finish()
        self.assertIn("config.workeroutput cannot be sent", told.one("notice")["text"])
        self.passes(first.run(TEST))

    def test_what_cannot_be_sent_is_told(self):
        self.write(
            "conftest.py",
            """
            def pytest_configure_node(node):
                node.workerinput["mine"] = object()
            """,
        )
        told = self.worker("first", 0).run(TEST).finish()
        self.assertIn("ValueError: unmarshallable object", told.one("notice")["text"])

    def test_a_hook_that_fails_for_a_worker_does_not_keep_the_others_from_going_down(self):
        self.write(
            "conftest.py",
            """
            def pytest_testnodedown(node, error):
                open("down-" + node.gateway.id, "w")
                raise KeyError(node.gateway.id)
            """,
        )
        told = self.worker("first", 0).run(TEST).finish()
        self.assertEqual(
            [frame["text"] for frame in told.kind("notice")],
            ["pytest_testnodedown has failed for gw%d: KeyError: 'gw%d'" % (n, n) for n in (0, 1)],
        )
        self.assertEqual(len(list(self.root.glob("down-*"))), 2)

    def test_without_xdist_nothing_is_asked(self):
        self.plugins = False
        worker = self.worker("first", 0).run(TEST)
        self.passes(worker)
        self.assertNotIn("made-gw0", self.notes())
        self.assertFalse(self.nodes.exists())


SYRUPY = """
    # What syrupy does, as far as several processes are concerned.
    import os
    import pytest
    def pytest_addoption(parser):
        parser.addoption("--snapshot-warn-unused", dest="warn_unused_snapshots", action="store_true")
    used = set()
    @pytest.fixture
    def snapshot(request):
        used.add(request.node.name)
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(session):
        if "PYTEST_XDIST_WORKER" in os.environ:
            session.config.workeroutput["used"] = sorted(used)
        elif {"test_1", "test_2"} - used and not session.config.option.warn_unused_snapshots:
            session.exitstatus = 1
"""
JOINS = """
    class DeferXDist:
        def pytest_testnodedown(self, node, error):
            used.update(getattr(node, "workeroutput", {"used": []})["used"])
    def pytest_configure(config):
        if config.pluginmanager.hasplugin("xdist"):
            config.pluginmanager.register(DeferXDist())
"""


class Snapshots(Case):
    def setUp(self):
        super().setUp()
        self.write("test_a.py", "def test_1(snapshot): pass\ndef test_2(snapshot): pass\n")

    def ends(self, **more):
        """The exit statuses of a controller and another worker, of which each runs one test, and what
        the controller has to say."""
        plan = {"workers": 2, **more}
        first = self.serve(mode="first", env={"OFFLOAD_PARALLEL_INDEX": "0"}, plan=plan)
        self.assertTrue(first.wait_for("collected"))
        other = self.serve(mode="serve", env={"OFFLOAD_PARALLEL_INDEX": "1"}, plan=plan)
        second = other.run("test_a.py::test_2").finish()
        told = first.run("test_a.py::test_1").finish()
        return told.status, second.status, [frame["text"] for frame in told.kind("notice")]

    def test_what_all_workers_have_used_is_joined_with_xdist_and_without(self):  # TRAPS 51
        self.write("conftest.py", 'pytest_plugins = ["syrupy"]\n')
        self.write("syrupy.py", SYRUPY + JOINS)
        for self.plugins in (False, True):
            with self.subTest(plugins=self.plugins):
                nodes = str(self.base / ("nodes-%s" % self.plugins))
                self.assertEqual(self.ends(nodes=nodes), (0, 0, []))

    def test_a_session_that_only_collects_says_nothing_of_them(self):
        self.write("conftest.py", 'pytest_plugins = ["syrupy"]\n')
        self.write("syrupy.py", SYRUPY + JOINS)
        plan = {"mode": "collect", "workers": 2, "nodes": str(self.base / "nodes")}
        told = self.run_pytest(plan, ["--collect-only", "-q"])
        self.assertEqual((told.status, told.kind("notice")), (0, []))

    def test_where_it_cannot_be_joined_nothing_is_called_unused_and_that_is_told(self):
        self.write("conftest.py", 'pytest_plugins = ["syrupy"]\n')
        for more, module in (({}, SYRUPY + JOINS), ({"nodes": str(self.base / "nodes")}, SYRUPY)):
            with self.subTest(**more):
                self.write("syrupy.py", module)
                first, second, notices = self.ends(**more)
                self.assertEqual((first, second), (0, 0))
                self.assertEqual(len(notices), 1)
                self.assertIn("snapshots that no test uses", notices[0])


if __name__ == "__main__":
    unittest.main()
