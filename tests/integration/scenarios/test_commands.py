"""Commands other than run."""

import subprocess

from harness import Scenario


class Commands(Scenario):
    def test_version_and_help(self):
        self.assertRegex(self.offload("--version").expect_exit(0).out, r"\d+\.\d+")
        help_text = self.offload("--help").expect_exit(0).out
        for command in ("run", "collect", "validate", "init", "logs"):
            self.assertIn(command, help_text)
        self.assertIn("--parallel", self.offload("run", "--help").expect_exit(0).out)

    def test_config_option_works_on_both_sides_of_the_command(self):  # TRAPS 49
        self.fake_project({"a": "pass"})
        (self.project / "offload.toml").rename(self.project / "x.toml")
        self.offload("run", "-c", "x.toml").expect_exit(0)
        self.offload("-c", "x.toml", "run").expect_exit(0)
        self.offload("collect", "--config", "x.toml").expect_exit(0)

    def test_config_is_found_from_a_folder_below_it(self):
        self.fake_project({"tests/a.py::x": "pass", "tests/b.py::y": "pass", "c": "pass"})
        self.write({"tests/a.py": "", "tests/b.py": "", "tests/deep/names": "c\n"})
        below = self.project / "tests"
        run = self.offload("run", "a.py::x", "--events", "events.ndjson", cwd=below).expect_exit(0)
        run.expect_outcomes({"tests/a.py::x": "passed"})
        run.expect_said(f"using {self.project}/offload.toml")
        self.assertTrue((below / "events.ndjson").exists())
        for what, ids in {
            ("b.*",): ["tests/b.py::y"],
            (".",): ["tests/a.py::x", "tests/b.py::y"],
            ("tests/a.py",): ["tests/a.py::x"],
            ("--list-from", "deep/names"): ["c"],
        }.items():
            listed = self.offload("collect", "-q", *what, cwd=below).expect_exit(0)
            self.assertEqual(listed.out.split(), ids, listed.describe())
            self.assertEqual(listed.err, "")
        # A config that is named changes no folder.
        self.offload("collect", "-c", "../offload.toml", "a.py", cwd=below).expect_exit(1)

    def test_init_writes_a_config_that_validates(self):
        for provider in ("local", "default", "modal"):
            for framework in ("pytest", "cargo", "default"):
                name = f"{provider}-{framework}"
                (self.project / name).mkdir()
                folder = self.project / name
                self.offload("init", "-p", provider, "-f", framework, cwd=folder).expect_exit(0)
                self.offload("validate", cwd=folder).expect_exit(0)

    def test_init_keeps_its_reports_out_of_git_once(self):
        self.write({"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["t"]\n', "t/x": ""})
        ignore = self.project / ".gitignore"
        first = self.offload("init").expect_exit(0)
        first.expect_said("tests of pytest", "pyproject.toml count here as well, testpaths")
        self.assertFalse(ignore.exists(), "it is no repository")
        subprocess.run(["git", "init", "--quiet"], cwd=self.project, env=self.env, check=True)
        ignore.write_text("build")
        self.offload("init", "--force").expect_exit(0).expect_said("Added /test-results/")
        self.assertEqual(ignore.read_text(), "build\n/test-results/\n")
        self.offload("init", "--force").expect_exit(0)
        self.assertEqual(ignore.read_text(), "build\n/test-results/\n")

    def test_init_never_overwrites(self):
        self.write({"offload.toml": "mine\n"})
        self.assertNotEqual(self.offload("init").status, 0)
        self.assertEqual((self.project / "offload.toml").read_text(), "mine\n")
        self.offload("init", "--force").expect_exit(0)
        self.assertNotEqual((self.project / "offload.toml").read_text(), "mine\n")

    def test_validate_prints_a_summary(self):
        self.fake_project({"a": "pass"}, retries=2)
        run = self.offload("validate").expect_exit(0)
        for text in ("local", "default", "all"):
            self.assertIn(text, run.out, run.describe())

    def test_validate_shows_values_only_when_asked(self):
        self.fake_project({"a": "pass"}, offload='working_dir = "${HERE_OF_MINE}"')
        env = {"HERE_OF_MINE": str(self.project)}
        run = self.offload("validate", env=env).expect_exit(0)
        self.assertIn('"${HERE_OF_MINE}"', run.out, run.describe())
        values = self.offload("validate", "--show-values", env=env).expect_exit(0)
        self.assertIn(f'"{self.project}"', values.out, values.describe())
        self.assertNotIn("${HERE_OF_MINE}", values.out)

    def test_unknown_keys_are_warnings(self):  # TRAPS 46
        self.fake_project({"a": "pass"}, offload="retry_count = 3\nmax_paralell = 2")
        run = self.offload("run").expect_exit(0)
        run.expect_said("retry_count", "max_paralell", "max_parallel", "offload.toml:")

    def test_logs_show_the_last_run(self):
        self.fake_project({"good": "pass", "bad": "fail"})
        self.offload("run").expect_exit(1)
        run = self.offload("logs").expect_exit(0)
        self.assertIn("=== good [PASSED] ===", run.out, run.describe())
        self.assertIn("=== bad [FAILED] ===", run.out, run.describe())
        failures = self.offload("logs", "--failures").expect_exit(0)
        self.assertNotIn("good", failures.out)
        self.assertIn("bad", failures.out)
        one = self.offload("logs", "--test", "good").expect_exit(0)
        self.assertNotIn("bad", one.out)
        pattern = self.offload("logs", "--test-regex", "^b").expect_exit(0)
        self.assertIn("=== bad [FAILED] ===", pattern.out)
        self.assertNotIn("good", pattern.out)

    def test_logs_without_a_run_say_so(self):
        self.fake_project({"a": "pass"})
        run = self.offload("logs")
        self.assertEqual(run.status, 1, run.describe())
