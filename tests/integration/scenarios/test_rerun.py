"""Running again what failed, selecting tests, repeating them, and events for programs."""

import json
import xml.etree.ElementTree as xml

from harness import CargoScenario, PytestScenario, Scenario, with_pytest
from harness.processes import wait_until

GROUPS = {"x": 'filters = "x"', "y": 'filters = "y"'}


class Rerun(Scenario):
    def executed_by(self, *arguments, expect):
        """What one run executes."""
        before = len(self.runner.executions())
        self.run_ended = self.offload(*arguments).expect_exit(expect)
        return sorted({e["id"] for e in self.runner.executions()[before:]})

    def carried(self):
        """The IDs that junit.xml marks as carried over."""
        root = xml.parse(self.output_dir / "junit.xml")
        return sorted(case.get("name") for case in root.iter("testcase")
                      if case.find("properties/property[@name='carried-over-from']") is not None)

    def grouped(self, behaviours):
        self.runner = self.fake_project(behaviours, groups=GROUPS)
        config = self.project / "offload.toml"
        config.write_text(
            config.read_text().replace("cat ", "grep {filters} ").replace(" # {filters}", ""))

    def test_failed_until_green(self):
        self.runner = self.fake_project({"a": "pass", "b": "fail", "c": "fail"})
        self.assertEqual(self.executed_by("run", expect=1), ["a", "b", "c"])
        self.runner.prepare({"a": "fail", "b": "pass", "c": "fail"})
        self.assertEqual(self.executed_by("run", "--failed", expect=1), ["b", "c"])
        self.run_ended.expect_outcomes({"a": "passed", "b": "passed", "c": "failure"})
        self.assertEqual(self.carried(), ["a"])
        self.run_ended.expect_said("Carried: 1")
        self.runner.prepare({"a": "fail", "b": "fail", "c": "pass"})
        self.assertEqual(self.executed_by("run", "--failed", expect=0), ["c"])
        self.run_ended.expect_outcomes({"a": "passed", "b": "passed", "c": "passed"})
        self.assertEqual(self.executed_by("run", "--failed", expect=0), [])
        self.run_ended.expect_outcomes({"a": "passed", "b": "passed", "c": "passed"})
        self.assertEqual(self.carried(), ["a", "b", "c"])
        logs = self.offload("logs", "a").expect_exit(0)
        self.assertIn("=== a [PASSED] ===\n(not run this time; so it was in run ", logs.out)

    def test_tests_that_vanished_and_tests_that_are_new(self):
        self.runner = self.fake_project({"a": "pass", "gone": "fail"})
        self.executed_by("run", expect=1)
        self.runner.prepare({"a": "pass", "new": "pass"})
        self.assertEqual(self.executed_by("run", "--failed", expect=0), ["new"])
        self.run_ended.expect_outcomes({"a": "passed", "new": "passed"})
        self.run_ended.expect_said("gone")

    def test_runs_of_parts_do_not_hide_what_failed_before(self):
        self.runner = self.fake_project({"a": "pass", "b": "fail", "c": "fail"})
        self.executed_by("run", expect=1)
        self.runner.prepare({"a": "pass", "b": "pass", "c": "pass"})
        self.assertEqual(self.executed_by("run", "b", expect=0), ["b"])
        self.assertEqual(self.executed_by("run", "--failed", expect=0), ["c"])
        self.run_ended.expect_outcomes({"a": "passed", "b": "passed", "c": "passed"})

    def test_what_a_killed_run_had_not_finished_is_run(self):
        self.runner = self.fake_project({"a": "pass", "b": "hang", "c": "fail"},
                                        groups={"all": "schedule_individual = true"})
        process = self.start("run", "--parallel", "3")
        journal = self.output_dir / "journal.ndjson"
        wait_until(lambda: journal.exists() and journal.read_text().count("attempt_finished") == 2,
                   60)
        process.kill()
        self.finish(process)
        self.offload("cleanup").expect_exit(0)
        self.runner.prepare({"a": "pass", "b": "pass", "c": "pass"})
        self.assertEqual(self.executed_by("run", "--failed", expect=0), ["b", "c"])
        self.run_ended.expect_outcomes({"a": "passed", "b": "passed", "c": "passed"})

    def test_results_of_groups_that_are_not_asked_for_count(self):
        self.grouped({"x1": "fail", "x2": "pass", "y1": "fail", "y2": "pass"})
        self.executed_by("run", expect=1)
        self.runner.prepare({"x1": "pass", "x2": "pass", "y1": "pass", "y2": "pass"})
        self.assertEqual(self.executed_by("run", "--failed", "--group", "x", expect=1), ["x1"])
        self.run_ended.expect_outcomes(
            {"x1": "passed", "x2": "passed", "y1": "failure", "y2": "passed"})
        self.assertEqual(self.executed_by("run", "--failed", expect=0), ["y1"])

    def test_without_an_earlier_run_all_is_run(self):
        self.runner = self.fake_project({"a": "pass"})
        self.assertEqual(self.executed_by("run", "--failed", expect=0), ["a"])
        self.run_ended.expect_said("no earlier run")

    def test_flaky_tests_stay_flaky(self):
        self.runner = self.fake_project({"a": ["fail", "pass"], "b": ["fail", "fail", "pass"]},
                                        retries=1)
        self.executed_by("run", expect=1)
        self.assertEqual(self.executed_by("run", "--failed", expect=2), ["b"])
        self.assertEqual(self.executed_by("run", "--failed", "--flaky-exit-code", "0", expect=0), [])

    def test_tests_are_selected_by_file_folder_glob_list_and_filter(self):
        ids = ["t/a.py::one", "t/a.py::two[1]", "t/sub/b.py::one", "u/c.py::one"]
        self.runner = self.fake_project({test: "pass" for test in ids})
        self.write({"list.txt": "# a comment\nu/c.py\n\n  t/a.py::two  \n"})
        for arguments, expected in (
                (["t/a.py"], [0, 1]), (["./t/"], [0, 1, 2]), ([str(self.project / "t/sub")], [2]),
                (["t/a.py::two"], [1]), (["**/*.py::one"], [0, 2, 3]),
                (["--list-from", "list.txt"], [1, 3]),
                (["--filter", "one and not file(t)"], [3]),
                (["t", "--filter", "/two/ or =t/sub/b.py::one"], [1, 2])):
            listed = self.offload("collect", *arguments).expect_exit(0)
            wanted = [ids[i] for i in expected]
            self.assertEqual(listed.out.splitlines(), wanted, arguments)
            self.assertEqual(self.executed_by("run", *arguments, expect=0), sorted(wanted))
            logs = self.offload("logs", *arguments).expect_exit(0)
            self.assertEqual(logs.out.count("=== "), len(wanted), arguments)

    def test_list_comes_from_standard_input(self):
        self.runner = self.fake_project({"a": "pass", "b": "pass"})
        listed = self.start("collect", stdout=open(self.root / "list", "w+b"))
        self.finish(listed)
        self.write({"list": "b\n"})
        process = self.start("run", "--list-from", "-", stdin=open(self.project / "list", "rb"))
        self.finish(process).expect_exit(0).expect_outcomes({"b": "passed"})

    def test_selection_of_nothing_names_the_nearest(self):
        self.runner = self.fake_project({"tests/a.py::one": "pass"})
        for arguments, near in ((["tests/b.py"], "tests/a.py"),
                                (["--filter", "=tests/a.py::on"], "tests/a.py::one"),
                                (["--filter", "fil(x)"], "file(…)")):
            for command in ("run", "collect"):
                self.offload(command, *arguments).expect_exit(1).expect_said(near)
        self.offload("run", "--filter", "one and").expect_exit(1).expect_said("column 8")
        self.assertEqual(self.runner.executions(), [])

    def test_filter_knows_results_and_durations(self):
        self.runner = self.fake_project({"a": "pass", "b": "fail"})
        self.executed_by("run", expect=1)
        self.assertEqual(self.offload("collect", "--filter", "last(failed)").out, "b\n")
        self.assertEqual(self.offload("collect", "--filter", "not slow(1h)").out, "a\nb\n")
        self.assertEqual(self.offload("collect", "--failed").expect_exit(0).out, "b\n")

    def test_repetition_finds_the_flaky_test(self):
        self.runner = self.fake_project({"a": "pass", "b": ["pass", "pass", "fail", "pass"]},
                                        retries=1)
        self.executed_by("run", "--repeat", "4", expect=1)
        self.assertEqual(self.runner.executed(), {"a": 4, "b": 4})
        self.run_ended.expect_said("failed 1 of 4 times")
        self.run_ended.expect_outcomes({"a": "passed", "b": "failure"})

    def test_repetition_until_failure_ends_with_the_first(self):
        self.runner = self.fake_project({"a": ["pass"] * 5 + ["fail"]})
        self.executed_by("run", "--until-failure", expect=1)
        self.assertEqual(self.runner.executed(), {"a": 6})
        self.executed_by("run", "--repeat", "2", expect=1)

    def test_events_are_the_journal(self):
        self.fake_project({"a": "pass", "b": "fail"})
        run = self.offload("run", "--events", "events.ndjson").expect_exit(1)
        events = (self.project / "events.ndjson").read_text()
        self.assertEqual(events, (self.output_dir / "journal.ndjson").read_text())
        self.assertIn("Summary:", run.out)
        run = self.offload("run", "--events", "-").expect_exit(1)
        kinds = [json.loads(line).get("event") for line in run.out.splitlines()]
        self.assertEqual((kinds[0], kinds[1], kinds[-1]), (None, "run_started", "run_finished"))
        self.assertIn("Summary:", run.err)
        self.offload("run", "--events", "/nowhere/x").expect_exit(1).expect_said("/nowhere/x")


