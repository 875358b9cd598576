"""setup_command and teardown_command, and what they write to $OFFLOAD_ENV."""

import os
import signal

from harness import BoxScenario, Scenario, variables
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
            self.place("setup_command") + ": [offload] setup_command failed:", "echo no database",
            "no database here", "exit status 3", "logs/setup.log",
            self.place("teardown_command") + ": [offload] teardown_command failed:", "exit status 4",
        )
        self.assertEqual(self.said_by(), ["setup", "teardown"])
        self.assertEqual(runner.executions(), [])

    def place(self, key, nth=0):
        """offload.toml:LINE:COLUMN of a key's value."""
        places = [(number, line.index("=") + 3)
                  for number, line in enumerate((self.project / "offload.toml").read_text().splitlines(), 1)
                  if line.startswith(key + " =")]
        return "offload.toml:%d:%d" % places[nth]

    def test_those_of_groups_are_named_by_their_places(self):
        body = "setup_command = '{}'\nteardown_command = '{}'\n"
        self.fake_project({"a": "pass"}, offload="setup_command = 'true'\nteardown_command = 'true'", groups={
            "good": body.format("true", "exit 6"), "bad.name": body.format("echo gone; exit 5", "true")})
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace("[groups.bad.name]", '[groups."bad.name"]'))
        self.offload("run").expect_exit(1).expect_said(
            self.place("setup_command", 2) + ": [groups.bad.name] setup_command failed:", "exit status 5", "gone",
            self.place("teardown_command", 1) + ": [groups.good] teardown_command failed:", "exit status 6")

    def test_what_is_wrong_in_the_file_is_named_before_anything_runs(self):
        self.fake_project({"a": "pass"}, offload="setup_command = ''\nteardown_command = ['x']",
                          groups={"all": "setup_command = 3"})
        self.offload("run").expect_exit(1).expect_said(
            self.place("setup_command") + ": error: offload.setup_command is empty",
            self.place("teardown_command") + ": error: offload.teardown_command is",
            self.place("setup_command", 1) + ": error: groups.all.setup_command is 3 (an integer); expected")

    def test_a_teardown_that_fails_or_hangs_fails_the_run(self):
        self.prepare(teardown="echo cannot stop it; sleep 600", offload="teardown_timeout_secs = 1")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"a": "passed"})
        run.expect_said("teardown_command failed", "cannot stop it", "timed out")

    def test_lines_that_are_no_variables_are_named(self):
        self.prepare(setup='printf "A=1\\nB\\n" >> "$OFFLOAD_ENV"')
        run = self.offload("run").expect_exit(1)
        run.expect_said(self.place("setup_command") + ": [offload] setup_command: line 2 of $OFFLOAD_ENV "
                        "is no KEY=VALUE", '"B"')
        self.assertEqual(self.said_by(), ["setup", "teardown"])

    def test_a_value_of_several_lines_has_to_end(self):
        self.prepare(setup='printf "A<<END\\n1\\nB=2\\n" >> "$OFFLOAD_ENV"')
        self.offload("run").expect_exit(1).expect_said(
            "line 1 of $OFFLOAD_ENV begins a value of several lines that no line ends", "KEY<<END")

    def test_values_reach_the_tests_as_they_are(self):
        runner = self.fake_project({"a": "pass"}, offload=variables.setup(self))
        self.offload("run").expect_exit(0)
        env = runner.invocations()[0]["env"]
        self.assertEqual({name: env.get(name) for name in variables.AWKWARD}, variables.AWKWARD)

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


class InSandboxes(BoxScenario):
    """Of the command provider, whose commands are the user's."""

    def expect_variables(self, provider=""):
        runner = self.boxed({"a": "pass", "b": "fail"}, provider=provider, offload=variables.setup(self))
        self.offload("run").expect_exit(1).expect_outcomes({"a": "passed", "b": "failure"})
        for each in runner.invocations():
            env = each["env"]
            self.assertEqual({name: env.get(name) for name in variables.AWKWARD}, variables.AWKWARD)

    def test_values_reach_the_tests_through_the_words_of_a_command(self):
        self.expect_variables()

    def test_values_reach_the_tests_through_standard_input(self):
        self.expect_variables("exec_stdin = true")

    def test_they_count_before_the_providers_own(self):
        runner = self.boxed({"a": "pass"}, provider='env = { MINE = "provider", OWN = "x" }', offload=(
            "setup_command = " + toml('echo MINE=setup >> "$OFFLOAD_ENV"') + "\n"))
        self.offload("run").expect_exit(0)
        env = runner.invocations()[0]["env"]
        self.assertEqual((env["MINE"], env["OWN"]), ("setup", "x"))

    def test_a_groups_own_are_those_of_its_tests_alone(self):
        write = "setup_command = " + toml('echo WHO={} >> "$OFFLOAD_ENV"') + "\nfilters = '{}'\n"
        runner = self.boxed({"one": "pass", "two": "pass"},
                            groups={name: write.format(name, name) for name in ("one", "two")})
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace("ids.txt # {filters}", "ids.txt | grep -x {filters}"))
        self.offload("run").expect_exit(0)
        seen = {id: each["env"].get("WHO") for each in runner.invocations() for id in each["ids"]}
        self.assertEqual(seen, {"one": "one", "two": "two"})
