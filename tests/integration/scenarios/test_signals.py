"""Signals as terminals, timeout(1), init systems and CI agents send them."""

import os
import pty
import signal
import time

from harness.boxes import BoxScenario
from harness.scenario import Scenario


class Signals(BoxScenario):
    TESTS = {"a": "pass", "b": "hang", "c": "hang"}

    def begin(self, on_destroy="", **start):
        """A run in three sandboxes, all of whose tests have begun."""
        self.boxed(self.TESTS, offload="max_parallel = 3", on_destroy=on_destroy,
                   groups={"all": "schedule_individual = true"})
        process = self.start("run", **start)
        self.wait_for(lambda: len(self.calls("exec")) == 3, "all tests to begin")
        return process

    def expect_reports_and_nothing_else(self, run):
        self.expect_each_destroyed_once(run)
        self.assertEqual(len(run.junit().cases), 3, run.describe())
        self.assertEqual(self.processes(), {}, run.describe())

    def at_once(self, signals, status):
        process = self.begin()
        for number in signals:
            os.kill(process.pid, number)
        run = self.finish(process, timeout=60).expect_exit(status)
        self.expect_reports_and_nothing_else(run)

    def test_two_sigterms_at_once_are_one(self):  # TRAPS 24
        self.at_once([signal.SIGTERM] * 2, 143)

    def test_two_sighups_at_once_are_one(self):  # TRAPS 24
        self.at_once([signal.SIGHUP] * 2, 129)

    def test_interrupt_and_terminate_at_once_are_one(self):  # TRAPS 24
        self.at_once([signal.SIGINT, signal.SIGTERM], 130)

    def test_timeout_leaves_reports_and_no_sandbox(self):  # TRAPS 24
        # It signals its child, and then the child's group.
        process = self.begin(under=["timeout", "--foreground", "1000"])
        process.send_signal(signal.SIGTERM)
        run = self.finish(process, timeout=60)
        self.expect_reports_and_nothing_else(run)

    def test_timeout_in_a_group_of_its_own(self):  # TRAPS 24
        process = self.begin(under=["timeout", "4"])
        run = self.finish(process, timeout=60).expect_exit(124)
        self.expect_reports_and_nothing_else(run)

    def test_a_terminal_that_closes_leaves_reports_and_no_sandbox(self):  # TRAPS 24
        ours, theirs = pty.openpty()

        def with_terminal():
            import fcntl
            import termios
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        process = self.begin(stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=with_terminal)
        os.close(theirs)
        os.close(ours)  # the kernel hangs up
        process.wait(60)
        run = self.finish(process, timeout=60).expect_exit(129)
        self.expect_reports_and_nothing_else(run)

    def test_sigterm_never_skips_the_destruction(self):  # TRAPS 24
        process = self.begin(on_destroy="touch destroying; until [ -e told ]; do sleep 0.05; done")
        os.kill(process.pid, signal.SIGINT)
        self.wait_for((self.project / "destroying").exists, "the destruction to begin")

        def is_told():
            os.kill(process.pid, signal.SIGTERM)
            return b"still destroying" in (self.root / "stderr-0").read_bytes()

        self.wait_for(is_told, "a later SIGTERM to be answered")
        (self.project / "told").touch()
        run = self.finish(process, timeout=60).expect_exit(130)
        self.expect_reports_and_nothing_else(run)

    def test_a_later_ctrl_c_ends_at_once(self):  # TRAPS 24, 27
        process = self.begin(on_destroy="touch destroying; [ -e told ] || sleep 1000")
        os.kill(process.pid, signal.SIGINT)
        self.wait_for((self.project / "destroying").exists, "the destruction to begin")

        def has_ended():
            if process.poll() is None:
                os.kill(process.pid, signal.SIGINT)
            return process.poll() is not None

        self.wait_for(has_ended, "the program to end at once")
        run = self.finish(process, timeout=60).expect_exit(130)
        run.expect_said("interrupted again")
        self.assertEqual(self.processes(), {}, run.describe())
        # It ended at once, so that its temporary folders may still be there.
        (self.project / "told").touch()
        self.offload("cleanup").expect_exit(0)

    def test_an_interrupted_build_says_so(self):  # TRAPS 24
        self.boxed({"a": "pass"}, on_prepare="touch preparing; sleep 1000")
        preparing = self.project / "preparing"
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(number):
                process = self.start("build")
                self.wait_for(preparing.exists, "the build to begin")
                os.kill(process.pid, number)
                run = self.finish(process, timeout=60).expect_exit(status)
                self.assertEqual(run.out, "")
                self.assertEqual(self.processes(), {}, run.describe())
                preparing.unlink()


class Stopped(Scenario):
    LIMIT = 6

    def test_limits_do_not_pass_while_the_run_is_stopped(self):  # TRAPS 24
        self.write({"check.sh": """
            touch begun
            until [ -e go ]; do sleep 0.05; done
            """})
        self.config(f"""
            type = "default"
            discover_command = "echo one {{filters}}"
            run_command = "cd '{self.project}' && sh check.sh {{tests}}"
            test_id_format = "{{name}}"
            """, offload=f"max_parallel = 1\ntest_timeout_secs = {self.LIMIT}")
        process = self.start("run")
        self.wait_for((self.project / "begun").exists, "the test to begin")
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(self.LIMIT + 1)  # the limit itself, as who presses Ctrl-Z lets it pass
        os.kill(process.pid, signal.SIGCONT)
        # The run has been awake for a moment before the test ends.
        awake = time.monotonic() + 1
        self.wait_for(lambda: time.monotonic() > awake, "the run to look at its clock")
        (self.project / "go").touch()
        self.finish(process, timeout=60).expect_exit(0)
