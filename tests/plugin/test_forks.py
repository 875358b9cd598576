"""Workers that are forks of a process that has collected: run by CTest as test_forks.py."""

import array
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import unittest

from harness import DEADLINE, NONCE, Case, Served, available

PR_SET_CHILD_SUBREAPER = 36
TWO = "def test_1(): pass\ndef test_2(): assert 0\n"


class Fork:
    """As subprocess.Popen, of a process that another one has forked for us."""

    def __init__(self, pid, stdin, stdout):
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self.returncode = None

    def wait(self):
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def poll(self):
        if self.returncode is None and os.waitpid(self.pid, os.WNOHANG | os.WEXITED)[0]:
            return 0
        return self.returncode

    def kill(self):
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)


class ForkCase(Case):
    def setUp(self):
        super().setUp()
        # As Offload is: forks of forks are left to it.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.socket = str(self.base / "mother")
        self.forks = 0

    def first(self, *args, env=None, stdin=subprocess.PIPE, **plan):
        plan = {"mother": self.socket, "workers": 3, **plan}
        env = {"OFFLOAD_SANDBOX_ID": "local-abc-0", "OFFLOAD_PARALLEL_INDEX": "0",
               "OFFLOAD_SANDBOX_FOLDER": "/tmp/offload-abc-0-xyz", **(env or {})}
        worker = self.serve(*args, mode="first", plan=plan, env=env, stdin=stdin)
        self.addCleanup(self.end, worker)
        worker.wait_for("collected")
        return worker

    def end(self, worker):
        if os.path.exists(self.socket):
            os.unlink(self.socket)  # by which the mother knows that she is wanted no more
        worker.process.kill()
        worker.process.wait()

    def refusal(self, worker):
        told = worker.told()
        self.assertLess([f["t"] for f in told.frames].index("forks"),
                        [f["t"] for f in told.frames].index("collected"))
        return told.one("forks").get("reason", "")

    def fork(self, slot=1, env=None, word=b"1", **plan):
        """`word`: what the fork waits for; b"": nothing comes."""
        self.forks += 1
        label = "f-%d" % self.forks
        path = self.base / (label + ".plan")
        plan = {"mode": "serve", "nonce": NONCE, "label": label, "protocols": [1],
                "limit": DEADLINE, "fail_fast": False, "workers": 3, **plan}
        path.write_text(json.dumps(plan))
        wish = {"plan": str(path), "env": {
            "OFFLOAD_SANDBOX_ID": "local-abc-%d" % (slot + 100), "OFFLOAD_PARALLEL_INDEX": str(slot),
            "OFFLOAD_SANDBOX_FOLDER": "/tmp/offload-abc-%d-xyz" % slot, "OFFLOAD_BATCH": "7",
            **(env or {})}}
        err = tempfile.TemporaryFile()
        self.addCleanup(err.close)
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(DEADLINE)
            connection.connect(self.socket)
            numbers = array.array("i", [in_read, out_write, err.fileno()])
            connection.sendmsg([json.dumps(wish).encode()],
                               [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)])
            answer = connection.recv(64)
            os.close(in_read)
            os.close(out_write)
            self.assertTrue(answer, "the mother forks nothing")
            connection.send(word)
        process = Fork(int(answer), os.fdopen(in_write, "wb"), os.fdopen(out_read, "rb"))
        return Served(process, err)


