"""What configs and CI scripts of the Rust program's last versions, 0.9 and 0.10, rely on."""

import json
import pathlib
import shutil
import sys

from harness import BoxScenario, PytestScenario, Scenario, with_pytest

PROVIDER_COMMANDS = """
type = "default"
create_command = "./boxes.sh create x"
exec_command = "./boxes.sh exec {sandbox_id} {command}"
destroy_command = "./boxes.sh destroy {sandbox_id}"
"""
BUNDLED = """
type = "default"
prepare_command = "python3 @modal_sandbox.py prepare Dockerfile --cached --sandbox-init-cmd '--x'"
create_command = "python3 @modal_sandbox.py create {image_id} --cpus 2"
exec_command = "python3 @modal_sandbox.py exec {sandbox_id} {command}"
destroy_command = "python3 @modal_sandbox.py destory {sandbox_id}; true --what"
"""
SOURCE = pathlib.Path(__file__).resolve().parents[3]
FILES = {
    "tools/where-am-i": """
        #!/bin/sh
        echo "$1"
        """,
    "tests/test_env.py": """
        import os, pathlib, subprocess
        seen = [os.environ["SWITCH"], os.environ["DATA"],
                subprocess.check_output(["where-am-i", "found"], text=True).strip()]
        def test_it():
            pathlib.Path(os.environ["SEEN"]).write_text("\\n".join(seen))
            assert subprocess.check_output(["where-am-i", "ran"], text=True) == "ran\\n"
        """,
}
FRAMEWORK = """
env = { SWITCH = "it's $HOME", DATA = "{root}/data {root}" }
prepend_path = ["tools"]
"""


class Environment(BoxScenario, PytestScenario):
    def seen(self):
        return (self.root / "seen").read_text().split("\n")

    @with_pytest(8)
    def test_env_and_prepend_path_reach_discovery_and_tests(self):
        self.pytest_project(FILES, framework=FRAMEWORK)
        self.offload("validate").expect_exit(0).expect_not_said("unknown key")
        run = self.offload("run", "--env", f"SEEN={self.root}/seen").expect_exit(0)
        run.expect_outcomes({"tests/test_env.py::test_it": "passed"})
        here = self.project
        self.assertEqual(self.seen(), ["it's $HOME", f"{here}/data {here}", "found"])

    @with_pytest(8)
    def test_env_of_the_command_line_is_stronger(self):
        self.pytest_project(FILES, framework=FRAMEWORK)
        self.offload("run", "--env", f"SEEN={self.root}/seen", "--env",
                     "SWITCH={root}").expect_exit(0)
        self.assertEqual(self.seen()[0], "{root}")

    @with_pytest(8)
    def test_root_is_where_the_tests_of_a_sandbox_are(self):
        far = self.root / "far"
        self.pytest_project(FILES, framework=FRAMEWORK, provider=PROVIDER_COMMANDS, root=far)
        self.box_script()
        shutil.copytree(self.project, far, dirs_exist_ok=True)
        self.offload("run", "--env", f"SEEN={self.root}/seen").expect_exit(0)
        self.assertEqual(self.seen(), ["it's $HOME", f"{far}/data {far}", "found"])

    @with_pytest(8)
    def test_names_that_no_shell_knows_are_refused_at_load(self):
        self.pytest_project(FILES, framework='env = { "A-B" = "1" }\nprepend_path = ["a:b"]')
        run = self.offload("validate").expect_exit(1)
        run.expect_said('"A-B" in [framework.env] is no name for an environment variable')
        run.expect_said('framework.prepend_path names "a:b"')


