"""A run in several parts, on machines that know nothing of each other, and their reports made one."""

import json
import shutil

from harness import Scenario

TESTS = {f"t{i}": "pass" for i in range(7)}


class Shards(Scenario):
    def shard(self, which, *arguments, status=0):
        """Runs a shard, and puts its reports aside as a CI system does."""
        run = self.offload("run", "--shard", which, *arguments).expect_exit(status)
        kept = self.project / "shards" / which.replace("/", "-of-")
        shutil.copytree(self.output_dir, kept)
        shutil.rmtree(self.output_dir)
        return run, kept

    def collected(self, *arguments):
        return self.offload("collect", *arguments).expect_exit(0).out.split()

    def edit_config(self, old, new):
        config = self.project / "offload.toml"
        text = config.read_text()
        self.assertIn(old, text)
        config.write_text(text.replace(old, new))

    # --- dividing

    def test_shards_are_disjoint_and_complete(self):
        runner = self.fake_project(TESTS)
        for which in ("1/3", "2/3", "3/3"):
            collected = self.collected("--shard", which)
            _, folder = self.shard(which)
            self.assertTrue((folder / "journal.ndjson").is_file())
            self.assertIn(len(collected), (2, 3))
        self.assertEqual(runner.executed(), dict.fromkeys(TESTS, 1))

    def test_collect_lists_what_the_shard_runs(self):
        runner = self.fake_project(TESTS)
        collected = self.collected("--shard", "2/3")
        self.shard("2/3")
        self.assertEqual(set(collected), set(runner.executed()))

    def test_a_selection_is_divided_as_the_whole_is(self):
        self.fake_project(TESTS)
        parts = [self.collected("t1", "t2", "t3", "--shard", f"{k}/2") for k in (1, 2)]
        self.assertEqual(sorted(sum(parts, [])), ["t1", "t2", "t3"])

    def test_given_durations_balance_the_shards(self):
        self.fake_project({name: "pass" for name in "abcd"})
        (self.project / "old.xml").write_text(
            '<testsuites><testsuite name="s">' + "".join(
                f'<testcase name="{name}" time="{time}"/>'
                for name, time in (("a", 30), ("b", 10), ("c", 11), ("d", 9)))
            + "</testsuite></testsuites>")
        first = self.collected("--shard", "1/2", "--durations", "old.xml")
        second = self.collected("--shard", "2/2", "--durations", "old.xml")
        self.assertEqual([sorted(first), sorted(second)], [["a"], ["b", "c", "d"]])

    def test_what_this_machine_alone_knows_does_not_move_tests(self):
        self.fake_project({"a": "sleep-0.5", **TESTS})
        before = self.collected("--shard", "1/3")
        self.offload("run").expect_exit(0)
        self.assertEqual(self.collected("--shard", "1/3"), before)

    def test_a_shard_for_which_no_test_is_left_passes(self):
        runner = self.fake_project({"a": "pass", "b": "pass"})
        run, _ = self.shard("3/3")
        run.expect_said("0 of 2 tests")
        self.assertEqual(runner.executions(), [])

    def test_a_suite_without_tests_is_no_empty_shard(self):  # TRAPS 9, 15
        self.fake_project({})
        self.offload("run", "--shard", "1/2").expect_exit(1)

    def test_what_does_not_go_with_shards_is_refused_with_the_way_out(self):
        runner = self.fake_project(TESTS)
        for arguments, said in (
            (["--shard", "4/3"], "expected K/N"),
            (["--shard", "1/2", "--failed"], "--list-from"),
            (["--shard", "1/2", "--filter", "last(failed)"], "last()"),
            (["--shard", "1/2", "--filter", "slow(1s)"], "slow()"),
            (["--shard", "1/2", "--durations", "none.xml"], "none.xml"),
            (["--durations", "none.xml"], "only beside --shard"),
        ):
            self.offload("run", *arguments).expect_exit(1).expect_said(said)
        self.assertEqual(runner.executions(), [])

    # --- merging

    def test_merge_makes_one_report_of_all(self):
        self.fake_project({**TESTS, "bad": "fail", "shaky": ["fail", "pass"]}, retries=1)
        folders = []
        for k in (1, 2):
            run = self.offload("run", "--shard", f"{k}/2")
            self.assertIn(run.status, (0, 1, 2), run.describe())
            folders.append(self.project / f"shard-{k}")
            self.output_dir.rename(folders[-1])
        merged = self.offload("merge", *folders).expect_exit(1)
        merged.expect_said("  Failed:  1", "bad", "shaky")
        report = merged.expect_outcomes(
            {**dict.fromkeys(TESTS, "passed"), "bad": "failure", "shaky": "passed"})
        self.assertIsNotNone(report)
        self.assertTrue((self.output_dir / "report.html").is_file())
        logs = merged.logs()
        self.assertEqual({name.split("-")[1][0] for name in logs}, {"1", "2"}, sorted(logs))
        # The merged journal is a run's like any other.
        self.offload("logs", "--failures").expect_exit(0).expect_said("bad")
        self.offload("report").expect_exit(0)

    def test_merge_of_passing_shards_passes(self):
        self.fake_project(TESTS)
        folders = [self.shard(f"{k}/3")[1] for k in (3, 1, 2)]
        self.offload("merge", *folders, "-o", "merged").expect_exit(0).expect_said("PASSED")
        events = [json.loads(line) for line in
                  (self.project / "merged/journal.ndjson").read_text().splitlines()[1:]]
        decided = [e for e in events if e["event"] == "test_decided"]
        self.assertEqual(len(decided), len(TESTS))
        self.assertEqual([e["since"] for e in events], sorted(e["since"] for e in events))

    def test_missing_shard_is_named_and_its_tests_are_not_run(self):
        self.fake_project(TESTS)
        theirs = self.collected("--shard", "2/3")
        folders = [self.shard(f"{k}/3")[1] for k in (1, 3)]
        merged = self.offload("merge", *folders).expect_exit(1)
        merged.expect_said("shard 2/3 is missing", f"  Not run: {len(theirs)}", *theirs)

    def test_empty_shards_are_merged_as_well(self):
        self.fake_project({"a": "pass", "b": "pass"})
        folders = [self.shard(f"{k}/3")[1] for k in (1, 2, 3)]
        self.offload("merge", *folders).expect_exit(0).expect_outcomes(
            {"a": "passed", "b": "passed"})

    def test_same_shard_twice_is_an_error(self):
        self.fake_project(TESTS)
        _, one = self.shard("1/2")
        again = self.project / "again"
        shutil.copytree(one, again)
        self.offload("merge", one, again).expect_exit(1).expect_said("shard 1/2 is there twice")

    def test_shards_of_other_tests_configs_divisions_and_runs_are_told_apart(self):
        runner = self.fake_project(TESTS)
        _, one = self.shard("1/2")
        _, of_three = self.shard("2/3")
        self.offload("merge", one, of_three).expect_exit(1).expect_said("number of shards")
        (self.project / "old.xml").write_text(
            '<testsuites><testsuite name="s"><testcase name="t6" time="99"/>'
            '<testcase name="t5" time="1"/></testsuite></testsuites>')
        shutil.rmtree(self.project / "shards/2-of-3")
        _, divided = self.shard("2/2", "--durations", "old.xml")
        self.offload("merge", one, divided).expect_exit(1).expect_said("division", "--durations")
        shutil.rmtree(divided)
        runner.prepare({**TESTS, "new": "pass"})
        _, grown = self.shard("2/2")
        self.offload("merge", one, grown).expect_exit(1).expect_said("list of tests")
        shutil.rmtree(grown)
        runner.prepare(TESTS)
        self.edit_config("retry_count = 0", "retry_count = 1")
        _, changed = self.shard("2/2")
        self.offload("merge", one, changed).expect_exit(1).expect_said("config file")
        self.assertFalse(self.output_dir.exists())

    def test_two_shards_that_ran_the_same_test_are_an_error(self):
        self.fake_project(TESTS)
        _, one = self.shard("1/2")
        _, two = self.shard("2/2")
        journal = two / "journal.ndjson"
        lines = journal.read_text().splitlines()
        for place, line in enumerate(lines):
            event = json.loads(line)
            if event.get("event") == "run_planned":
                event["tests"] = event["shard"]["whole"]
                lines[place] = json.dumps(event, separators=(",", ":"))
        journal.write_text("\n".join(lines) + "\n")
        self.offload("merge", one, two).expect_exit(1).expect_said("fell to two shards")

    def test_journal_that_tells_of_a_test_it_never_names_is_damaged(self):
        self.fake_project(TESTS)
        folders = [self.shard(f"{k}/2")[1] for k in (1, 2)]
        journal = folders[0] / "journal.ndjson"
        whole = journal.read_text().splitlines(keepends=True)

        def damage(kind, change):
            lines = list(whole)
            at = next(i for i, line in enumerate(lines) if f'"event":"{kind}"' in line)
            event = json.loads(lines[at])
            change(event)
            lines[at] = json.dumps(event, separators=(",", ":")) + "\n"
            journal.write_text("".join(lines))

        damage("run_finished", lambda event: event["summary"]["verdicts"][0].update(test=99))
        self.offload("merge", *folders).expect_exit(1).expect_said("damaged", str(journal))
        self.assertFalse((self.output_dir / "junit.xml").exists())
        # What it came to is known; that something happened to another test is not to be believed.
        damage("test_decided", lambda event: event.update(test=99))
        merged = self.offload("merge", *folders).expect_exit(1)
        merged.expect_said("shard 1/2: the journal is damaged", "FAILED")
        merged.expect_outcomes(dict.fromkeys(TESTS, "passed"))

    def test_journal_of_a_whole_run_is_no_shard(self):
        self.fake_project(TESTS)
        self.offload("run").expect_exit(0)
        self.output_dir.rename(self.project / "whole")
        self.offload("merge", "whole").expect_exit(1).expect_said("was no shard")

    def test_shard_that_was_killed_is_told(self):
        self.fake_project(TESTS)
        _, one = self.shard("1/2")
        _, two = self.shard("2/2")
        journal = two / "journal.ndjson"
        lines = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(line for line in lines if '"event":"run_finished"' not in line))
        merged = self.offload("merge", one, two).expect_exit(1)
        merged.expect_said("shard 2/2 did not come to its end")
        merged.expect_outcomes(dict.fromkeys(TESTS, "passed"))

    def test_reports_are_not_written_over_those_of_a_shard(self):
        self.fake_project(TESTS)
        self.offload("run", "--shard", "1/1").expect_exit(0)
        before = (self.output_dir / "journal.ndjson").read_bytes()
        self.offload("merge", self.output_dir).expect_exit(1).expect_said("--output")
        self.assertEqual((self.output_dir / "journal.ndjson").read_bytes(), before)