class Forks(ForkCase):
    def test_they_run_what_they_are_told_to_without_another_collection(self):
        self.write("test_a.py", "open('imported', 'a').write('a')\n" + TWO)
        first = self.first()
        self.assertEqual(self.refusal(first), "")
        forks = [self.fork(1), self.fork(2)]
        for fork in forks:
            self.assertEqual([f["t"] for f in fork.wait_for("idle").frames], ["hello", "idle"])
        for worker in (*forks, first):
            worker.run("test_a.py::test_2", "test_a.py::test_1").last()
            told = worker.finish()
            self.assertEqual(worker.outcomes(told),
                             {"test_a.py::test_1": "passed", "test_a.py::test_2": "failed"}, told.err)
            self.assertEqual(told.one("bye")["status"], 1)
            self.assertEqual(told.status, 1)
        self.assertEqual((self.root / "imported").read_text(), "a")

    def test_what_leads_to_nowhere_still_does(self):
        """As pytest's own log file does, whatever the standard input is."""
        self.write("conftest.py", "nowhere = open('/dev/null', 'w', buffering=1)\n")
        self.write("test_a.py", """
            import conftest, logging
            def test_1():
                conftest.nowhere.write("words\\n")
                logging.getLogger().error("words")
        """)
        self.first(leaves=True, stdin=subprocess.DEVNULL)
        plan = {"ids": ["test_a.py::test_1"], "files": ["test_a.py"], "in": [0]}
        told = self.fork(mode="run", **plan).finish(stop=False)
        self.assertEqual(told.one("end")["outcome"], "passed", told.one("end"))
        self.assertEqual(told.one("bye")["status"], 0, told.err)

    def test_one_that_is_not_wanted_leaves_the_plan_to_the_next(self):
        self.write("test_a.py", TWO)
        self.first()
        fork = self.fork(word=b"")
        told = fork.finish(stop=False)
        self.assertEqual((told.status, told.frames), (0, []), told.err)
        self.assertTrue((self.base / "f-1.plan").exists())

    def test_a_batch_is_a_fork_of_what_discovery_has_left_behind(self):
        self.write("test_a.py", "open('imported', 'a').write('a')\n" + TWO + "def test_3(): pass\n")
        first = self.first(leaves=True)
        told = first.finish(stop=False)  # by itself, and without a test
        self.assertEqual((told.one("bye")["status"], told.kind("begin"), told.kind("idle")),
                         (0, [], []), told.err)
        self.assertNotIn("stays", told.one("collected"))
        ids = ["test_a.py::test_3", "test_a.py::test_2", "test_a.py::test_gone"]
        plan = {"ids": ids, "files": ["test_a.py"], "in": [0, 0, 0]}
        for _ in range(2):
            told = self.fork(mode="run", **plan).finish(stop=False)
            self.assertEqual([end["outcome"] for end in told.kind("end")], ["failed", "passed"])
            self.assertEqual([end["n"] for end in told.kind("end")], [1, 0])
            self.assertEqual([frame["n"] for frame in told.kind("refused")], [2])
            self.assertEqual((told.kind("idle"), told.one("bye")["status"], told.status), ([], 1, 1))
        self.assertEqual((self.root / "imported").read_text(), "a")

    def test_a_word_of_a_plugin_stands_in_a_batch_that_is_a_fork(self):
        self.write("conftest.py", """
            import pytest
            @pytest.hookimpl(trylast=True)
            def pytest_runtest_teardown(item): item.session.shouldstop = "that is enough"
        """)
        self.write("test_a.py", "def test_1(): pass\ndef test_2(): pass\n")
        self.first(leaves=True)
        told = self.fork(mode="run", ids=["test_a.py::test_1", "test_a.py::test_2"],
                         files=["test_a.py"], **{"in": [0, 0]}).finish(stop=False)
        self.assertIn("that is enough", told.one("refused")["reason"])

    def test_one_may_be_asked_for_before_the_tests_are_known(self):
        self.write("test_a.py", TWO)
        self.first()
        worker = self.fork(mode="early", began=str(self.base / "never-made"))
        told = worker.run("test_a.py::test_1").finish()
        self.assertEqual(worker.outcomes(told), {"test_a.py::test_1": "passed"})
        self.assertEqual(told.kind("items"), [])

    def test_each_has_an_identity_of_its_own(self):
        self.write("test_a.py", """
            import os
            def test_who(request, worker_id, tmp_path):
                config = request.config
                print(worker_id, config.workerinput["workerid"], os.environ["PYTEST_XDIST_WORKER"],
                      os.environ["OFFLOAD_SANDBOX_ID"], os.environ["OFFLOAD_BATCH"],
                      os.getpgid(0) == os.getpid(), tmp_path.parent.name, config.workeroutput)
        """)
        self.first()
        for slot in (1, 2):
            told = self.fork(slot).run("test_a.py::test_who").finish()
            self.assertEqual(
                told.one("end")["out"],
                "gw{0} gw{0} gw{0} local-abc-10{0} 7 True popen-gw{0} {{}}\n".format(slot))

    def test_they_are_known_by_the_marker_of_their_own_sandbox(self):
        self.write("test_a.py", """
            def test_marker():
                marks = [each for each in open("/proc/self/environ").read().split("\\0")
                         if each.startswith("OFFLOAD_SANDBOX_ID")]
                assert marks == ["OFFLOAD_SANDBOX_ID=local-abc-101"]
        """)
        self.first()
        told = self.fork().run("test_a.py::test_marker").finish()
        self.assertEqual(told.one("end")["outcome"], "passed", told.one("end"))

    def test_what_they_print_is_captured_apart(self):
        self.write("test_a.py", """
            import os, time
            def test_talks(worker_id):
                for number in range(100):
                    os.write(1, ("%s %d\\n" % (worker_id, number)).encode())
                    time.sleep(0.002)
        """)
        first = self.first()
        workers = [self.fork(1), self.fork(2), first]
        for worker in workers:
            worker.run("test_a.py::test_talks")
        for slot, worker in zip((1, 2, 0), workers):
            said = worker.finish().one("end")["out"]
            self.assertEqual(said, "".join("gw%d %d\n" % (slot, number) for number in range(100)))

    def test_a_crash_is_the_forks_own_and_another_one_goes_on(self):
        self.write("test_a.py", "import os\ndef test_1(): os.kill(os.getpid(), 11)\n"
                                "def test_2(): pass\n")
        first = self.first()
        told = self.fork().run("test_a.py::test_1").last().finish(stop=False)
        self.assertEqual((told.status, len(told.kind("begin")), len(told.kind("end"))), (-11, 1, 0))
        self.assertIn("Segmentation fault", told.err)
        for worker in (self.fork(), first):
            told = worker.run("test_a.py::test_2").finish()
            self.assertEqual(told.one("end")["outcome"], "passed")

    def test_fixtures_and_ends_are_each_forks_own(self):
        self.write("conftest.py", """
            import atexit, pytest
            def log(text): open("log", "a").write(text + "\\n")
            atexit.register(log, "exit")
            @pytest.fixture(scope="session", autouse=True)
            def session(worker_id):
                log("up " + worker_id); yield; log("down " + worker_id)
            def pytest_sessionfinish(session):
                log("finish %s" % session.config.workerinput["workerid"])
        """)
        self.write("test_a.py", TWO)
        first = self.first()
        self.fork().run("test_a.py::test_1").finish()
        self.assertEqual((self.root / "log").read_text(), "up gw1\ndown gw1\nfinish gw1\nexit\n")
        first.process.kill()

    # The interpreter's end takes down what is left, which is seen here in a way that is no concern.
    WITNESS = """
        import atexit, os, weakref
        def log(text, open=os.open, write=os.write, close=os.close,
                flags=os.O_WRONLY | os.O_CREAT | os.O_APPEND):
            file = open("log", flags)
            write(file, text.encode() + b"\\n")
            close(file)
        atexit.register(log, "exit")
        class Kept: pass
        kept = Kept()
        def taken_down(_, log=log): log("taken down")
        taken_down.__module__ = "weakref"
        witness = weakref.ref(kept, taken_down)
        class Talker:
            def __del__(self, log=log): log("gone")
    """

    def end_of_fork(self, test, conftest=""):
        """The status of a fork that runs this one test, and what has been logged."""
        self.write("conftest.py", textwrap.dedent(self.WITNESS) + textwrap.dedent(conftest))
        self.write("test_a.py", "import conftest, os, sys\nclass Left: pass\n" + textwrap.dedent(test))
        first = self.first()
        self.assertEqual(self.refusal(first), "")
        told = self.fork().run("test_a.py::test_1").last().finish()
        self.end(first)
        return told.status, (self.root / "log").read_text().split("\n")[:-1]

    def test_they_leave_at_once_behind_the_exit_handlers(self):
        self.assertEqual(self.end_of_fork("def test_1(): pass"), (0, ["exit"]))

    def test_what_a_test_leaves_for_the_collector_is_found_among_what_it_has_made(self):
        """A search among all there is would copy the memory that forks share."""
        for name, test, logged in (
            ("an event loop", """
                async def waits(): await conftest.asyncio.sleep(0)
                def test_1(): conftest.begin(); conftest.asyncio.run(waits())
                """, []),
            ("a finalizer in a circle", """
                def test_1():
                    conftest.begin()
                    one = conftest.Talker()
                    one.itself = one
                """, ["gone"]),
        ):
            with self.subTest(name):
                ended = self.end_of_fork(test, """
                    import asyncio, gc
                    searches = []
                    def see(phase, info):
                        if info["generation"] == 2 and gc.get_freeze_count() == 0: searches.append(phase)
                    def begin():
                        gc.callbacks.append(see)
                        atexit.register(lambda: log("%d searches" % searches.count("start")))
                    """)
                self.assertEqual(ended, (0, [*logged, "0 searches", "exit"]))
                (self.root / "log").unlink()

    def test_what_only_a_search_among_all_finds_is_found(self):
        ended = self.end_of_fork("""
            def test_1():
                conftest.old.new = conftest.Talker()
                conftest.old = None
            """, """
            old = Kept()
            old.itself = old
            """)
        self.assertEqual(ended, (0, ["gone", "exit"]))

    def test_wrappers_of_hooks_that_go_on_are_no_hindrance(self):
        for hook in ("pytest_cmdline_main", "pytest_collection", "pytest_unconfigure"):
            for words in ("hookwrapper=True", "hookwrapper=True, tryfirst=True", "wrapper=True"):
                with self.subTest(hook=hook, words=words):
                    ended = self.end_of_fork("def test_1(): pass", """
                        import pluggy, pytest
                        words = dict(%s)
                        if not hasattr(pluggy, "PluggyTeardownRaisedWarning"):
                            words["hookwrapper"] = words.pop("wrapper", True)
                        @pytest.hookimpl(**words)
                        def %s(): return (yield)
                    """ % (words, hook))
                    self.assertEqual(ended, (0, ["exit"]))
                    (self.root / "log").unlink()

    def test_what_has_nothing_to_say_when_it_goes_is_no_hindrance(self):
        for name, test, conftest in (
            ("a generator half way", "def test_1(): pass", """
                def counts():
                    n = 0
                    while True:
                        n += 1
                        yield n
                counter = counts()
                next(counter)
                some = (n for n in counter)
                next(some)
             """),
            ("one behind its last block", "def test_1(): pass", """
                def counts():
                    try: log
                    finally: pass
                    yield 1
                counter = counts() if __import__("sys").version_info >= (3, 11) else None
                counter and next(counter)
             """),
            ("a test's", "def test_1(): Left.one = (n for n in 'ab'); next(Left.one)", ""),
            ("a finalizer that is not called at the exit", "def test_1(): pass", """
                one = Kept()
                weakref.finalize(one, log, "gone").atexit = False
             """),
            ("a test's own", """
                import weakref
                def test_1():
                    Left.one = conftest.Kept()
                    weakref.finalize(Left.one, conftest.log, "gone").atexit = False
             """, ""),
        ):
            with self.subTest(name):
                self.assertEqual(self.end_of_fork(test, conftest), (0, ["exit"]))
                (self.root / "log").unlink()

    def test_finalizers_that_the_exit_calls_are_called(self):
        ended = self.end_of_fork("def test_1(): pass", """
            one = Kept()
            weakref.finalize(one, log, "gone")
        """)
        self.assertEqual(ended, (0, ["gone", "exit"]))

    def test_where_something_may_have_to_be_said_they_end_as_ever(self):
        for name, test, conftest, logged in (
            ("a finalizer", "def test_1(): Left.one = conftest.Talker()", "", "gone"),
            ("one from before the fork", "def test_1(): pass", "one = Talker()", "gone"),
            ("a generator within a block", "def test_1(): pass", """
                def talks(log=log):
                    try: yield
                    finally: log("closed")
                one = talks()
                next(one)
             """, "closed"),
            ("a test's generator", """
                def talks(log=conftest.log):
                    with conftest.talker(log): yield
                def test_1():
                    Left.one = talks()
                    next(Left.one)
             """, """
                class talker:
                    def __init__(self, log): self.log = log
                    def __enter__(self): pass
                    def __exit__(self, *_): self.log("closed")
             """, "closed"),
            ("a callback", "def test_1(): pass", """
                two = Kept()
                other = weakref.ref(two, lambda _, log=log: log("gone"))
             """, "gone"),
            ("a file", "def test_1(): Left.file = open('log', 'a'); Left.file.write('held\\n')", "",
             "held"),
            ("a coroutine", """
                class Never:
                    def __await__(self): yield
                async def waits(log=conftest.log):
                    try: await Never()
                    finally: log("closed")
                def test_1():
                    Left.one = waits()
                    Left.one.send(None)
                """, "", "closed"),
        ):
            with self.subTest(name):
                status, log = self.end_of_fork(test, conftest)
                self.assertEqual((status, set(log)), (0, {"exit", "taken down", logged}))
                (self.root / "log").unlink()

    @unittest.skipUnless(shutil.which("gcc"), "no gcc")
    def test_what_compiled_code_measures_is_written(self):
        self.write("counted.c", "int counted(void) { return 1; }\n")
        library = self.root / "counted.so"
        subprocess.run(["gcc", "--coverage", "-shared", "-fPIC", "-o", library, "counted.c"],
                       cwd=self.root, check=True)
        self.end_of_fork("def test_1(): assert conftest.library.counted() == 1",
                         "import ctypes\nlibrary = ctypes.CDLL(%r)\n" % str(library))
        self.assertEqual([path.suffix for path in self.root.glob("*.gcda")], [".gcda"])

    def test_a_file_that_an_exit_handler_leaves_open_is_written(self):
        self.end_of_fork("def test_1(): pass", """
            def leave(): leave.file = open("last", "w"); leave.file.write("words")
            atexit.register(leave)
        """)
        self.assertEqual((self.root / "last").read_text(), "words")

    def test_their_status_is_the_interpreters(self):
        for name, expected, conftest in (
            ("a plugin's word", 7, """
                import pytest
                @pytest.hookimpl(trylast=True)
                def pytest_sessionfinish(session): session.exitstatus = 7
             """),
            ("an error after the session", 1, """
                def pytest_configure(config): config.add_cleanup(lambda: 1 / 0)
             """),
            ("an exit after the session", 9, """
                import sys
                def pytest_configure(config): config.add_cleanup(lambda: sys.exit(9))
             """),
            ("words in place of a status", 1, """
                import sys
                def pytest_configure(config): config.add_cleanup(lambda: sys.exit("no"))
             """),
        ):
            with self.subTest(name):
                self.assertEqual(self.end_of_fork("def test_1(): pass", conftest)[0], expected)

    def test_chance_is_each_forks_own(self):
        self.write("test_a.py", """
            import random, tempfile, uuid
            def test_draws(): print(random.random(), uuid.uuid4(), tempfile.mktemp())
        """)
        first = self.first()
        drawn = set()
        for worker in (self.fork(), self.fork(), first):
            drawn.update(worker.run("test_a.py::test_draws").finish().one("end")["out"].split())
        self.assertEqual(len(drawn), 9)

    def test_what_others_have_for_chance_is_each_forks_own_unless_it_is_seeded(self):  # TRAPS 57
        self.write("names.py", """
            import random
            unseeded, seeded, later, set_back, known = (
                random.Random(*seed) for seed in ((), (7,), (), (), ()))
            later.seed(7)
            set_back.setstate(seeded.getstate())
            state = known.getstate()
            def draw():
                assert random.Random(7).random() == seeded.random() == later.random() == set_back.random()
                assert known.getstate() == state
                return unseeded.random()
        """)
        self.write("test_a.py", """
            import random
            import names
            seed = random.Random.seed
            def test_draws(): print(names.draw())
            def test_again(): print(names.draw())
            def test_own(): assert random.Random.seed.__module__ == "random"
        """)
        self.write("conftest.py", "import sys; sys.path.insert(0, '.')\n")
        first = self.first(leaves=True)
        self.assertEqual(first.finish(stop=False).one("forks").get("reason", ""), "")
        drawn = set()
        for apart in ({}, {}, {"apart": "test"}):
            worker = self.fork(**apart).run("test_a.py::test_draws").run("test_a.py::test_own")
            for end in worker.finish().kind("end"):
                self.assertEqual(end["outcome"], "passed", end)
                drawn.update(end.get("out", "").split())
        self.assertEqual(len(drawn), 3, drawn)

    @unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "there is no other processor")
    def test_nobody_is_forked_to_compile_ahead_where_somebody_would_hear_of_it(self):
        self.ahead = True
        for number in range(40):
            self.write("test_%02d.py" % number, "def test_a(): assert 1 # %s\n" % ("." * 4000))
        for conftest, is_there in (("", True), ("os.register_at_fork(before=list)", False),
                                   ("sys.addaudithook(lambda *args: None)", False)):
            with self.subTest(conftest):
                self.bytecode = self.base / ("bytecode-%d" % len(conftest))
                self.write("conftest.py", "import os, sys\n%s\n" % conftest)
                self.end(self.first())
                self.assertEqual((self.bytecode / "ahead").exists(), is_there)

    def test_no_test_of_the_first_sees_the_mother(self):
        self.write("test_a.py", """
            import os, pytest
            def test_children():
                with pytest.raises(ChildProcessError): os.waitpid(-1, os.WNOHANG)
        """)
        told = self.first().run("test_a.py::test_children").finish()
        self.assertEqual(told.one("end")["outcome"], "passed", told.one("end"))

    def test_basetemp_is_separated(self):
        self.write("test_a.py", "def test_1(tmp_path): print(tmp_path)\n")
        self.first("--basetemp", str(self.base / "given"))
        told = self.fork().run("test_a.py::test_1").finish()
        self.assertTrue(told.one("end")["out"].startswith(str(self.base / "given" / "f-1")))