class RerunPytest(PytestScenario):
    @with_pytest(8)
    def test_failed_until_green_with_pytest(self):
        failing = "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_n(n): assert n != 2\n"
        self.pytest_project({"tests/test_a.py": failing, "tests/test_b.py": "def test_b(): pass\n"})
        self.offload("run").expect_exit(1)
        run = self.offload("run", "--failed").expect_exit(1)
        run.expect_outcomes({"tests/test_a.py::test_n[1]": "passed", "tests/test_b.py::test_b": "passed",
                             "tests/test_a.py::test_n[2]": "failure"})
        self.write({"tests/test_a.py": failing.replace("!= 2", "!= 3"),
                    "tests/test_b.py": "def test_b(): assert 0\n"})
        self.offload("run", "--failed").expect_exit(0).expect_said("Carried: 2")
        self.offload("run", "tests/test_b.py").expect_exit(1)
        self.offload("run", "--failed", "tests/test_a.py").expect_exit(1)
        self.write({"tests/test_b.py": "def test_b(): pass\n"})
        self.offload("run", "--failed").expect_exit(0)

    @with_pytest(8)
    def test_module_that_was_broken_runs_once_it_is_mended(self):
        self.pytest_project({"tests/test_a.py": "def test_a(): pass\n",
                             "tests/test_b.py": "import nowhere\ndef test_b(): pass\n"})
        self.offload("run").expect_exit(1)
        self.offload("run", "--failed").expect_exit(1).expect_said("nowhere")
        self.write({"tests/test_b.py": "def test_b(): pass\n"})
        self.offload("run", "--failed").expect_exit(0).expect_outcomes(
            {"tests/test_a.py::test_a": "passed", "tests/test_b.py::test_b": "passed"})


class RerunCargo(CargoScenario):
    def test_failed_until_green_with_cargo(self):
        self.small_crate("""
            #[test] fn a() { ran("a") }
            #[test] fn b() { ran("b"); assert!(at("mended").exists()) }
            """)
        self.offload("run").expect_exit(1)
        self.offload("run", "--failed").expect_exit(1)
        (self.root / "mended").touch()
        run = self.offload("run", "--failed").expect_exit(0)
        run.expect_outcomes({"small::it a": "passed", "small::it b": "passed"})
        self.assertEqual(self.ran().count("a"), 1)
        self.assertEqual(self.ran().count("b"), 3)
        self.assertEqual(self.offload("collect", "small::it").out, "small::it a\nsmall::it b\n")
