"""Workers that give each test a process of its own: run by CTest as test_apart.py."""

import textwrap
import unittest

from test_forks import ForkCase

TWO = "def test_1(): pass\ndef test_2(): assert 0\n"


class Tests:
    """Of both kinds of them."""

    def each(self, worker, requests):
        """The end of a worker that is given these: an ID, or those of several tests."""
        for request in requests:
            worker.run(*([request] if isinstance(request, str) else request))
        return worker.last().finish()

    def test_those_of_a_request_share_a_process(self):
        self.write("conftest.py", """
            import os, pytest
            def log(text): open("log", "a").write("%d %s\\n" % (os.getpid(), text))
            @pytest.fixture(scope="module", autouse=True)
            def module():
                log("up"); yield; log("down")
        """)
        for name in "ab":
            self.write("test_%s.py" % name, """
                from conftest import log
                state = []
                def test_1(): state.append(1); log("1")
                def test_2(): log("2"); assert state and 0
                def test_3(): log("3"); assert not state
            """)
        ids = [["test_%s.py::test_%d" % (name, n) for n in (1, 2)] for name in "ab"]
        worker, told = self.apart(*ids, "test_b.py::test_3", apart="file")
        self.assertEqual(list(worker.outcomes(told).values()),
                         ["passed", "failed", "passed", "failed", "passed"], told.err)
        self.assertEqual((told.status, told.one("bye")["status"]), (0, 0), told.err)
        by_process = {}
        for line in (self.root / "log").read_text().splitlines():
            process, word = line.split()
            by_process.setdefault(process, []).append(word)
        self.assertEqual(list(by_process.values()),
                         [["up", "1", "2", "down"]] * 2 + [["up", "3", "down"]])

    def test_an_end_within_a_request_leaves_its_rest_and_later_ones_undone(self):
        self.write("test_a.py", """
            import os
            def test_1(): pass
            def test_2(): os._exit(0)
            def test_3(): pass
            def test_4(): pass
        """)
        ids = ["test_a.py::test_%d" % n for n in range(1, 5)]
        worker, told = self.apart(ids[:3], ids[3], apart="file")
        self.assertEqual([frame["n"] for frame in told.kind("end")], [0], told.err)
        self.assertEqual([frame["n"] for frame in told.kind("begin")], [0, 1])
        self.assertEqual(told.kind("bye"), [])

    def test_each_test_may_have_a_process(self):
        self.write("conftest.py", """
            import atexit, os, pytest
            state = []
            def log(text): open("log", "a").write("%d %s\\n" % (os.getpid(), text))
            @pytest.fixture(scope="session", autouse=True)
            def session():
                log("up"); yield; log("down")
            def pytest_sessionfinish(session, exitstatus): log("finish %d" % exitstatus)
            @pytest.hookimpl(tryfirst=True)
            def pytest_runtest_setup(item):
                state.append(item.name)
                atexit.register(log, " ".join(state))
        """)
        self.write("test_a.py", """
            import sys
            def test_1(): assert "ctypes" not in sys.modules
            def test_2(): assert 0
            def test_3(): pass
        """)
        worker, told = self.apart("test_a.py::test_1", "test_a.py::test_2", "test_a.py::test_3")
        self.assertEqual(worker.outcomes(told), {"test_a.py::test_1": "passed",
                                                 "test_a.py::test_2": "failed",
                                                 "test_a.py::test_3": "passed"}, told.err)
        self.assertEqual((told.status, told.one("bye")["status"]), (0, 0), told.err)
        lines = [line.split(" ", 1) for line in (self.root / "log").read_text().splitlines()]
        by_process = {}
        for process, words in lines:
            by_process.setdefault(process, []).append(words)
        sessions = list(by_process.values())
        if self.COLLECTED_ELSEWHERE:
            self.assertEqual(sessions.pop(0), ["finish 0"])
        self.assertEqual(sessions, [
            ["up", "down", "finish %d" % status, "test_%d" % number]
            for number, status in ((1, 0), (2, 1), (3, 0))])

    def test_an_end_that_results_do_not_explain_ends_the_worker_in_the_same_way(self):
        for name, test, status, ends, byes in (
            ("a signal", "import os, signal\ndef test_1(): os.kill(os.getpid(), signal.SIGKILL)",
             -9, 0, []),
            ("a crash", "import ctypes\ndef test_1(): ctypes.string_at(0)", -11, 0, []),
            ("an exit", "import os\ndef test_1(): os._exit(0)", 0, 0, []),
            ("a signal at the end", """
                import atexit, os, signal
                def test_1(): atexit.register(os.kill, os.getpid(), signal.SIGTERM)
             """, -15, 1, [0]),
            ("a gate that says it late", """
                import pytest
                class Gate:
                    @pytest.hookimpl(trylast=True)
                    def pytest_sessionfinish(self, session): session.exitstatus = 7
                def test_1(request): request.config.pluginmanager.register(Gate())
             """, 7, 1, [0]),
            ("a word of pytest's", "import pytest\ndef test_1(): pytest.exit('enough', 6)", 6, 1,
             [6]),
        ):
            with self.subTest(name):
                self.write("test_a.py", textwrap.dedent(test) + "\ndef test_2(): pass\n")
                worker, told = self.apart("test_a.py::test_1", "test_a.py::test_2")
                self.assertEqual((told.status, len(told.kind("end")),
                                  [frame["status"] for frame in told.kind("bye")]),
                                 (status, ends, byes), told.err)
                self.assertEqual([frame["n"] for frame in told.kind("begin")], [0])

    def test_processes_that_a_test_leaves_behind_are_gone_before_the_next(self):
        self.write("test_a.py", """
            import os, subprocess, sys, time
            def test_1():
                left = subprocess.Popen(["sleep", "1000"])
                subprocess.run(["sh", "-c", "sleep 1000 & echo $!"], stdout=open("second", "w"))
                open("first", "w").write(str(left.pid))
            def test_2():
                for name in ("first", "second"):
                    assert not os.path.exists("/proc/" + open(name).read().strip())
        """)
        worker, told = self.apart("test_a.py::test_1", "test_a.py::test_2")
        self.assertEqual(worker.outcomes(told), {"test_a.py::test_1": "passed",
                                                 "test_a.py::test_2": "passed"}, told.err)

    def test_a_child_that_a_test_forks_and_does_not_end_says_nothing(self):
        self.write("test_a.py", """
            import os
            def test_1():
                if os.fork() == 0: return
                os.wait()
            def test_2(): os._exit(0)
        """)
        worker, told = self.apart("test_a.py::test_1", "test_a.py::test_2")
        self.assertEqual([end["n"] for end in told.kind("end")], [0], told.frames)
        self.assertEqual(told.kind("bye"), [])

    def test_tests_of_one_id_share_a_process(self):
        self.write("test_a.py", """
            import os, pytest
            seen = []
            @pytest.mark.parametrize("n", [1, 2], ids=["a", "b"])
            def test_1(n): print(n, os.getpid())
            def test_2(): pass
        """)
        self.write("conftest.py", """
            def pytest_collection_modifyitems(items):
                items[1]._nodeid = items[0].nodeid
        """)
        worker, told = self.apart("test_a.py::test_1[a]", "test_a.py::test_2")
        self.assertEqual([end["outcome"] for end in told.kind("end")], ["passed", "passed"])
        pids = {line.split()[1] for line in told.kind("end")[0]["out"].splitlines()}
        self.assertEqual(len(pids), 1, told.kind("end"))


    def test_what_a_plugin_does_before_the_first_test_speaks_against_it(self):
        for what, reason in (
            ("threading.Thread(target=threading.Event().wait, daemon=True).start()", "a thread runs"),
            ("session.config.mine = socket.socket()", "is open"),
            ("subprocess.Popen(['sleep', '10'])", "a child process is left"),
        ):
            with self.subTest(reason):
                self.write("conftest.py", """
                    import pytest, socket, subprocess, threading
                    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
                    def pytest_runtestloop(session):
                        %s
                        yield
                """ % what)
                self.write("test_a.py", TWO)
                worker, told = self.apart("test_a.py::test_1")
                self.assertIn(reason, told.one("unfit")["reason"], told.err)
                self.assertEqual((told.kind("begin"), told.kind("end")), ([], []))