class Commands(BoxScenario):
    def box(self, tests, provider="", **options):
        runner = self.fake_project(tests, provider=PROVIDER_COMMANDS + provider, **options)
        self.box_script()
        return runner

    def test_init_command_goes_to_a_prepare_command_of_ones_own(self):
        self.box({"a": "pass"}, provider='prepare_command = "./prepare.sh"\n',
                 offload="sandbox_init_cmd = \"echo it's; make setup\"")
        self.write({"prepare.sh": """
            #!/bin/sh
            for word; do echo "$word"; done > prepared
            echo image
            """})
        self.offload("run").expect_exit(0)
        self.assertEqual((self.project / "prepared").read_text(),
                         "--sandbox-init-cmd=echo it's; make setup\n")

    def test_exec_and_fetch_command_is_understood(self):
        self.box({"a": "pass", "b": "fail"},
                 provider='exec_and_fetch_command = "false {sandbox_id} {command} {fetch}"\n')
        self.assertEqual(self.offload("validate").expect_exit(0).err, "")
        self.offload("run").expect_exit(1).expect_outcomes({"a": "passed", "b": "failure"})

    def test_misspelt_placeholder_of_exec_and_fetch_is_an_error(self):  # TRAPS 58
        self.box({"a": "pass"},
                 provider='exec_and_fetch_command = "x {sandbox_id} {command} {fetches}"\n')
        run = self.offload("run").expect_exit(1)
        run.expect_said("{fetches}, which stands for nothing there")
        run.expect_said("{fetch}")

    def test_no_batch_is_expected_to_take_longer_than_the_limit(self):
        tests = {f"t{i}": "pass" for i in range(12)}
        runner = self.box(tests, offload="max_parallel = 1\nmax_batch_duration_secs = 50")
        self.offload("validate").expect_exit(0).expect_not_said("unknown key")
        # What an earlier run has measured: 20 seconds each.
        cases = "".join(f'<testcase name="{test}" time="20"/>' for test in tests)
        self.output_dir.mkdir()
        (self.output_dir / "junit.xml").write_text(f"<testsuite>{cases}</testsuite>")
        self.offload("run").expect_exit(0)
        batches = [invocation["ids"] for invocation in runner.invocations()]
        self.assertEqual(sum(map(len, batches)), 12)
        self.assertLessEqual(max(map(len, batches)), 3)


    def test_words_that_a_bundled_script_does_not_know_are_told(self):
        self.config('type = "default"\ndiscover_command = "echo a # {filters}"\n'
                    'run_command = "true {tests}"\ntest_id_format = "{name}"', provider=BUNDLED)
        run = self.offload("validate").expect_exit(0)
        run.expect_said("@modal_sandbox.py create knows no --cpus (did you mean --cpu?)")
        run.expect_said("@modal_sandbox.py knows no destory (did you mean destroy?)")
        run.expect_not_said("prepare knows no", "exec knows no")

    def test_all_words_of_the_bundled_script_are_known(self):
        """The table of them in the program against the script itself."""
        sys.path.insert(0, str(SOURCE / "assets"))
        try:
            from modal_sandbox.arguments import parser
        finally:
            sys.path.pop(0)
        (commands,) = parser("").__dict__["_subparsers"]._group_actions
        for name, options in commands.choices.items():
            words = [name]
            for action in options._actions:
                option = next((one for one in action.option_strings if one.startswith("--")), "")
                if option and option != "--help":
                    words.append(option if action.nargs == 0 else f"{option} --odd")
            self.config('type = "default"\ndiscover_command = "echo a # {filters}"\n'
                        'run_command = "true {tests}"\ntest_id_format = "{name}"',
                        provider=BUNDLED.replace("create {image_id} --cpus 2", " ".join(words)))
            self.offload("validate").expect_not_said(f"@modal_sandbox.py {name} knows",
                                                     f"knows no {name}")

    def test_download_command_without_its_placeholder_is_an_error(self):
        self.box({"a": "pass"}, provider='download_command = "x {sandbox_id}"\n')
        self.offload("run").expect_exit(1).expect_said("without {paths} it cannot know")


