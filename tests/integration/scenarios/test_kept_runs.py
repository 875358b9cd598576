"""What earlier runs have left: reports, journals, durations, and what a killed run leaves behind."""

import os
import signal

from harness import Scenario
from harness.processes import wait_until


class KeptRuns(Scenario):
    def files(self):
        return {p.relative_to(self.output_dir).as_posix(): p.read_bytes()
                for p in self.output_dir.rglob("*") if p.is_file()}

    def test_run_that_executes_nothing_changes_nothing(self):  # TRAPS 61
        runner = self.fake_project({"a": "pass", "b": "fail"})
        self.offload("run").expect_exit(1)
        before = self.files()
        self.assertIn("junit.xml", before)
        config = self.project / "offload.toml"
        whole = config.read_text()
        ids = runner.state / "ids.txt"
        for said, arguments, change in (
                ("no discovered test", ("run", "nowhere"), lambda: None),
                ("offload.toml", ("run",), lambda: config.write_text(whole + "[provider\n")),
                ("cat", ("run",), lambda: ids.unlink())):
            change()
            self.offload(*arguments).expect_exit(1).expect_said(said)
            config.write_text(whole)
            self.assertEqual(self.files(), before, said)

    def test_run_that_is_interrupted_before_its_first_test_changes_nothing(self):  # TRAPS 61
        runner = self.fake_project({"a": "pass"})
        self.offload("run").expect_exit(0)
        before = self.files()
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(
            "cat ", f"touch {runner.state}/looking; exec sleep 100; cat "))
        process = self.start("run")
        wait_until(lambda: (runner.state / "looking").exists(), 60)
        os.kill(process.pid, signal.SIGINT)
        self.finish(process).expect_exit(130).expect_said("Nothing was run")
        self.assertEqual(self.files(), before)

    def test_logs_of_earlier_runs_can_be_read(self):
        runner = self.fake_project({"a": "fail"})
        self.offload("run").expect_exit(1)
        runner.prepare({"a": "pass"})
        self.offload("run").expect_exit(0)
        self.assertIn("=== a [PASSED] ===", self.offload("logs").expect_exit(0).out)
        self.assertIn("=== a [PASSED] ===", self.offload("logs", "--run", "1").expect_exit(0).out)
        self.assertIn("=== a [FAILED] ===", self.offload("logs", "--run", "2").expect_exit(0).out)
        self.offload("logs", "--run", "3").expect_exit(1).expect_said("there is no run", "1 (", "2 (")

    def test_output_of_earlier_batches_is_theirs(self):
        self.write({"out.txt": "first\n"})
        self.config('type = "default"\ndiscover_command = "echo a # {filters}"\n'
                    'run_command = "cat out.txt; true {tests}"\ntest_id_format = "{name}"\n')
        self.offload("run").expect_exit(0)
        self.write({"out.txt": "second\n"})
        self.offload("run").expect_exit(0)
        for number, text in (("1", "second"), ("2", "first")):
            self.offload("logs", "--run", number).expect_exit(0).expect_said(text)

    def test_durations_survive_partial_and_killed_runs(self):
        runner = self.fake_project({"a": "sleep-0.2", "b": "sleep-0.1", "c": "hang"},
                                   offload="max_parallel = 1",
                                   groups={"all": "schedule_individual = true"})
        process = self.start("run", "--parallel", "3")
        journal = self.output_dir / "journal.ndjson"
        wait_until(lambda: journal.exists() and journal.read_text().count("attempt_finished") == 2,
                   60)
        process.kill()
        self.finish(process)
        self.offload("cleanup").expect_exit(0)
        runner.prepare({"a": "sleep-0.2", "b": "sleep-0.1", "c": "sleep-0.3"})
        self.offload("run", "c").expect_exit(0)
        kept = (self.output_dir / "durations.txt").read_text().splitlines()
        self.assertEqual([line.split(" ", 3)[3] for line in kept[1:]], ["a", "b", "c"])
        (self.output_dir / "junit.xml").unlink()
        self.offload("run").expect_exit(0)
        self.assertIn('"durations_known":true', journal.read_text())

    def strays_of(self, run_id):
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if f"OFFLOAD_RUN_ID={run_id}".encode() in file.read():
                        found.append(int(entry))
            except (OSError, ValueError):
                pass
        return found

    def test_cleanup_ends_processes_of_a_killed_run_also_after_later_runs(self):  # TRAPS 24 27
        self.write({"tests.sh": (
            "#!/bin/sh\n[ $1 = list ] && { echo a; exit; }\n"
            "[ -e free ] && exit\n"
            "echo $OFFLOAD_RUN_ID > run_id.tmp; setsid sleep 1000 >/dev/null 2>&1 &\n"
            "mv run_id.tmp run_id; sleep 1000\n")})
        os.chmod(self.project / "tests.sh", 0o755)
        self.config('type = "default"\ndiscover_command = "./tests.sh list {filters}"\n'
                    'run_command = "./tests.sh run {tests}"\ntest_id_format = "{name}"\n')
        process = self.start("run")
        wait_until((self.project / "run_id").exists, 60)
        process.kill()
        self.finish(process)
        run_id = (self.project / "run_id").read_text().strip()
        self.addCleanup(lambda: [os.kill(pid, signal.SIGKILL) for pid in self.strays_of(run_id)])
        temporary = self.root / "tmp" / f"offload-{run_id}-left"
        temporary.mkdir(parents=True)
        self.env["TMPDIR"] = str(self.root / "tmp")
        self.write({"free": ""})
        for _ in range(2):
            self.offload("run").expect_exit(0)
        self.assertNotEqual(self.strays_of(run_id), [])
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(self.strays_of(run_id), [])
        self.assertFalse(temporary.exists())
