"""Discovery by a command of the user's."""

import json

from harness import Scenario
from harness.scenario import toml


class Discovery(Scenario):
    def discovering(self, command, groups=None):
        self.config(
            f'type = "default"\ndiscover_command = {toml(command)}\n'
            'run_command = "touch was-run; true {tests} {result_file}"\n'
            'test_id_format = "{name}"',
            groups,
        )

    def expect_nothing_ran(self):
        self.assertFalse((self.project / "was-run").exists(), "tests ran all the same")

    def test_failure_shows_status_and_stderr(self):
        self.discovering("echo looks-like-a-test; echo tool-is-missing >&2; exit 3 # {filters}")
        run = self.offload("run").expect_exit(1)
        run.expect_said("tool-is-missing", "3", "see the error above")
        run.expect_not_said("collected in", "to run")
        self.expect_nothing_ran()

    def test_groups_are_collected_at_the_same_time(self):  # TRAPS 39
        # Each waits for the other, and fails alone.
        self.write({"list.sh": """
            #!/bin/sh
            touch "started-$1"
            for _ in $(seq 600); do
                [ -e started-one ] && [ -e started-two ] && { echo "test-of-$1"; exit 0; }
                sleep 0.1
            done
            exit 3
            """})
        self.discovering("./list.sh {filters}", {
            name: f'filters = "{name}"\nretry_count = 0' for name in ("one", "two")})
        self.offload("collect").expect_exit(0).expect_said("test-of-one", "test-of-two")

    def test_silent_exit_1_is_an_empty_group(self):
        self.discovering("false # {filters}")
        run = self.offload("run").expect_exit(1)
        run.expect_said("false")
        self.expect_nothing_ran()

    def test_exit_1_with_a_complaint_is_an_error(self):
        self.discovering("echo complaint >&2; exit 1 # {filters}")
        self.offload("run").expect_exit(1).expect_said("complaint")

    def test_command_that_does_not_exist(self):
        self.discovering("no-such-tool --list {filters}")
        self.offload("run").expect_exit(1).expect_said("no-such-tool", "127")

    def test_blank_lines_comments_and_spaces_are_dropped(self):
        self.discovering("printf '\\n# comment\\n  a  \\n\\t\\nb\\r\\nc' # {filters}")
        run = self.offload("collect").expect_exit(0)
        self.assertEqual(run.out.splitlines(), ["a", "b", "c"])

    def test_an_id_printed_twice_is_one_test(self):
        self.discovering("printf 'a\\nb\\na\\n' # {filters}")
        run = self.offload("collect").expect_exit(0)
        self.assertEqual(run.out.splitlines(), ["a", "b"])

    def test_garbage_on_stdout_does_not_crash_it(self):
        self.discovering("head -c 3000 /dev/urandom # {filters}")
        run = self.offload("collect")
        self.assertIn(run.status, (0, 1), run.describe())

    def test_filters_reach_the_command(self):
        self.discovering("printf '%s\\n' {filters}",
                         {"all": "filters = \"-m 'not slow' x\""})
        run = self.offload("collect").expect_exit(0)
        self.assertEqual(run.out.splitlines(), ["-m", "not slow", "x"])

    def test_one_group_that_fails_is_not_hidden_by_another(self):
        self.discovering(
            "if [ {filters} = bad ]; then echo broken-group >&2; exit 4; fi; echo t",
            {"good": 'filters = "good"', "bad": 'filters = "bad"'},
        )
        run = self.offload("run").expect_exit(1)
        run.expect_said("broken-group", "bad")

    def test_collect_prints_ids_and_nothing_else(self):
        self.fake_project({"b": "pass", "a x": "pass"})
        run = self.offload("collect").expect_exit(0)
        self.assertEqual(run.out, "b\na x\n")

    def test_collect_as_json(self):
        self.fake_project({"b": "pass", 'a "x"': "pass"})
        run = self.offload("collect", "--format", "json").expect_exit(0)
        found = [(t["id"], t["group"]) for t in json.loads(run.out)]
        self.assertEqual(found, [("b", "all"), ('a "x"', "all")])

    def test_collect_only_runs_nothing(self):
        runner = self.fake_project({"a": "pass"})
        run = self.offload("run", "--collect-only").expect_exit(0)
        self.assertIn("a", run.out)
        self.assertEqual(runner.executions(), [])
        self.assertFalse((self.output_dir / "junit.xml").exists())