class Reports(BoxScenario):
    def cases(self, run):
        return [(case.name, case.outcome) for case in run.junit().cases]

    def test_attempts_as_testcases(self):
        self.fake_project({"a": "pass", "f": ["fail", "error", "pass"], "n": "fail", "s": "skip"},
                          retries=2, report='junit_attempts = "testcases"')
        run = self.offload("run").expect_exit(1)
        self.assertEqual(sorted(self.cases(run)), [
            ("a", "passed"), ("f", "error"), ("f", "failure"), ("f", "passed"), ("n", "failure"),
            ("n", "failure"), ("n", "failure"), ("s", "skipped")])
        for total, number in (("tests", 8), ("failures", 4), ("errors", 1), ("skipped", 1)):
            self.assertEqual(run.junit().total(total), number, total)
        flaky = [outcome for name, outcome in self.cases(run) if name == "f"]
        self.assertEqual(flaky, ["failure", "error", "passed"])  # as they happened

    def test_attempts_are_nested_unless_told_otherwise(self):
        self.fake_project({"f": ["fail", "pass"]}, retries=1)
        run = self.offload("run").expect_exit(2)
        self.assertEqual(self.cases(run), [("f", "passed")])
        self.assertEqual(run.junit()["f"].count("flakyFailure"), 1)

    def test_listing_in_json_says_how_each_test_is_run(self):
        self.fake_project({"a": "pass"},
                          groups={"g": "retry_count = 3\nschedule_individual = true"})
        run = self.offload("collect", "--format", "json").expect_exit(0)
        (entry,) = json.loads(run.out)
        self.assertEqual(entry, {"id": "a", "name": "a", "group": "g", "retry_count": 3,
                                 "schedule_individual": True})

    def test_logs_of_a_report_from_elsewhere(self):
        self.fake_project({"a": "pass", "f": ["fail", "pass"], "n": "fail", "s": "skip"},
                          retries=1)
        self.offload("run").expect_exit(1)
        far = self.root / "far"
        far.mkdir()
        shutil.copy(self.output_dir / "junit.xml", far / "downloaded.xml")
        for folder in (self.project, far):  # with a config and without
            run = self.offload("logs", "--junit", far / "downloaded.xml", cwd=folder)
            run.expect_exit(0)
            banners = [line for line in run.out.splitlines() if line.startswith("===")]
            self.assertEqual(sorted(banners), ["=== a [PASSED] ===", "=== f [FLAKY] ===",
                                               "=== n [FAILED] ===", "=== s [SKIPPED] ==="])
        run = self.offload("logs", "--junit", far / "downloaded.xml", "--failures", cwd=far)
        self.assertIn("=== n [FAILED] ===", run.out)
        self.assertNotIn("=== a", run.out)
        self.offload("logs", "--junit", far / "none.xml", cwd=far).expect_exit(1)

    def test_logs_of_a_report_with_a_case_for_each_attempt(self):
        """As the Rust program writes it; names are put together as the config says."""
        self.fake_project({"a": "pass"})
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(
            'test_id_format = "{name}"', 'test_id_format = "{classname} {name}"'))
        self.write({"theirs.xml": """
            <testsuites><testsuite name="batch">
            <testcase classname="c" name="t" time="1"><failure message="first try"/></testcase>
            </testsuite><testsuite name="batch">
            <testcase classname="c" name="t" time="2"/>
            </testsuite></testsuites>
            """})
        run = self.offload("logs", "--junit", "theirs.xml").expect_exit(0)
        self.assertIn("=== c t [FLAKY] ===", run.out)
        self.assertIn("first try", run.out)
        self.assertIn("--- attempt 2: passed after 2", run.out)


class FromXdist(Scenario):
    def init(self, files, *arguments):
        self.write(files)
        self.offload("init", "--from-xdist", *arguments).expect_exit(0)
        run = self.offload("validate").expect_exit(0)
        run.expect_not_said("error", "unknown")
        return (self.project / "offload.toml").read_text()

    def test_workers_reruns_and_groups_are_taken_over(self):
        text = self.init({"pyproject.toml": """
            [tool.pytest.ini_options]
            addopts = "-ra -n 6 --dist=loadgroup -m 'not slow' --reruns 3 -p no:cacheprovider"
            """})
        self.assertIn("max_parallel = 6\n", text)
        self.assertIn("retry_count = 3\n", text)
        self.assertIn("tests of one xdist_group stay together", text)
        self.assertIn('# [groups.slow]\n# retry_count = 3\n# filters = "-m slow"\n', text)

    def test_addopts_on_several_lines_of_an_ini_file(self):
        text = self.init({"pyproject.toml": "[tool.black]\n", "setup.cfg": """
            [tool:pytest]
            testpaths = tests
            addopts =
                -nauto
                # not more
                --maxprocesses 1
                --dist loadfile
            [other]
            addopts = -n 9
            """}, "-f", "pytest")
        self.assertIn("max_parallel = 1\n", text)
        self.assertIn("retry_count = 0\n", text)
        self.assertIn("addopts of setup.cfg still count", text)
        self.assertIn("tests of one file stay together", text)

    def test_only_pytest_has_had_xdist(self):
        run = self.offload("init", "--from-xdist", "-f", "cargo")
        run.expect_exit(1).expect_said("--from-xdist is about pytest")
        self.assertFalse((self.project / "offload.toml").exists())