# Of which Python does not know.
NATIVE_THREAD = """
import ctypes
library = ctypes.CDLL(None)
thread = ctypes.c_ulong()
library.pthread_create(ctypes.byref(thread), None, library.pause, None)
library.pthread_setname_np(thread, b"%s")
"""

# What must be refused: files of a project, and words of the reason.
REFUSED = {
    "a thread": ({"conftest.py": """
        import threading, time
        threading.Thread(target=time.sleep, args=(1e6,), daemon=True, name="a thread of mine").start()
        """}, "a thread runs before the first test: a thread of mine"),
    "a socket": ({"test_a.py": "import socket\nlistener = socket.socket()\n" + TWO}, "socket:["),
    "a port": ({"test_a.py": """
        import socket
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            PORT = found.getsockname()[1]
        def test_1(): pass
        """}, "test_a takes a port"),
    "a port that is asked for later": ({"conftest.py": """
        import socketserver
        class Server(socketserver.TCPServer):
            def server_bind(self): self.socket.bind(self.server_address)
        def taken():
            with Server(("127.0.0.1", 0), None) as server: yield server.socket
        """, "test_a.py": """
        import conftest
        [PORT] = [found.getsockname()[1] for found in conftest.taken()]
        def test_1(): pass
        """}, "test_a takes a port"),
    "the first of some ports": ({"test_a.py": """
        import socket
        for port in range(30000, 40000):
            with socket.socket() as found:
                try: found.bind(("127.0.0.1", port))
                except OSError: continue
            break
        def test_1(): pass
        """}, "test_a takes a port"),
    "a name for a socket": ({"test_a.py": """
        import socket
        with socket.socket(socket.AF_UNIX) as found: found.bind("there")
        def test_1(): pass
        """}, "test_a takes a port"),
    "a pipe": ({"test_a.py": "import os\nends = os.pipe()\n" + TWO}, "pipe:["),
    "an event loop": ({"conftest.py": "import select\npoll = select.epoll()\n"}, "eventpoll"),
    "an eventfd": ({"conftest.py": """
        import ctypes
        ctypes.CDLL(None).eventfd(0, 0)
        """}, "eventfd"),
    "a log file": ({"conftest.py": "log = open('log', 'w')\n"}, "log is open for writing"),
    "a data file": ({"conftest.py": "data = open(__file__)\n"}, "conftest.py is open for reading"),
    "a child process": ({"conftest.py": """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.DEVNULL)
        """}, "a child process is left"),
    "shared memory": ({"conftest.py": "import mmap\nshared = mmap.mmap(-1, 4096)\n"},
                      "memory is shared"),
    "a database in memory": ({"conftest.py": """
        import sqlite3
        connection = sqlite3.connect(":memory:")
        """}, "conftest connects to a database"),
    "a temporary folder": ({"conftest.py": """
        import atexit, shutil, tempfile
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        """}, "conftest makes a temporary file or folder"),
    "a temporary file": ({"conftest.py": """
        import tempfile
        with tempfile.NamedTemporaryFile() as file: name = file.name
        """}, "conftest makes a temporary file or folder"),
    "pytest's temporary folder": ({"conftest.py": """
        def pytest_sessionstart(session): session.config._tmp_path_factory.getbasetemp()
        """}, "pytest's temporary folder is used"),
    "an identity in the environment": ({"conftest.py": """
        import os
        DATABASE = "test_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
        """}, "conftest reads the variable PYTEST_XDIST_WORKER"),
    "a slot in the environment": ({"test_a.py": """
        import os
        PORT = 8000 + int(os.getenv("OFFLOAD_PARALLEL_INDEX", "0"))
        def test_1(): pass
        """}, "test_a reads the variable OFFLOAD_PARALLEL_INDEX"),
    "a copied environment": ({"conftest.py": "import os\nSAVED = os.environ.copy()\n"},
                             "conftest copies all variables"),
    "an identity in the config": ({"conftest.py": """
        def pytest_configure(config):
            config.is_main = not hasattr(config, "workerinput")
        """}, "conftest asks whether this is a worker"),
    "a number of a process": ({"conftest.py": "import os\nNAME = 'test_%d' % os.getpid()\n"},
                              "conftest asks for the number"),
    "a number of a group of processes": ({"conftest.py": "import os\nGROUP = os.getpgrp()\n"},
                                         "conftest asks for the number"),
    "a number of a thread": ({"test_a.py": """
        from threading import get_native_id
        SELF = get_native_id()
        def test_1(): pass
        """}, "test_a asks for the number"),
    "time for computing": ({"conftest.py": "import time\nBEGAN = time.process_time()\n"},
                           "conftest asks how long"),
    "ends of children that nobody waits for": ({"conftest.py": """
        import signal
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        """}, "ends of child processes"),
    "somebody who waits for all children": ({"conftest.py": """
        import os, signal
        def reap(*args): os.waitpid(-1, os.WNOHANG)
        signal.signal(signal.SIGCHLD, reap)
        """}, "ends of child processes"),
    "a listener": ({"conftest.py": "import sys\nsys.addaudithook(lambda *args: None)\n"},
                   "conftest wants to hear"),
    "a handler of forks": ({"conftest.py": """
        import os
        is_fork = []
        os.register_at_fork(after_in_child=lambda: is_fork.append(True))
        """}, "conftest wants to be told of forks"),
    "a unique name": ({"conftest.py": "import uuid\nNAME = uuid.uuid4().hex\n"},
                      "conftest draws what no other"),
    "what the system draws": ({"conftest.py": "import os\nNAME = os.getrandom(8).hex()\n"},
                              "conftest draws what no other"),
    "a name of the time": ({"conftest.py": "import uuid\nNAME = uuid.uuid1().hex\n"},
                           "conftest makes a name of the time"),
    "a secret": ({"conftest.py": "import secrets\nNAME = secrets.token_hex()\n"},
                 "conftest draws what no other"),
    "chance beside that of a library": ({"conftest.py": """
import types, random
rich = types.ModuleType('rich')
exec('import random; LINK = random.random()', vars(rich))
random.random()
"""}, "random numbers are drawn"),
    "a library that is asked when it has been imported": ({
        "psutil.py": "import os\nfor_itself = os.getpid()\ndef own(): return os.getpid()\n",
        "conftest.py": "import psutil\nNAME = 'test_%d' % psutil.own()\n",
        }, "psutil asks for the number"),
    "what asks a library as it is imported": ({
        "psutil.py": "import os\ndef own(): return os.getpid()\n",
        "named.py": "import psutil\nNAME = 'test_%d' % psutil.own()\n",
        "conftest.py": "import named\n",
        }, "psutil asks for the number"),
    "chance": ({"conftest.py": "import random\nPORT = random.randint(8000, 9000)\n"},
               "random numbers are drawn"),
    "an alarm": ({"conftest.py": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 1e6)\n"},
                 "an alarm is set"),
    "an alarm of another clock":
        ({"conftest.py": "import signal\nsignal.setitimer(signal.ITIMER_VIRTUAL, 1e6)\n"},
         "an alarm is set"),
    "a tracer": ({"conftest.py": "import sys\nsys.setprofile(lambda *args: None)\n"},
                 "a tracer or profiler"),
    "data for workers": ({"conftest.py": """
        import pytest
        def pytest_addhooks(pluginmanager):
            if not pluginmanager.hasplugin("xdist"):
                class Hooks:
                    @pytest.hookspec()
                    def pytest_configure_node(self, node): pass
                pluginmanager.add_hookspecs(Hooks)
        def pytest_configure_node(node): node.workerinput["it"] = 1
        """}, "a plugin hands data to workers"),
    "threads of a library": ({"conftest.py": NATIVE_THREAD % "worker"}, "threads of a library"),
    "fixtures": ({"conftest.py": """
        def pytest_collection_modifyitems(session, items): session._setupstate.setup(items[0])
        """}, "fixtures are set up before the first test"),
    "no sockets": ({"conftest.py": """
        import socket
        def no_sockets(): raise OSError("they are kept from tests")
        socket.socketpair = no_sockets
        """}, "no socket can be made: they are kept from tests"),
    "a library that keeps threads": ({"conftest.py": """
        import sys, types
        sys.modules["grpc._cython.cygrpc"] = types.ModuleType("cygrpc")
        """}, "grpc keeps locks"),
}


