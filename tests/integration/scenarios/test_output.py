"""Logs, reports and what the terminal shows."""

import os
import pty
import re
import threading

from harness import Scenario


def drain(descriptor):
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:
        pass  # EIO: the other end is closed


class Output(Scenario):
    def test_batch_logs_are_named_by_outcome(self):
        self.fake_project({"a": "pass", "b": "fail"},
                          groups={"all": "schedule_individual = true"})
        run = self.offload("run").expect_exit(1)
        self.assertEqual(run.log_outcomes(), ["failure", "success"], run.describe())

    def test_batch_logs_hold_both_streams(self):
        self.fake_project({"b": "fail"})
        run = self.offload("run").expect_exit(1)
        (text,) = run.logs().values()
        self.assertIn("running b: fail\n", text)
        self.assertIn("[stderr] b failed on purpose\n", text)

    def test_batch_log_of_a_crash_is_an_error(self):
        self.fake_project({"a": "exit-9"})
        run = self.offload("run").expect_exit(1)
        self.assertIn(run.log_outcomes()[0], ("error", "failure"), run.describe())
        self.assertIn("[stderr] giving up", "".join(run.logs().values()))

    def test_cancelled_batches_say_so(self):
        self.fake_project(
            {"a": "fail", "b": "sleep-60"}, groups={"all": "schedule_individual = true"})
        run = self.offload("run", "--fail-fast", "--parallel", "2").expect_exit(1)
        outcomes = run.log_outcomes()
        self.assertIn("failure", outcomes, run.describe())
        if len(outcomes) > 1:  # b may not have begun when a had failed
            self.assertEqual(outcomes, ["cancelled", "failure"], run.describe())

    def test_logs_of_the_previous_run_are_removed(self):
        tests = {f"t{i}": "pass" for i in range(4)}
        self.fake_project(tests, groups={"all": "schedule_individual = true"})
        self.assertEqual(len(self.offload("run").expect_exit(0).logs()), 4)
        run = self.offload("run", "t0").expect_exit(0)
        self.assertEqual(len(run.logs()), 1, run.describe())

    def test_foreign_files_are_left_alone(self):  # TRAPS 43
        self.fake_project({"a": "pass"})
        foreign = {"test-results/keep.txt": "mine", "test-results/logs/notes.txt": "mine",
                   "test-results/sub/deep.xml": "mine"}
        self.write(foreign)
        self.offload("run").expect_exit(0)
        self.offload("run").expect_exit(0)
        for name, text in foreign.items():
            self.assertEqual((self.project / name).read_text(), text)

    def test_summary_that_cannot_be_written_fails_the_run(self):
        self.fake_project({"a": "pass"})
        with open("/dev/full", "w") as full:
            process = self.start("run", stdout=full)
            run = self.finish(process).expect_exit(1)
        run.expect_said("cannot write to stdout: No space left")

    def test_reader_that_has_seen_enough_changes_nothing(self):
        self.fake_project({f"t{i}": "pass" for i in range(2000)})
        for command in ("collect", "run"):
            reader, writer = os.pipe()
            os.close(reader)
            process = self.start(command, stdout=writer)
            os.close(writer)
            run = self.finish(process).expect_exit(0)
            run.expect_not_said("cannot write")

    def test_unwritable_output_folder_is_said_before_or_after_but_never_hidden(self):
        self.fake_project({"a": "pass"}, report='output_dir = "blocked/results"')
        self.write({"blocked": "a file stands where the folder should be"})
        self.offload("run").expect_exit(1).expect_said("blocked/results")

    def test_report_names_can_be_chosen(self):
        self.fake_project({"a": "pass"}, report='output_dir = "out/x"\njunit_file = "r.xml"')
        process = self.start("run")
        run = self.finish(process, output_dir=self.project / "out/x").expect_exit(0)
        self.assertEqual(run.junit("r.xml").outcomes(), {"a": "passed"})
        self.assertFalse(self.output_dir.exists())

    def test_report_can_be_switched_off(self):
        self.fake_project({"a": "pass"}, report="junit = false")
        self.offload("run").expect_exit(0)
        self.assertFalse((self.output_dir / "junit.xml").exists())

    def test_failed_output_is_shown_and_reported(self):
        self.fake_project({"b": "fail", "c": "pass"})
        run = self.offload("run").expect_exit(1)
        self.assertIn("on purpose", run.err, run.describe())
        self.assertIn("AssertionError", run.junit()["b"].text)

    def test_no_terminal_means_plain_lines(self):  # TRAPS 50
        self.fake_project({f"t{i}": "pass" for i in range(30)})
        run = self.offload("run").expect_exit(0)
        for text in (run.out, run.err):
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\r", text)
        lines = run.err.splitlines()
        for first, second in zip(lines, lines[1:]):
            self.assertFalse(first and first == second, f"said twice: {first!r}")

    def run_on_terminal(self, *arguments, env=None):
        master, slave = pty.openpty()
        process = self.start(*arguments, stdout=slave, stderr=slave, env=env)
        os.close(slave)
        shown = []

        def read():
            try:
                while chunk := os.read(master, 65536):
                    shown.append(chunk)
            except OSError:
                pass  # EIO: the other end is closed

        reader = threading.Thread(target=read)
        reader.start()
        run = self.finish(process)
        reader.join(30)
        os.close(master)
        return run, b"".join(shown).decode(errors="replace")

    def test_ci_means_plain_lines_on_a_terminal_too(self):  # TRAPS 50
        self.fake_project({"a": "pass"})
        for arguments, env in ((["run"], {"CI": "true"}), (["run", "--ci"], {})):
            run, shown = self.run_on_terminal(*arguments, env={"TERM": "xterm", **env})
            self.assertEqual(run.status, 0, shown)
            plain = re.sub("\x1b\\[[0-9;]*m", "", shown)  # colours move no cursor
            self.assertNotIn("\x1b", plain)
            self.assertNotIn("\r", plain.replace("\r\n", "\n"))

    def test_collection_that_takes_long_shows_what_it_says(self):
        self.write({"discover.sh": """
            #!/bin/sh
            echo "   Compiling shop v0.1" >&2
            while [ ! -e "$SCENARIO_ROOT/go" ]; do sleep 0.05; done
            echo a
            """})
        self.config("""
            type = "default"
            discover_command = "./discover.sh # {filters}"
            run_command = "true {tests}"
            test_id_format = "{name}"
            """)
        master, slave = pty.openpty()
        process = self.start("run", stdout=slave, stderr=slave, env={"TERM": "xterm"})
        os.close(slave)
        shown = b""
        while b"Compiling shop v0.1" not in shown:
            chunk = os.read(master, 65536)
            self.assertTrue(chunk, shown)
            shown += chunk
        (self.root / "go").touch()
        reader = threading.Thread(target=drain, args=(master,))
        reader.start()
        self.finish(process).expect_exit(0)
        reader.join(30)
        os.close(master)

    def test_on_a_terminal_the_run_works_as_well(self):
        self.fake_project({"a": "pass", "b": "fail"})
        run, shown = self.run_on_terminal("run", env={"TERM": "xterm"})
        self.assertEqual(run.status, 1, shown)
        self.assertIn("b", shown)
        run.expect_outcomes({"a": "passed", "b": "failure"})

    def test_much_output_of_a_test(self):
        self.write({"run.sh": """
            #!/bin/sh
            head -c 10000000 /dev/zero | tr '\\0' 'x'
            echo '<testsuite><testcase name="a"/></testsuite>' > "$1"
            """})
        self.config("""
            type = "default"
            discover_command = "echo a # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        self.offload("run").expect_exit(0).expect_outcomes({"a": "passed"})

    def test_output_that_is_no_text(self):
        self.write({"run.sh": """
            #!/bin/sh
            printf '\\377\\376\\000\\033[31m]]>\\n'
            printf '<testsuite><testcase name="a"><failure message="\\001\\377">\\033[1m</failure></testcase></testsuite>' > "$1"
            exit 1
            """})
        self.config("""
            type = "default"
            discover_command = "echo a # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        self.offload("run").expect_exit(1).expect_outcomes({"a": "failure"})
