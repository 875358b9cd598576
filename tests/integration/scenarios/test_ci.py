"""What CI systems are told in their own ways, as the real program does it in their jobs' surroundings."""

import os
import re
import shutil
import subprocess

from harness import PytestScenario, Scenario, with_pytest

# What the failing test prints would be commands, sections and headings if it were printed as it is.
SHOP = {
    "tests/helper.py": """
        def check(x):
            raise ValueError(f"bad {x}")
        """,
    "tests/test_shop.py": """
        import pathlib
        from helper import check

        def test_total():
            print("::error file=evil.py::printed\\n  ::stop-commands::x\\n##[error]old")
            print("--- heading\\n\\x1b[0Ksection_start:1:evil\\r\\x1b[0Kheader")
            print("\\n".join(f"line {i}" for i in range(20)))
            check(1)

        def test_shaky():
            once = pathlib.Path(__file__).with_name("once")
            if not once.exists():
                once.touch()
                assert 1 == 2, "not yet"

        def test_good(): pass
        """,
}

# A stand-in for the agent, which only Buildkite's machines have: it keeps what it is given.
AGENT = """\
#!/bin/sh
printf '%s\\n' "$@" >"$SCENARIO_ROOT/agent-arguments"
cat >"$SCENARIO_ROOT/agent-page"
exit "${AGENT_STATUS:-0}"
"""


def commands_in(text):
    """(name, properties, data) of all that GitHub's runner would take for a command."""
    found = []
    for line in text.splitlines():
        if re.search(r"##\[.*\]", line):
            found.append(("##[", {}, line))
        match = re.match(r"\s*::(\S*?)(?: (.*?))?::(.*)", line)
        if match:
            pairs = (p.split("=", 1) for p in (match[2] or "").split(",") if "=" in p)
            found.append((match[1], dict(pairs), match[3]))
    return found