class Refused(ForkCase):
    """Of each kind of trace that a process has left, one that must not be forked for it."""

    def test_each_is_refused(self):
        for name, (files, words) in REFUSED.items():
            with self.subTest(name):
                for old in self.root.glob("*.py"):
                    old.unlink()
                self.write("test_a.py", TWO)
                for file, content in files.items():
                    self.write(file, content)
                first = self.first(nodes=str(self.base / "nodes"))
                self.assertIn(words, self.refusal(first))
                self.assertFalse(os.path.exists(self.socket))
                told = first.run("test_a.py::test_1").finish()  # it goes on as ever
                self.assertEqual(told.one("end")["outcome"], "passed")

    def test_where_nothing_can_be_forked_it_goes_on_as_ever(self):
        carried = self.base / "carried"
        carried.mkdir()
        (carried / "sitecustomize.py").write_text(textwrap.dedent("""
            import sys
            def no_forks(event, arguments):
                if event == "os.fork": raise OSError("they are forbidden")
            sys.addaudithook(no_forks)
        """))
        self.write("test_a.py", TWO)
        first = self.first()
        self.assertEqual(self.refusal(first), "no process can be forked: they are forbidden")
        told = first.run("test_a.py::test_1").finish()
        self.assertEqual(told.one("end")["outcome"], "passed")

    def test_others_start_meanwhile_as_soon_as_it_is_known(self):
        self.write("test_a.py", TWO)
        self.assertEqual([f["t"] for f in self.first().told().frames][:5],
                         ["hello", "forks", "stays", "items", "collected"])
        files, _ = REFUSED["an identity in the environment"]
        self.write("test_a.py", textwrap.dedent(files["conftest.py"]) + TWO)
        told = self.first().told()
        self.assertEqual([f["t"] for f in told.frames][:6],
                         ["hello", "stays", "forks", "notice", "items", "collected"])

    def test_what_has_asked_how_many_workers_there_are_runs_no_test_where_there_are_others(self):
        self.write("conftest.py", """
            import os
            def pytest_configure():
                threads = 8 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
            """)
        self.write("test_a.py", TWO)
        for workers, stays in ((3, None), (1, True)):
            with self.subTest(workers=workers):
                told = self.first(workers=workers).told()
                self.assertEqual(told.one("collected").get("stays"), stays)

    def test_measured_coverage(self):
        if not available("pytest_cov"):
            self.skipTest("no pytest-cov")
        self.write("test_a.py", TWO)
        first = self.first("-p", "pytest_cov", "--cov", ".", coverage=str(self.base / "cov"))
        self.assertIn("coverage is measured", self.refusal(first))


