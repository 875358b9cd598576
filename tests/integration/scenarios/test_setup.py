"""setup_command and teardown_command, and what they write to $OFFLOAD_ENV."""

import os
import signal

from harness import Scenario
from harness.scenario import toml


class Setup(Scenario):
    def said_by(self, name="calls"):
        path = self.project / name
        return path.read_text().split() if path.exists() else []

    def prepare(self, behaviours=None, *, setup="", teardown="", groups=None, offload="", **more):
        """A project whose two commands note that they were called, and then do as they are told."""
        return self.fake_project(
            behaviours or {"a": "pass"},
            offload=f"setup_command = {toml('echo setup >> calls; ' + setup)}\n"
            f"teardown_command = {toml('echo teardown >> calls; ' + teardown)}\n{offload}",
            groups=groups, **more,
        )

    def test_they_run_once_around_everything_and_tests_see_what_setup_wrote(self):
        runner = self.prepare(
            {"a": "pass", "b": "pass", "c": "fail"},
            setup='mkdir .runner/made; echo "made it"; printf "PORT=80 81\\n\\nGIVEN=no\\n" >> "$OFFLOAD_ENV"',
            teardown='echo "port $PORT" > torn; ls .runner > left',
        )
        # Discovery needs what setup makes.
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace('"cat ', '"test -d .runner/made && cat '))
        run = self.offload("run", "--env", "GIVEN=yes").expect_exit(1)
        run.expect_outcomes({"a": "passed", "b": "passed", "c": "failure"})
        self.assertEqual(self.said_by(), ["setup", "teardown"])
        for each in runner.invocations():
            env = each["env"]
            self.assertEqual((env.get("PORT"), env.get("GIVEN")), ("80 81", "yes"))
        self.assertEqual((self.project / "torn").read_text(), "port 80 81\n")
        self.assertEqual((self.output_dir / "logs" / "setup.log").read_text(), "made it\n")
        # Listing runs neither; a discovery that needs them says so.
        self.offload("collect").expect_exit(0)
        (self.project / ".runner" / "made").rmdir()
        self.offload("collect").expect_exit(1).expect_said("setup_command is not run")
        self.assertEqual(len(self.said_by()), 2)

    def test_a_setup_that_fails_runs_nothing_and_is_torn_down(self):
        runner = self.prepare(setup="echo no database here >&2; exit 3", teardown="exit 4")
        run = self.offload("run").expect_exit(1)
        self.assertEqual(run.junit()["a"].type, "not-run", run.describe())
        run.expect_said(
            "setup_command failed", "[offload]", "offload.toml", "no database here", "exit status 3",
            "logs/setup.log", "teardown_command failed", "exit status 4",
        )
        self.assertEqual(self.said_by(), ["setup", "teardown"])
        self.assertEqual(runner.executions(), [])

    def test_a_teardown_that_fails_or_hangs_fails_the_run(self):
        self.prepare(teardown="echo cannot stop it; sleep 600", offload="teardown_timeout_secs = 1")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"a": "passed"})
        run.expect_said("teardown_command failed", "cannot stop it", "timed out")

    def test_lines_that_are_no_variables_are_named(self):
        self.prepare(setup='printf "A=1\\nB\\n" >> "$OFFLOAD_ENV"')
        run = self.offload("run").expect_exit(1)
        run.expect_said("line 2 of $OFFLOAD_ENV is no KEY=VALUE", '"B"')
        self.assertEqual(self.said_by(), ["setup", "teardown"])

    def test_groups_have_theirs_inside_those_of_the_run(self):
        def group(name):
            note = f"echo {name}"
            return (
                f"setup_command = {toml(f'{note}-up >> calls; echo WHO={name} >> $OFFLOAD_ENV')}\n"
                f"teardown_command = {toml(f'{note}-down-$WHO >> calls')}\nfilters = '{name}'\n"
            )

        runner = self.prepare(
            {"one": "pass", "two": "pass", "three": "pass"},
            groups={name: group(name) for name in ("one", "two", "three")},
        )
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace("ids.txt # {filters}", "ids.txt | grep -x {filters}"))
        self.offload("run", "--group", "one", "--group", "two").expect_exit(0)
        self.assertEqual(
            self.said_by(),
            ["setup", "one-up", "two-up", "two-down-two", "one-down-one", "teardown"],
        )
        seen = {id: each["env"].get("WHO") for each in runner.invocations() for id in each["ids"]}
        self.assertEqual(seen, {"one": "one", "two": "two"})

    def test_signals_during_setup_and_tests_still_tear_down(self):
        self.prepare({"a": "hang"}, setup="test -e quick || { touch waiting; sleep 600; }")
        run = self.start("run")
        self.wait_for((self.project / "waiting").exists, "the setup")
        run.send_signal(signal.SIGINT)
        self.finish(run).expect_exit(130)
        self.assertEqual(self.said_by(), ["setup", "teardown"])
        (self.project / "quick").touch()
        run = self.start("run")
        self.wait_for((self.project / ".runner" / "executions.jsonl").exists, "the test")
        os.kill(run.pid, signal.SIGTERM)
        self.finish(run).expect_exit(143)
        self.assertEqual(self.said_by(), ["setup", "teardown"] * 2)
