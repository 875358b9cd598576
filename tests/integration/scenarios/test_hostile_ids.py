"""IDs that shells, XML or the operating system would trip over."""

from harness import Scenario

HOSTILE = [
    "plain",
    "with space",
    "two  spaces",
    "quo'te",
    'double"quote',
    "both'\"",
    "$HOME",
    "$(touch pwned)",
    "`touch pwned`",
    "${IFS}",
    "a;b",
    "a&b && c",
    "a|b",
    "a>b<c",
    "*",
    "?[a-z]",
    "~",
    "back\\slash",
    "back\\\\slash\\",
    "tab\there",
    "!bang!",
    "(paren)",
    "{brace,s}",
    "{tests}",
    "{result_file}",
    "{name}",
    "-dash",
    "--long=option",
    "a::b[1, 2]",
    "umlaut-\u00e4\u00f6",
    "emoji-\U0001f600",
    "per%cent%s",
    "a=b",
    "x # not a comment",
    "trailing,comma,",
]


class HostileIds(Scenario):
    def test_every_id_survives(self):  # TRAPS 1, 29
        tests = dict.fromkeys(HOSTILE, "pass")
        runner = self.fake_project(tests)
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes(dict.fromkeys(HOSTILE, "passed"))
        self.assertEqual(runner.executed(), dict.fromkeys(HOSTILE, 1))
        self.assertFalse((self.project / "pwned").exists())

    def test_every_id_can_fail_and_be_retried(self):
        tests = {test: ["fail", "pass"] for test in HOSTILE}
        self.fake_project(tests, retries=1)
        run = self.offload("run").expect_exit(2)
        run.expect_outcomes(dict.fromkeys(HOSTILE, "passed"))

    def test_every_id_is_collected(self):
        self.fake_project(dict.fromkeys(HOSTILE, "pass"))
        run = self.offload("collect").expect_exit(0)
        self.assertEqual(sorted(run.out.splitlines()), sorted(HOSTILE), run.describe())

    def test_two_megabytes_of_ids(self):  # TRAPS 28
        tests = {f"tests/{'long/' * 18}test_{i:05}": "pass" for i in range(20000)}
        self.assertGreater(sum(map(len, tests)), 2_000_000)
        runner = self.fake_project(tests)
        run = self.offload("run", "--parallel", "2", timeout=240).expect_exit(0)
        self.assertEqual(len(run.junit().cases), 20000)
        self.assertEqual(len(runner.executed()), 20000)
        self.assertEqual(set(runner.executed().values()), {1})

    def test_two_megabytes_of_quotes(self):  # TRAPS 28: quoting makes them four times as long
        tests = {"'" * 500 + f"{i:05}": "pass" for i in range(1000)}
        self.fake_project(tests)
        run = self.offload("run", "--parallel", "2", timeout=240).expect_exit(0)
        self.assertEqual(len(run.junit().cases), 1000)