# What looks like one of them, and is none.
ALLOWED = {
    "reads": "import json, os\nTEXT = open(__file__).read()\nHOME = os.environ.get('HOME')\n",
    "a look whether there is IPv6": """
import socket
if socket.has_ipv6:
    with socket.socket(socket.AF_INET6) as one:
        try: one.bind(("::1", 0))
        except OSError: pass
def pytest_runtest_setup(): assert "getsockname" not in vars(socket.socket)
""",
    "the name of a socket without a port": """
import socket
here, there = socket.socketpair()
here.getsockname(), here.close(), there.close()
""",
    "a look for proxies": "import urllib.request\nurllib.request.urlopen('file://' + __file__).close()\n",
    "a library that takes its variables": """
import types
code = "import os\\nclass Own: found = dict(os.environ)\\n"
exec(code, vars(types.ModuleType("tqdm.utils")))
""",
    "an allocator's thread": NATIVE_THREAD % "jemalloc_bg_thd",
    "a library's handler of forks": """
import types
code = "import os\\nos.register_at_fork(after_in_child=list)"
exec(compile(code, "trio.py", "exec"), vars(types.ModuleType("trio.threads")))
""",
    "sockets that wait for nothing": "import socket\nsocket.setdefaulttimeout(0)\n",
    "the machine's number": "import uuid\nHERE = uuid.getnode()\n",
    "the number of its thread": """
import threading
def pytest_runtest_setup():
    assert threading.current_thread().native_id == threading.get_native_id()
""",
    "what is asked later": """
import os, time
from os import getpid as own
from time import process_time as computed
def pytest_runtest_setup(): assert (own, computed) == (os.getpid, time.process_time)
def pytest_runtest_call(): assert type(own) is type(computed) is type(len)
""",
    "a plugin that leaves something to the controller": """
import types
asks = types.ModuleType("pytest_base_url.plugin")
exec("def ask(config): return hasattr(config, 'workerinput')", vars(asks))
def pytest_configure(config): asks.ask(config)
""",
    "a program that has ended": "import subprocess\nsubprocess.run(['true'], check=True)\n",
    "a folder of a fixed name": "import os\nos.makedirs('out', exist_ok=True)\n",
    "chance of a library that draws for itself":
        "import sys, types\nsys.modules['rich'] = rich = types.ModuleType('rich')\n"
        "exec('from random import getrandbits, randint; LINK = randint(0, 9), getrandbits(9)',"
        " vars(rich))\nimport random\nfrom random import getrandbits\n"
        "def pytest_runtest_setup(): assert rich.getrandbits is getrandbits is random.getrandbits\n"
        "def pytest_runtest_call(): assert set(vars(random._inst)) == {'gauss_next'}\n",
    "chance with a generator of its own": "import random\nX = random.Random(7).random()\n",
    "a thread that has ended": "import threading\n"
                               "t = threading.Thread(target=print); t.start(); t.join()\n",
    "a log that nobody keeps": "import logging\nlogging.warning('hear, hear')\n",
    "a file that is closed": "with open('out.txt', 'w') as file: file.write('x')\n",
    "a key for its own children": "import concurrent.futures.process, multiprocessing\n",
}


class Allowed(ForkCase):
    def test_each_is_forked(self):
        for name, content in ALLOWED.items():
            with self.subTest(name):
                self.write("conftest.py", content)
                self.write("test_a.py", TWO)
                first = self.first()
                self.assertEqual(self.refusal(first), "")
                told = self.fork().run("test_a.py::test_1").finish()
                self.assertEqual(told.one("end")["outcome"], "passed")
                self.end(first)


if __name__ == "__main__":
    unittest.main()
