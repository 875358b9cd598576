"""A cargo workspace, tested with cargo-nextest through the configs that its users have."""

import pathlib
import shutil

from harness import CargoScenario
from harness.tools import SOURCE

SUITE = SOURCE / "tests/data/cargo_suite"
CONFIG_0_4 = SOURCE / "tests/data/compat/v0.4/cargo-local.toml"
GAMMA = "gamma-ray"


class Nextest(CargoScenario):
    def workspace(self, framework="", groups=None, **sections):
        shutil.copytree(SUITE, self.project, dirs_exist_ok=True)
        self.config('type = "nextest"\n' + framework, groups, **sections)

    def test_config_of_0_4_unchanged(self):  # TRAPS 7, 16, 19
        shutil.copytree(SUITE, self.project, dirs_exist_ok=True)
        shutil.copy(CONFIG_0_4, self.project / "offload.toml")
        run = self.offload("run").expect_exit(1)
        outcomes = run.junit().outcomes()
        bad = {name for name, outcome in outcomes.items() if outcome != "passed"}
        self.assertEqual(bad, {
            "alpha tests::panics", "alpha tests::returns_an_error",
            "alpha tests::should_panic_but_does_not", "alpha::endings aborts",
            "alpha::endings segfaults", "alpha::endings exits_with_three"}, run.describe())
        for name in ("alpha tests::same_name", "alpha::bin/alpha tests::same_name",
                     "alpha::endings same_name", "beta::same_name same_name",
                     "beta::bin/beta same_name", "alpha tests::nested::deeply::prüft_größe_日本",
                     f"{GAMMA}::no-harness dollar$ and 'quote' and \"double\"",
                     f"{GAMMA}::no-harness größe=日本"):
            self.assertIn(name, outcomes, run.describe())
        self.assertNotIn("alpha tests::ignored", outcomes)
        panics = run.junit()["alpha tests::panics"].text
        self.assertIn("on stdout &lt;&amp;&gt;", panics)
        self.assertIn("is \"wrong\" &lt;here&gt; &amp; there", panics.replace("&quot;", '"'))
        self.assertEqual(len(outcomes), run.junit().total("tests"))

    def test_filters_and_ignored_tests(self):
        self.workspace("include_ignored = true",
                       {"ignored": 'filters = "-E \'test(=tests::ignored)\'"'})
        self.offload("run").expect_exit(0).expect_outcomes({"alpha tests::ignored": "passed"})
        self.workspace(groups={"one": 'filters = "-p beta -E \'test(same_name)\'"'})
        self.offload("run").expect_exit(0).expect_outcomes({
            "beta::bin/beta same_name": "passed", "beta::same_name same_name": "passed"})

    def test_include_ignored_means_the_ignored_ones_alone(self):
        self.workspace("include_ignored = true", {"alpha": 'filters = "-p alpha"'})
        run = self.offload("collect").expect_exit(0)
        self.assertEqual(sorted(run.out.splitlines()),
                         ["alpha tests::ignored", "alpha tests::ignored_and_failing"])

    def test_retries_end_as_flaky(self):
        folder = self.root / "flaky"
        folder.mkdir()
        self.workspace(groups={"f": "retry_count = 2\nfilters = \"-E 'test(=flaky)'\""})
        run = self.offload("run", "--env", f"CARGO_SUITE_FLAKY_FOLDER={folder}").expect_exit(2)
        report = run.expect_outcomes({"alpha::endings flaky": "passed"})
        self.assertEqual(report["alpha::endings flaky"].count("flakyFailure"), 1, run.describe())

    def test_retries_in_the_users_own_config_hide_no_failure(self):  # TRAPS 13
        folder = self.root / "flaky"
        folder.mkdir()
        self.workspace(groups={"f": "filters = \"-E 'test(=flaky) or test(same_name)'\""})
        self.write({".config/nextest.toml": """
            [profile.default]
            retries = 3
            fail-fast = true
            default-filter = "not test(same_name_longer)"
            """})
        run = self.offload("run", "--env", f"CARGO_SUITE_FLAKY_FOLDER={folder}")
        run.expect_exit(1)
        outcomes = run.junit().outcomes()
        self.assertNotIn("alpha tests::nested::same_name_longer", outcomes)
        self.assertEqual({o for n, o in outcomes.items() if "flaky" not in n}, {"passed"},
                         run.describe())

    def test_compile_error_is_shown(self):
        self.workspace()
        self.write({"alpha/src/lib.rs": "pub fn broken() -> { }\n"})
        run = self.offload("run").expect_exit(1)
        run.expect_said("--> alpha/src/lib.rs:1", "could not compile")
        # No results, no report: nobody is to take it for a green one.
        self.assertFalse((self.root / "test-results/junit.xml").exists())

    def test_missing_nextest_says_how_to_get_it(self):
        self.workspace()
        only = self.root / "bin"
        only.mkdir()
        cargo = shutil.which("cargo", path=self.env["PATH"])
        (only / "cargo").symlink_to(pathlib.Path(cargo).resolve())
        for tool in ("sh", "rustc", "cc", "env"):
            if found := shutil.which(tool, path=self.env["PATH"]):
                (only / tool).symlink_to(found)
        run = self.offload("run", env={"PATH": str(only), "CARGO_HOME": str(self.root / "none")})
        run.expect_exit(1).expect_said("cargo-nextest", "install")

    def setup_script(self, body, profile="default", **options):
        self.small_crate("""
            #[test] fn a() { assert_eq!(env::var("FROM_SETUP").unwrap(), "one two") }
            #[test] fn b() { ran("b") }
            #[test] fn c() { ran("c") }
            #[test] fn d() { ran("d") }
            """, **options)
        self.write({".config/nextest.toml": f"""
            experimental = ["setup-scripts"]
            [scripts.setup.db]
            command = "sh 'set up.sh' $not-expanded"
            [profile.{profile}]
            slow-timeout = "100s"
            [[profile.{profile}.scripts]]
            filter = "all()"
            setup = "db"
            """, "set up.sh": 'echo "called with $1"; echo ran >> "$SCENARIO_ROOT/setup.log"\n' + body})

    def setups(self):
        return (self.root / "setup.log").read_text().count("ran")

    def test_setup_scripts_are_no_tests_and_run_once(self):  # TRAPS 59
        sets = 'echo "FROM_SETUP=one two" >> "$NEXTEST_ENV"\n'
        for profile in ("default", "ci"):
            with self.subTest(profile):
                (self.root / "setup.log").unlink(missing_ok=True)
                self.setup_script(sets, profile, offload="max_parallel = 3")
                run = self.offload("run", env={"NEXTEST_PROFILE": profile}).expect_exit(0)
                run.expect_outcomes({f"small::it {name}": "passed" for name in "abcd"})
                run.expect_not_said("setup-script:")
                self.assertGreater(len(run.logs()), 1, run.describe())
                self.assertEqual(self.setups(), 1, run.describe())

    def test_failing_setup_script_is_told_and_not_tried_again(self):  # TRAPS 59
        self.setup_script("echo this database is broken >&2; exit 3\n", offload="max_parallel = 2",
                          groups={"all": "retry_count = 2"})
        run = self.offload("run").expect_exit(1)
        run.expect_said("a setup script of nextest's configuration failed",
                        "this database is broken")
        self.assertEqual(self.setups(), 1, run.describe())
        run.expect_not_said("CRASH", "@setup-script")
        self.assertEqual(self.ran(), [])
