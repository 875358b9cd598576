"""Making and destroying many sandboxes, whatever happens meanwhile."""

import contextlib
import os
import random
import resource
import shutil
import signal
import xml.etree.ElementTree

from harness import BoxScenario
from harness.boxes import PROVIDER
from harness.processes import wait_until
from harness.scenario import RUN_ID


class Fleet(BoxScenario):
    def test_ctrl_c_while_sandboxes_are_made_leaves_none(self):  # TRAPS 24
        runner = self.boxed({f"t{i}": "pass" for i in range(8)}, offload="max_parallel = 8",
                            groups={"all": "schedule_individual = true"},
                            on_created="until [ -e go ]; do sleep 0.05; done")
        process = self.start("run")
        self.wait_for(lambda: len(self.boxes()) == 8, "eight sandboxes to be half made")
        os.kill(process.pid, signal.SIGINT)
        self.write({"go": ""})
        run = self.finish(process, timeout=90).expect_exit(130)
        self.expect_each_destroyed_once(run)
        self.assertEqual(runner.executions(), [])

    def test_ctrl_c_does_not_wait_for_ever_for_a_creation_that_hangs(self):  # TRAPS 20, 24
        self.boxed({"a": "pass"}, on_created="echo \"$id\"; sleep 1000")
        process = self.start("run")
        self.wait_for(self.boxes, "a sandbox to be half made")
        os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=110).expect_exit(130)
        self.expect_each_destroyed_once(run)  # its ID had been printed

    def test_a_provider_that_limits_the_rate_is_borne_with(self):
        # Three at a time; whoever comes fourth is turned away.
        self.boxed({f"t{i}": "sleep-0.3" for i in range(10)}, offload="max_parallel = 10",
                   groups={"all": "schedule_individual = true"},
                   on_create="""
        mkdir making.1 2>/dev/null && mine=making.1 || mkdir making.2 2>/dev/null && mine=making.2 \\
            || { echo "HTTP 429: too many requests" >&2; echo refused >> refusals; exit 1; }
        sleep 0.3""",
                   on_created="rmdir $mine")
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"t{i}": "passed" for i in range(10)})
        self.assertTrue((self.project / "refusals").exists(), "nothing was limited")
        self.assertEqual(self.boxes(), [])
        self.assertEqual(len(self.calls("destroy")), len(set(self.calls("destroy"))))

    def test_a_sandbox_that_answers_garbage_is_replaced(self):  # TRAPS 23
        tests = {f"t{i}": "pass" for i in range(6)}
        runner = self.boxed(tests, offload="max_parallel = 2",
                            on_exec="if mkdir bad 2>/dev/null; then echo 42; exit 0; fi")
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes(dict.fromkeys(tests, "passed"))
        self.assertEqual(runner.executed(), dict.fromkeys(tests, 1))
        self.expect_each_destroyed_once(run)

    def test_a_destruction_that_fails_once_is_tried_again(self):  # TRAPS 24
        self.boxed({"a": "pass"}, on_destroy="mkdir refused 2>/dev/null && exit 3")
        run = self.offload("run").expect_exit(0)
        self.assertEqual(self.boxes(), [])
        self.assertEqual(len(self.calls("destroy")), 2)
        self.assertNotIn("may still exist", run.out)

    def test_a_sandbox_that_cannot_be_destroyed_is_named_everywhere(self):  # TRAPS 24
        self.boxed({"a": "pass"}, on_destroy="[ -e allowed ] || exit 3")
        run = self.offload("run").expect_exit(0)
        [box] = self.boxes()
        self.assertTrue(run.out.rstrip().endswith(box), run.describe())
        run.expect_said("1 sandbox may still exist; `offload cleanup` destroys it")
        properties = xml.etree.ElementTree.parse(self.output_dir / "junit.xml").findall(
            "testsuite/properties/property")
        self.assertEqual([p.attrib for p in properties], [{"name": "leaked-sandbox", "value": box}])
        (self.project / "allowed").touch()
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(self.boxes(), [])

    def test_a_sandbox_that_is_left_may_fail_the_run(self):  # TRAPS 24
        self.boxed({"a": "pass"}, on_destroy="[ -e allowed ] || exit 3",
                   offload="leak_exit_code = 7")
        run = self.offload("run").expect_exit(7)
        run.expect_said("FAILED: all passed, but a sandbox is left")
        (self.project / "allowed").touch()
        self.offload("cleanup").expect_exit(0)
        self.offload("run").expect_exit(0)

    def test_a_failing_creation_that_had_printed_an_id_is_undone(self):  # TRAPS 24
        self.boxed({"a": "pass"},
                   on_created="if mkdir tried 2>/dev/null; then echo $id; exit 3; fi")
        run = self.offload("run").expect_exit(0)
        self.expect_each_destroyed_once(run)

    def test_hundreds_of_sandboxes_with_few_descriptors(self):  # TRAPS 25, 26
        count = 300
        tests = {f"t{i}": "pass" for i in range(count)}
        self.write({"run.sh": """
            #!/bin/sh
            echo "<testsuite><testcase name=\\"$2\\"/></testsuite>" > "$1"
            """})
        (self.project / "ids").write_text("".join(f"{t}\n" for t in tests))
        self.config("""
            type = "default"
            discover_command = "cat ids # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """, {"all": "schedule_individual = true"}, provider=PROVIDER,
            offload=f"max_parallel = {count}")
        # Each waits until most exist at once.
        self.box_script(on_exec=f"""
        n=0; while [ $(ls boxes | wc -l) -lt {count * 9 // 10} ] && [ ! -e enough ]; do
            sleep 0.5; n=$((n + 1)); [ $n -lt 150 ] || break; done
        touch enough""")
        run = self.offload("run", timeout=280, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (1024, 1024))).expect_exit(0)
        self.assertEqual(run.junit().outcomes(), dict.fromkeys(tests, "passed"))
        self.expect_each_destroyed_once(run)
        self.assertGreater(len(self.calls("create")), count * 8 // 10, run.describe())

    def thousand(self, on_exec):
        """Sandboxes for which the descriptors do not suffice: each running command takes four."""
        self.write({"run.sh": """
            #!/bin/sh
            echo "<testsuite><testcase name=\\"$2\\"/></testsuite>" > "$1"
            """, "ids": "".join(f"t{i}\n" for i in range(1000))})
        self.config("""
            type = "default"
            discover_command = "cat ids # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """, {"all": "schedule_individual = true"}, provider=PROVIDER,
            offload="max_parallel = 1000")
        self.box_script(on_exec=on_exec)
        return self.start("run", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (1024, 1024)))

    def test_a_thousand_sandboxes_share_what_descriptors_there_are(self):  # TRAPS 25, 26
        run = self.finish(self.thousand("sleep 3"), timeout=280).expect_exit(0)
        self.assertEqual(run.junit().outcomes(), {f"t{i}": "passed" for i in range(1000)})
        self.expect_each_destroyed_once(run)
        self.assertEqual(len(self.calls("exec")), 1000)
        self.assertGreater(len(self.calls("create")), 256, run.describe())

    def test_ctrl_c_without_a_descriptor_left_destroys_all(self):  # TRAPS 24, 26
        process = self.thousand("sleep 1000")
        descriptors = f"/proc/{process.pid}/fd"
        self.wait_for(lambda: len(self.boxes()) > 200 and len(os.listdir(descriptors)) > 1000,
                      "the descriptors to run out", 120)
        process.send_signal(signal.SIGINT)
        run = self.finish(process, timeout=120).expect_exit(130)
        self.expect_each_destroyed_once(run)

    def test_after_kill_9_at_any_moment_cleanup_leaves_nothing(self):  # TRAPS 24
        seed = random.randrange(2**32)
        dice = random.Random(seed)
        runner = self.boxed({f"t{i}": "sleep-0.2" for i in range(9)}, offload="max_parallel = 5",
                            on_create="sleep 0.1", on_created="sleep 0.1", on_destroy="sleep 0.1")
        for moment in range(20):
            with self.subTest(moment=moment, seed=seed):
                process = self.start("run")
                began = len(self.calls("create"))
                if moment % 2:  # the others are killed while it starts up
                    wait_until(lambda: len(self.calls("create")) > began
                               or process.poll() is not None)
                try:
                    process.wait(dice.uniform(0, 1.2))
                except Exception:
                    process.kill()
                process.wait()
                cleanup = self.offload("cleanup").expect_exit(0)
                self.assertEqual(self.boxes(), [], cleanup.describe())
        self.assertFalse(list(self.output_dir.glob("sandboxes-*")), "records were left")
        self.offload("cleanup").expect_exit(0).expect_said("nothing was left behind")
        self.assertTrue(runner.executions())

    def test_cleanup_leaves_a_run_alone_that_still_goes_on(self):
        self.boxed({"a": "hang"})
        process = self.start("run")
        self.wait_for(lambda: self.calls("exec"), "the test to begin")
        self.offload("cleanup").expect_exit(0).expect_said("still goes on")
        self.assertEqual(len(self.boxes()), 1)
        os.kill(process.pid, signal.SIGTERM)
        run = self.finish(process, timeout=60).expect_exit(143)
        self.expect_each_destroyed_once(run)

    def test_cleanup_says_what_it_cannot_destroy(self):
        self.boxed({"a": "hang"}, on_destroy='[ -e allowed ] || { echo busy >&2; exit 1; }')
        process = self.start("run")
        self.wait_for(lambda: self.calls("exec"), "the test to begin")
        process.kill()
        process.wait()
        self.offload("cleanup").expect_exit(1).expect_said("busy")
        self.write({"allowed": ""})
        self.offload("cleanup").expect_exit(0).expect_said("destroyed box-")
        self.assertEqual(self.boxes(), [])
        for pid in self.processes():  # the test itself was never ended by anyone
            with contextlib.suppress(ProcessLookupError):  # each takes others with it
                os.kill(pid, signal.SIGKILL)

    def test_records_of_a_run_that_is_over_go_with_cleanup(self):
        """Whatever ended it had no time to clear them away."""
        self.boxed({"a": "pass"})
        self.offload("run").expect_exit(0)
        journal = (self.output_dir / "journal.ndjson").read_text()
        record = self.output_dir / ("sandboxes-" + RUN_ID.search(journal).group(1))
        self.assertFalse(record.exists())
        record.mkdir()
        (record / "0").write_text("")
        self.offload("cleanup").expect_exit(0).expect_said("nothing was left behind")
        self.assertFalse(record.exists())

    def test_what_was_being_destroyed_at_kill_9_is_probably_gone(self):  # TRAPS 24
        self.boxed({"a": "pass"}, on_destroy="""
        [ -d "boxes/$1" ] || { echo "no box $1" >&2; exit 1; }
        rm -r "boxes/$1"
        [ -e again ] || sleep 1000""")
        process = self.start("run")
        self.wait_for(lambda: self.calls("destroy") and not self.boxes(), "its destruction")
        journal = self.output_dir / "journal.ndjson"
        self.wait_for(lambda: "sandbox_destroying" in journal.read_text(), "its line")
        process.kill()
        process.wait()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.write({"again": ""})
        for _ in range(2):
            run = self.offload("cleanup").expect_exit(1)
            run.expect_said("is probably gone", "no box box-", "--forget")
        self.offload("cleanup", "--forget").expect_exit(0).expect_said("forgotten")
        self.offload("cleanup").expect_exit(0).expect_said("nothing was left behind")

    def test_two_megabytes_of_ids_reach_the_sandboxes(self):  # TRAPS 28
        tests = {f"tests/{'long/' * 18}test_{i:05}": "pass" for i in range(20000)}
        runner = self.boxed(tests)
        run = self.offload("run", "--parallel", "2", timeout=240).expect_exit(0)
        self.assertEqual(len(run.junit().cases), 20000)
        executed = runner.executed()
        self.assertEqual((len(executed), set(executed.values())), (20000, {1}))
        self.expect_each_destroyed_once(run)

    def test_the_estimated_cost_is_told_on_request(self):
        self.boxed({"a": "pass"}, provider="cpu_cores = 2")
        with (self.project / "offload.toml").open("a") as config:
            config.write("[cost]\nper_core_hour = 3600\n")
        run = self.offload("run", "--show-estimated-cost").expect_exit(0)
        run.expect_matches(r"^  Cost:    about \$[0-9.]+: 1 sandbox with 2 cores for ")
        self.offload("run").expect_exit(0).expect_not_said("Cost:")