class Apart(Tests, ForkCase):
    """Forks of the process that has collected."""

    COLLECTED_ELSEWHERE = True

    def apart(self, *ids, **plan):
        """A worker, and what it has told."""
        first = self.first(leaves=True)
        self.assertEqual(first.finish(stop=False).one("forks").get("reason", ""), "")
        worker = self.fork(**{"apart": "test", **plan})
        told = self.each(worker, ids)
        self.end(first)
        return worker, told


class ApartAlone(Tests, ForkCase):
    """Those that collect by themselves."""

    COLLECTED_ELSEWHERE = False

    def by_itself(self, **plan):
        env = {"OFFLOAD_SANDBOX_ID": "local-abc-1", "OFFLOAD_PARALLEL_INDEX": "1",
               "OFFLOAD_BATCH": "7"}
        return self.serve(plan={"apart": "test", "workers": 3, **plan}, env=env)

    def apart(self, *ids, **plan):
        worker = self.by_itself(**plan)
        return worker, self.each(worker, ids)

    def test_who_this_is_may_be_asked_before_since_it_stays_the_same(self):
        self.write("conftest.py", """
            import os
            VARIABLES = dict(os.environ)
            def pytest_configure(config): config.who = config.workerinput["workerid"]
        """)
        self.write("test_a.py", """
            import os, pytest
            from conftest import VARIABLES
            NAME = os.environ["PYTEST_XDIST_WORKER"]
            @pytest.mark.parametrize("n", [1, 2])
            def test_who(n, worker_id, request):
                assert NAME == request.config.who == worker_id == "gw1"
                assert VARIABLES["OFFLOAD_SANDBOX_ID"] == os.environ["OFFLOAD_SANDBOX_ID"]
        """)
        worker, told = self.apart("test_a.py::test_who[1]", "test_a.py::test_who[2]")
        self.assertEqual(set(worker.outcomes(told).values()), {"passed"}, told.err)

    def test_what_would_not_be_each_process_own_speaks_against_it(self):
        for reason, conftest in (
            ("asks for the number of its process", "import os; os.getpid()"),
            ("makes a temporary file", "import tempfile; tempfile.mkdtemp(dir='.')"),
            ("takes a port", "import socket; one = socket.socket(); one.bind(('localhost', 0));"
                             " one.getsockname(); one.close()"),
            ("OFFLOAD_ATTEMPT", "import os; os.environ.get('OFFLOAD_ATTEMPT')"),
            ("a thread runs", "import threading; threading.Thread("
                              "target=threading.Event().wait, daemon=True).start()"),
            ("is open", "import os; os.pipe()"),
            ("random numbers", "import random; random.random()"),
            ("number of its process", """
                import os
                copy = dict(os.environ)  # who it is comes first, and does not hide what follows
                os.getpid()
            """),
        ):
            with self.subTest(reason):
                self.write("conftest.py", textwrap.dedent(conftest))
                self.write("test_a.py", TWO)
                worker, told = self.apart("test_a.py::test_1")
                self.assertIn(reason, told.one("unfit")["reason"], told.err)
                self.assertEqual((told.kind("begin"), told.kind("end")), ([], []))

    def test_it_goes_on_with_what_it_is_asked_for_later(self):
        self.write("test_a.py", "state = []\n" + "".join(
            "def test_%d(): state.append(1); assert len(state) == 1\n" % n for n in range(4)))
        ids = ["test_a.py::test_%d" % n for n in range(4)]
        worker = self.by_itself()
        for each in ids[:3]:
            worker.run(each)
        worker.wait_for("end", 2)
        told = worker.run(ids[3], attempts=[2]).last().finish()
        self.assertEqual(worker.outcomes(told), dict.fromkeys(ids, "passed"), told.err)
        self.assertEqual((told.status, told.one("bye")["status"]), (0, 0), told.err)


if __name__ == "__main__":
    unittest.main()
