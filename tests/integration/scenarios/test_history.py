"""The history of durations, and the trace."""

import json
import os
import subprocess

from harness import Scenario


class History(Scenario):
    def project_with(self, history, behaviours=None):
        self.fake_project(behaviours or {"a": "pass", "b": "fail"})
        config = self.project / "offload.toml"
        config.write_text(config.read_text() + history)

    def records(self, name="offload-history.jsonl"):
        lines = (self.project / name).read_text().splitlines()
        return {entry["k"][1]: entry["v"] for entry in map(json.loads, lines)}

    def test_is_recorded_when_asked_for(self):
        self.project_with("[history]\n")
        self.offload("run").expect_exit(1).expect_not_said("[history]")
        self.assertFalse((self.project / "offload-history.jsonl").exists())
        self.offload("run", "--record-history").expect_exit(1)  # TRAPS 38
        self.offload("run", "--record-history").expect_exit(1)
        records = self.records()
        self.assertEqual((records["a"]["n"], records["a"]["f"]), (2, 0))
        self.assertEqual((records["b"]["n"], records["b"]["f"]), (2, 2))
        self.assertEqual(len(records["b"]["fail"]), 2)

    def test_always_needs_no_flag(self):
        self.project_with('[history]\nrecord_history = "always"\npath = "h.jsonl"\n')
        self.offload("run").expect_exit(1)
        self.assertEqual(set(self.records("h.jsonl")), {"a", "b"})

    def test_flag_without_section_is_an_error(self):
        self.project_with("")
        self.offload("run", "--record-history").expect_exit(1).expect_said("[history]")
        self.assertFalse(self.output_dir.exists())

    def test_is_read_where_no_report_is_left(self):
        self.project_with("[history]\n", {"a": "pass"})
        entry = {"k": ["offload.toml", "a"], "v": {"n": 1, "f": 0, "ok": [["r", 1, 2.5]]}}
        (self.project / "offload-history.jsonl").write_text("<<<<<<< x\n" + json.dumps(entry) + "\n")
        self.offload("run").expect_exit(0).expect_said("1 line")
        journal = (self.output_dir / "journal.ndjson").read_text()
        self.assertIn('"durations_known":true', journal)

    def test_unwritable_history_fails_the_run(self):
        self.project_with('[history]\npath = "/proc/none/h.jsonl"\n', {"a": "pass"})
        self.offload("run", "--record-history").expect_exit(1).expect_said("/proc/none")

    def git(self, *arguments):
        env = {
            **self.env,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": f"{os.path.dirname(self.binary)}:{self.env['PATH']}",
        }
        for role in ("AUTHOR", "COMMITTER"):
            env[f"GIT_{role}_NAME"] = env[f"GIT_{role}_EMAIL"] = "x"
        done = subprocess.run(
            ["git", *arguments], cwd=self.project, env=env, capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, f"git {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def test_git_merges_it_without_a_conflict(self):
        self.project_with("[history]\n")
        self.git("init", "-q", "-b", "trunk")
        self.offload("history", "setup-merge-driver").expect_exit(0)
        self.offload("history", "setup-merge-driver").expect_exit(0)
        attributes = (self.project / ".gitattributes").read_text()
        self.assertEqual(attributes, "offload-history.jsonl merge=offload-history\n")

        def run_and_commit(message):
            self.offload("run", "--record-history").expect_exit(1)
            self.git("add", "offload-history.jsonl", ".gitattributes")
            self.git("commit", "-qm", message)

        run_and_commit("base")
        self.git("checkout", "-qb", "branch")
        run_and_commit("theirs")
        self.git("checkout", "-q", "trunk")
        run_and_commit("ours")
        self.git("merge", "-q", "--no-edit", "branch")
        record = self.records()["b"]
        self.assertEqual((record["n"], record["f"], len(record["fail"])), (3, 3, 3))


class Trace(Scenario):
    def test_shows_every_test(self):
        self.fake_project({"a": "pass", "b": "fail"})
        self.offload("run", "--trace").expect_exit(1).expect_not_said("no effect")
        events = json.loads((self.output_dir / "trace.json").read_text())
        names = {event["name"] for event in events if event["ph"] == "X"}
        self.assertLessEqual({"a", "b"}, names)
        for event in events:
            if event["ph"] == "X":
                self.assertGreaterEqual(event["dur"], 0)
