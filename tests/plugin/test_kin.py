"""Workers of one sandbox elsewhere: the first collects for all."""

import os
import signal
import time
import unittest

from harness import DEADLINE, Case

CONFTEST = """
    with open("imported", "a") as file: file.write("here\\n")
    """
TESTS = """
    import os, signal
    def test_1(): print(os.environ["OFFLOAD_PARALLEL_INDEX"], os.getpid())
    def test_2(): pass
    def test_exits(): os._exit(7)
    def test_is_killed(): os.kill(os.getpid(), signal.SIGKILL)
    """


class Kin(Case):
    def setUp(self):
        super().setUp()
        self.meeting = self.base / "meeting"
        self.write("conftest.py", CONFTEST)
        self.write("test_a.py", TESTS)

    def worker(self, slot):
        return self.serve(plan={"kin": str(self.meeting), "workers": 4},
                          env={"OFFLOAD_PARALLEL_INDEX": str(slot)})

    def first(self):
        """Once others can be its forks."""
        first = self.worker(0)
        first.run("test_a.py::test_1").last().wait_for("end")
        return first

    def imported(self):
        return len((self.root / "imported").read_text().split())

    def wait_until(self, condition, what):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "waited in vain for " + what)
            time.sleep(0.01)

    def test_later_ones_are_forks_of_the_first(self):
        first = self.first()
        others = [self.worker(slot) for slot in (1, 2)]
        for slot, other in enumerate(others, 1):
            told = other.run("test_a.py::test_1", "test_a.py::test_2").finish()
            self.assertEqual(other.outcomes(told), {"test_a.py::test_1": "passed", "test_a.py::test_2": "passed"})
            self.assertEqual(len(told.kind("hello")), 1)
            index, process = told.kind("end")[0]["out"].split()
            self.assertEqual((index, told.status), (str(slot), 0))
            self.assertNotEqual(int(process), other.process.pid)
        self.assertEqual(self.imported(), 1)
        told = first.run("test_a.py::test_2").finish()
        self.assertEqual(told.kind("end")[1]["outcome"], "passed")

    def test_those_that_start_together_collect_once(self):
        workers = [self.worker(slot) for slot in range(4)]
        for worker in workers:
            worker.run("test_a.py::test_2")
        for worker in workers:
            self.assertEqual(worker.outcomes(worker.finish()), {"test_a.py::test_2": "passed"})
        self.assertEqual(self.imported(), 1)

    def test_they_end_as_their_forks_do_where_processes_have_no_descriptors(self):
        self.write("conftest.py", CONFTEST + """
            import os
            def refused(process): raise OSError("not permitted")
            os.pidfd_open = refused
            """.replace("\n            ", "\n    "))
        self.they_end_as_their_forks_do()

    def test_they_end_as_their_forks_do(self):
        self.they_end_as_their_forks_do()

    def they_end_as_their_forks_do(self):
        self.first()
        for test, status in (("exits", 7), ("is_killed", -signal.SIGKILL)):
            told = self.worker(1).run("test_a.py::test_" + test).last().finish(stop=False)
            self.assertEqual((told.status, told.kind("end")), (status, []))
        self.assertEqual(self.imported(), 1)

    def test_a_fork_goes_on_when_the_first_has_ended(self):
        first = self.first()
        other = self.worker(1)
        other.run("test_a.py::test_2").last().wait_for("end")
        first.finish()
        later = self.worker(2)
        self.assertEqual(later.outcomes(later.run("test_a.py::test_2").finish()), {"test_a.py::test_2": "passed"})
        told = other.run("test_a.py::test_1").finish()
        self.assertEqual([end["outcome"] for end in told.kind("end")], ["passed", "passed"])
        self.assertEqual(self.imported(), 1)

    def test_nothing_is_left_when_all_have_ended(self):
        first = self.first()
        other = self.worker(1)
        other.run("test_a.py::test_2").finish()
        first.finish()
        self.wait_until(lambda: os.listdir(self.meeting) == [], "the mother's end")
        # The next one is the first of others.
        self.assertEqual(self.first().finish().status, 0)
        self.assertEqual(self.imported(), 2)

    def test_who_is_ended_takes_its_fork_along(self):
        self.write("test_a.py", TESTS + """
            def test_hangs():
                open("hangs", "w").write(str(os.getpid()))
                signal.pause()
            """.replace("\n            ", "\n    "))
        self.first()
        other = self.worker(1)
        other.run("test_a.py::test_hangs").last().wait_for("begin")
        hangs = self.root / "hangs"
        self.wait_until(lambda: hangs.exists() and hangs.read_text(), "the test")
        process = int(hangs.read_text())
        other.process.kill()
        other.process.wait()
        self.wait_until(lambda: not os.path.exists("/proc/%d/root" % process), "the fork's end")

    def test_where_nothing_can_be_forked_each_collects(self):
        self.write("conftest.py", CONFTEST + """
            import threading, time
            threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
            """.replace("\n            ", "\n    "))
        first = self.first()
        self.assertIn("a thread runs", first.told().one("notice")["text"])
        other = self.worker(1)
        self.assertEqual(other.outcomes(other.run("test_a.py::test_2").finish()), {"test_a.py::test_2": "passed"})
        self.assertEqual(self.imported(), 2)

    def test_a_first_that_dies_while_it_collects_keeps_nobody_waiting(self):
        self.write("test_b.py", """
            import os, time
            if not os.path.exists("died"):
                open("died", "w").close()
                os._exit(1)
            """)
        died = self.worker(0).finish(stop=False)
        self.assertEqual(died.status, 1)
        other = self.worker(1)
        self.assertEqual(other.outcomes(other.run("test_a.py::test_2").finish()), {"test_a.py::test_2": "passed"})


if __name__ == "__main__":
    unittest.main()