class Artefacts(BoxScenario):
    def test_layout_and_only_the_files_of_batches_that_count(self):  # TRAPS 41, 42, 43
        self.boxed({"a": "pass", "b": "fail"}, offload="max_parallel = 1",
                   groups={"all": "schedule_individual = true"},
                   run="{result_file} {tests}; s=$?; mkdir -p shots; "
                       "echo {tests} > shots/$OFFLOAD_BATCH.png; exit $s",
                   report='download_globs = ["shots/**/*.png", "missing/*"]')
        mine = self.output_dir / "box-theirs" / "notes.txt"
        mine.parent.mkdir(parents=True)
        mine.write_text("not of this program")
        run = self.offload("run").expect_exit(1)
        files = {str(p.relative_to(self.output_dir)): p.read_text()
                 for p in self.output_dir.rglob("*.png")}
        box = self.calls("destroy")[0]
        self.assertEqual(files, {f"{box}/batch-0/shots/0.png": "a\n",
                                 f"{box}/batch-1/shots/1.png": "b\n"}, run.describe())
        run.expect_said("missing/* matched no file")
        self.assertEqual(mine.read_text(), "not of this program")

    def test_what_stood_there_comes_once_and_earlier_runs_folders_go(self):  # TRAPS 41, 43
        self.boxed({"a": "pass", "b": "pass"}, offload="max_parallel = 1",
                   groups={"all": "schedule_individual = true"},
                   run="{result_file} {tests} && mkdir -p shots/deep && "
                       "echo {tests} > shots/deep/$OFFLOAD_BATCH.txt",
                   report='download_globs = ["image.txt", "shots/*.txt"]')
        (self.project / "image.txt").write_text("of the image")
        os.utime(self.project / "image.txt", (1, 1))

        def fetched():
            return sorted(str(p.relative_to(self.output_dir)).partition("/")[2]
                          for p in self.output_dir.rglob("batch-*/**/*.txt"))
        run = self.offload("run").expect_exit(0)
        all_of_them = ["batch-0/image.txt", "batch-0/shots/deep/0.txt", "batch-1/shots/deep/1.txt"]
        self.assertEqual(fetched(), all_of_them)
        (part,) = self.output_dir.glob("junit-parts/*.xml")
        self.assertEqual(part.stem, self.calls("destroy")[0])
        cases = xml.etree.ElementTree.parse(part).getroot().iter("testcase")
        self.assertEqual([case.get("name") for case in cases], ["a", "b"])
        run.expect_said("shots/*.txt matched files only where `*` crosses folders")
        theirs = self.output_dir / "theirs" / "batch-7"
        theirs.mkdir(parents=True)
        shutil.rmtree(self.project / "shots")
        self.offload("run").expect_exit(0)
        self.assertEqual(fetched(), all_of_them)
        self.assertTrue(theirs.is_dir())
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(
            "[report]", "[report]\ndownload_globs_changed_only = true"))
        self.offload("run").expect_exit(0)
        self.assertEqual(fetched(), all_of_them[1:])

    def test_of_failures_only(self):  # TRAPS 41
        self.boxed({"a": "pass", "b": "fail"}, offload="max_parallel = 1",
                   groups={"all": "schedule_individual = true"},
                   run="{result_file} {tests}; s=$?; echo x > out-$OFFLOAD_BATCH; exit $s",
                   report='download_globs = ["out-*"]\ndownload_globs_failure_only = true')
        self.offload("run").expect_exit(1)
        self.assertEqual([p.name for p in self.output_dir.rglob("out-*")], ["out-1"])

    def test_a_hostile_sandbox_id_stays_in_the_output_folder(self):  # TRAPS 43
        self.boxed({"a": "pass"}, run="{result_file} {tests}; echo x > out-x",
                   report='download_globs = ["out-*"]')
        script = self.project / "boxes.sh"
        script.write_text(script.read_text().replace("id=box-$$-$(date +%N)", "id=../../escaped"))
        self.offload("run").expect_exit(0)
        found = [p for p in self.root.rglob("out-x") if p.parent != self.project]
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].is_relative_to(self.output_dir), found)
