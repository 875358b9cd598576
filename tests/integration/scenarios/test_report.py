"""The HTML report of real runs: what the run writes, and what `offload report` makes of a journal."""

import json
import os
import re
import subprocess

from harness import Scenario
from harness.processes import wait_until


class Report(Scenario):
    def data(self, page=None):
        text = (page or self.output_dir / "report.html").read_text(encoding="utf-8")
        block = re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.S)
        return json.loads(block[1])

    def statuses(self, page=None):
        data = self.data(page)
        return dict(zip(data["tests"]["id"], data["tests"]["status"]))

    def test_run_writes_it_and_report_makes_the_same(self):
        self.fake_project({"a": "pass", "b": "fail", "c": "skip"}, retries=1)
        self.offload("run").expect_exit(1)
        page = self.output_dir / "report.html"
        written = self.data()
        self.assertEqual(self.statuses(), {"a": 0, "b": 3, "c": 2})
        self.assertEqual(self.data()["attempts"]["test"].count(1), 2)
        page.unlink()
        made = self.offload("report").expect_exit(0)
        self.assertEqual(made.out.strip(), str(page))
        again = self.data()
        # Taken from two clocks, which the journal rounds to microseconds.
        self.assertAlmostEqual(written["run"].pop("started"), again["run"].pop("started"), delta=0.001)
        self.assertEqual(again, written)

    def test_of_a_killed_run_shows_what_had_finished(self):
        self.fake_project({"a": "fail", "b": "hang"}, groups={"all": "schedule_individual = true"},
                          offload="max_parallel = 2")
        process = self.start("run")
        journal = self.output_dir / "journal.ndjson"
        wait_until(lambda: journal.exists() and "test_decided" in journal.read_text(), 60)
        process.kill()
        self.finish(process)
        self.assertFalse((self.output_dir / "report.html").exists())
        self.offload("report").expect_exit(0).expect_said("did not come to its end")
        self.assertEqual(self.statuses(), {"a": 3, "b": 6})
        self.assertFalse(self.data()["run"]["finished"])
        self.offload("cleanup").expect_exit(0)

    def test_from_another_folder_and_without_a_config(self):
        self.fake_project({"a": "pass"})
        self.offload("run").expect_exit(0)
        moved = self.root / "artefacts"
        os.rename(self.output_dir, moved)
        (moved / "report.html").unlink()
        elsewhere = self.root / "elsewhere"
        elsewhere.mkdir()
        for source in (moved, moved / "journal.ndjson"):
            self.offload("report", "--from", source, cwd=elsewhere).expect_exit(0)
            self.assertEqual(self.statuses(moved / "report.html"), {"a": 0})
        told = self.offload("report", cwd=elsewhere).expect_exit(1).err
        self.assertEqual(told.count("offload: "), 1, told)  # one error, its cause in it
        self.assertIn("--from DIR", told)
        self.assertIn("cannot open offload.toml", told)

    def test_open_starts_the_users_browser(self):
        self.fake_project({"a": "pass"})
        self.offload("run").expect_exit(0)
        self.write({"browser": "#!/bin/sh\nprintf '%s' \"$1\" > opened\n"})
        os.chmod(self.project / "browser", 0o755)
        self.offload("report", "--open", env={"BROWSER": "./browser"}).expect_exit(0)
        self.assertEqual((self.project / "opened").read_text(), str(self.output_dir / "report.html"))
        self.offload("report", "--open", env={"BROWSER": "/nowhere", "PATH": "/nowhere"}).expect_exit(
            1).expect_said("no browser could be started", "report.html")

    def test_without_a_run_there_is_nothing_to_report(self):
        self.fake_project({"a": "pass"})
        self.offload("report").expect_exit(1).expect_said("journal.ndjson")

    def test_that_cannot_be_written_is_a_warning(self):
        self.fake_project({"a": "pass"})
        (self.output_dir / "report.html").mkdir(parents=True)
        self.offload("run").expect_exit(0).expect_said("HTML report")
        self.offload("report").expect_exit(1).expect_said("report.html")

    def test_it_can_be_switched_off(self):
        self.fake_project({"a": "pass"}, report="html = false")
        self.offload("run").expect_exit(0)
        self.assertFalse((self.output_dir / "report.html").exists())

    def test_names_the_commit_and_the_branch(self):
        self.fake_project({"a": "pass"})

        def git(*arguments):
            return subprocess.run(
                ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments], cwd=self.project,
                check=True, capture_output=True, text=True).stdout.strip()

        git("init", "-q", "-b", "basket")
        git("add", "-A")
        git("commit", "-qm", "first")
        self.offload("run").expect_exit(0)
        run = self.data()["run"]
        self.assertEqual((run["commit"], run["branch"]), (git("rev-parse", "HEAD"), "basket"))
        git("checkout", "-q", "--detach")
        self.offload("run").expect_exit(0)
        self.assertNotIn("branch", self.data()["run"])