class CiSystems(PytestScenario):
    def shop(self):
        self.pytest_project(SHOP, groups={"all": "retry_count = 1"})

    @with_pytest(9)
    def test_github_shows_failures_beside_the_code_and_a_summary(self):
        self.shop()
        page = self.root / "summary.md"
        page.write_text("of an earlier program\n")
        run = self.offload("run", env={
            "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page),
            "GITHUB_WORKSPACE": str(self.project), "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "me/shop", "GITHUB_SHA": "abc"}).expect_exit(1)
        commands = commands_in(run.err + run.out)
        told = [c for c in commands if c[0] not in ("group", "endgroup")]
        self.assertEqual([c[0] for c in told], ["error", "warning"], run.describe())
        (_, error, said), (_, warning, _) = told
        self.assertEqual((error["file"], error["line"]), ("tests/helper.py", "2"), error)
        self.assertEqual(error["title"], "tests/test_shop.py%3A%3Atest_total failed (2 attempts)")
        self.assertIn("ValueError: bad 1", said)
        self.assertEqual(warning["file"], "tests/test_shop.py")
        self.assertIn("is flaky", warning["title"])
        self.assertIn(": :error file=evil.py::printed", run.err)
        groups = [c[0] for c in commands if c not in told]
        self.assertEqual(groups, ["group", "endgroup"] * (len(groups) // 2), run.describe())
        self.assertGreater(len(groups), 0)
        text = page.read_text()
        self.assertTrue(text.startswith("of an earlier program\n## ❌ Offload"), text)
        for part in ("test&#95;total", "ValueError&#58; bad 1", "\n### Flaky\n", "Slowest tests",
                     'blob/abc/tests/helper.py#L2'.replace("#", "&#35;")):
            self.assertIn(part, text)
        run.expect_said("  Failed:  1")
        self.logs_are_text()

    def logs_are_text(self):
        """What the job shows means nothing to the runner; a file has it as it was."""
        arguments = ["logs", "--failures"]
        env = {"GITHUB_ACTIONS": "true"}
        shown = subprocess.run([self.binary, *arguments], cwd=self.project, text=True, check=True,
                               env={**self.env, **env}, stdout=subprocess.PIPE).stdout
        self.assertIn("evil.py::printed", shown)
        self.assertEqual(commands_in(shown), [])
        self.assertEqual({c[0] for c in commands_in(self.offload(*arguments, env=env).out)},
                         {"error", "stop-commands", "##["})

    @with_pytest(9)
    def test_gitlab_folds_what_is_long(self):
        self.shop()
        run = self.offload("run", env={"GITLAB_CI": "true"}).expect_exit(1)
        raw = (self.root / "stderr-0").read_bytes().decode()
        starts = re.findall(r"\x1b\[0Ksection_start:(\d+):(\w+)\[collapsed=true\]\r\x1b\[0K(.+)\n", raw)
        ends = re.findall(r"\x1b\[0Ksection_end:(\d+):(\w+)\r\x1b\[0K\n", raw)
        self.assertEqual([s[1] for s in starts], [e[1] for e in ends], run.describe())
        self.assertIn("ValueError: bad 1", starts[0][2])
        self.assertEqual(raw.count("\r"), len(starts) + len(ends), "a section of the test's own")
        self.assertNotIn("evil\r", raw)

    @with_pytest(9)
    def test_buildkite_has_headings_and_an_annotation(self):
        self.shop()
        self.write({"bin/buildkite-agent": AGENT})
        env = {"BUILDKITE": "true", "BUILDKITE_STEP_KEY": "unit",
               "PATH": f"{self.project}/bin:{os.environ['PATH']}"}
        run = self.offload("run", env=env).expect_exit(1)
        headings = [line for line in run.err.splitlines() if re.match(r"---|\+\+\+|~~~|\^\^\^", line)]
        self.assertRegex(headings[0], "^--- FAIL tests/test_shop.py::test_total")
        self.assertEqual(headings[-1], "+++ Summary")
        self.assertNotIn("--- heading", headings)
        arguments = (self.root / "agent-arguments").read_text().split()
        self.assertEqual(arguments, ["annotate", "--style", "error", "--context", "offload-unit"])
        self.assertIn("ValueError&#58; bad 1", (self.root / "agent-page").read_text())
        # One that fails is a warning, and nothing else.
        again = self.offload("run", "tests/test_shop.py::test_good",
                             env={**env, "AGENT_STATUS": "3"}).expect_exit(0)
        again.expect_said("warning: buildkite-agent: the annotation", "exit status 3")


class CiTroubles(Scenario):
    GITHUB = {"GITHUB_ACTIONS": "true"}

    def test_a_summary_that_cannot_be_written_changes_nothing(self):
        self.fake_project({"a": "pass"})
        for env, said in (
            ({"GITHUB_STEP_SUMMARY": str(self.root / "gone/summary.md")}, "No such file"),
            ({"GITHUB_STEP_SUMMARY": "/dev/full"}, "No space left"),
            ({}, "--ci-system off"),
        ):
            run = self.offload("run", env={**self.GITHUB, **env}).expect_exit(0)
            run.expect_said(said, "PASSED")
            self.assertEqual(run.err.count("warning:"), 1, run.describe())

    def test_the_system_is_as_the_flag_says_then_the_config(self):
        self.fake_project({"a": "fail"}, report='ci = "off"')
        page = self.root / "summary.md"
        env = {**self.GITHUB, "GITHUB_STEP_SUMMARY": str(page)}
        self.assertEqual(commands_in(self.offload("run", env=env).expect_exit(1).err), [])
        self.assertFalse(page.exists())
        run = self.offload("run", "--ci-system", "auto", env=env).expect_exit(1)
        self.assertEqual([c[0] for c in commands_in(run.err)], ["error"], run.describe())
        self.assertTrue(page.is_file())
        run = self.offload("run", "--ci-system", "gitlab", env=env).expect_exit(1)
        self.assertEqual(commands_in(run.err), [])
        self.offload("run", "--ci-system", "gitbub").expect_exit(1).expect_said("--ci-system")

    def test_merge_tells_what_no_shard_could(self):
        self.fake_project({"a": "fail", "b": "pass", "c": "pass", "d": "pass"})
        page = self.root / "summary.md"
        env = {**self.GITHUB, "GITHUB_STEP_SUMMARY": str(page)}
        shard = self.offload("run", "--shard", "1/2", env=env)
        self.assertIn(shard.status, (0, 1), shard.describe())
        self.assertIn("shard 1 of 2", page.read_text())
        shutil.copytree(self.output_dir, self.project / "shards/1")
        page.unlink()
        merged = self.offload("merge", "shards/1", env=env).expect_exit(1)
        told = commands_in(merged.err)
        self.assertTrue(told and all(c[0] == "error" for c in told), merged.describe())
        self.assertTrue(all("not run" in c[1].get("title", "") + c[2] or "shard" in c[2]
                            for c in told), told)
        self.assertIn("### Not run", page.read_text())
