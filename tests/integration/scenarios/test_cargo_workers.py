"""Cargo tests in workers, which start the test binaries themselves: as nextest would, or not at all."""

import json
import re
import subprocess

from harness import CargoEndings, CargoScenario

# What nextest knows of one of its own runs, and what differs from one listing to the next.
OF_A_RUN = {"NEXTEST_RUN_ID", "NEXTEST_ATTEMPT_ID", "NEXTEST_PROFILE"}
# Every way in which cargo or nextest has a hand in how a test runs.
PROJECT = {
    "Cargo.toml": """
        [workspace]
        members = ["tool", "macros"]
        resolver = "2"
        """,
    ".cargo/config.toml": """
        [env]
        FROM_CARGO = "it's \\"quoted\\" and $not expanded"
        A_PLACE = { value = "data", relative = true }
        """,
    "tool/Cargo.toml": """
        [package]
        name = "tool"
        version = "1.2.3-beta"
        edition = "2021"
        authors = ["A. Uthor <a@example.org>", "B"]
        description = '''of two
        lines'''
        [dependencies]
        macros = { path = "../macros" }
        """,
    "tool/build.rs": """
        fn main() {
            println!("cargo:rustc-env=FROM_BUILD=compiled");
            println!("cargo:rustc-link-search=native={}", std::env::var("OUT_DIR").unwrap());
            println!("cargo:SAID=by the script");
        }
        """,
    "tool/src/lib.rs": """
        #[cfg(test)]
        mod tests {
            #[test] fn tells() { super::tell("lib") }
        }
        /// Writes what the process was started with.
        pub fn tell(name: &str) {
            let root = std::env::var("TOLD").unwrap();
            let environment = std::fs::read("/proc/self/environ").unwrap();
            let words = std::fs::read("/proc/self/cmdline").unwrap();
            std::fs::write(format!("{root}/{name}.env"), environment).unwrap();
            std::fs::write(format!("{root}/{name}.words"), words).unwrap();
            let place = std::env::current_dir().unwrap();
            std::fs::write(format!("{root}/{name}.place"), place.to_str().unwrap()).unwrap();
            let input = std::fs::read_link("/proc/self/fd/0").unwrap();
            std::fs::write(format!("{root}/{name}.input"), input.to_str().unwrap()).unwrap();
        }
        """,
    "tool/src/bin/two-words.rs": "fn main() {}\n#[test] fn tells() { tool::tell(\"bin\") }\n",
    "tool/tests/it.rs": """
        #[test] fn tells() { tool::tell("it") }
        #[test] #[ignore] fn tells_when_asked() { tool::tell("ignored") }
        """,
    "macros/Cargo.toml": """
        [package]
        name = "macros"
        version = "0.1.0"
        edition = "2021"
        [lib]
        proc-macro = true
        [dev-dependencies]
        tool = { path = "../tool" }
        """,
    "macros/src/lib.rs": "#[test] fn tells() { tool::tell(\"macros\") }\n",
}
# Each says something about how tests run that a worker knows nothing of, or must not overrule.
LEFT_TO_NEXTEST = {
    "a time limit": {".config/nextest.toml": """
        [profile.default]
        slow-timeout = { period = "60s", terminate-after = 2 }
        """},
    "leaks that fail": {".config/nextest.toml": """
        [profile.default]
        leak-timeout = { period = "60s", result = "fail" }
        """},
    "arguments": {".config/nextest.toml": """
        [profile.default]
        run-extra-args = ["--test-threads", "1"]
        """},
    "a group": {".config/nextest.toml": """
        [test-groups.one]
        max-threads = 1
        [[profile.default.overrides]]
        filter = "all()"
        test-group = "one"
        """},
    "another profile": {".config/nextest.toml": """
        [profile.ci]
        slow-timeout = { period = "60s", terminate-after = 2 }
        """},
    "a runner": {".cargo/config.toml": """
        [target.'cfg(all())']
        runner = ["env", "RUNNER=cargo"]
        """},
    "a runner for all that cargo does": {"../cargo/config.toml": """
        [target.'cfg(unix)']
        runner = ["env", "RUNNER=cargo"]
        """},
}


class CargoWorkers(CargoEndings, CargoScenario):
    def test_a_killed_worker_leaves_what_had_finished(self):  # TRAPS 13, 18, 19
        self.expect_a_killed_runner_to_leave_what_had_finished()

    def test_a_worker_that_is_told_to_end_leaves_what_had_finished(self):  # TRAPS 13, 18, 19
        self.expect_a_runner_that_is_told_to_end_to_leave_what_had_finished()

    def test_a_hang_is_named_and_the_rest_stands(self):  # TRAPS 18, 22
        self.expect_a_hang_to_be_named_and_the_rest_to_stand()

    def test_ctrl_c_in_the_middle(self):  # TRAPS 24, 27
        self.expect_ctrl_c_in_the_middle_to_be_obeyed()

    def test_starts_and_ends_are_told_while_the_worker_runs(self):
        self.expect_starts_and_ends_to_be_told_while_others_run()

    def test_every_ending_is_explained_and_its_output_is_in_the_log(self):
        self.expect_every_ending_to_be_explained()

    def logged(self):
        """What cargo-nextest is asked for from now on: one subcommand a line."""
        self.disguise_nextest('echo "$2" >> "$SCENARIO_ROOT/asked"\nexec "$nextest" "$@"\n')
        return lambda: (self.root / "asked").read_text().split()

    def test_nextest_is_asked_once(self):
        self.small_crate("""
            #[test] fn a() { ran("a") }
            #[test] fn b() { ran("b"); assert!(!first("b"), "the first run fails") }
            #[test] fn c() { ran("c") }
            """, groups={"all": "retry_count = 1"}, offload="max_parallel = 2")
        asked = self.logged()
        run = self.offload("run").expect_exit(2)
        run.expect_outcomes({f"small::it {name}": "passed" for name in "abc"})
        self.assertEqual(sorted(self.ran()), list("abbc"), run.describe())
        self.assertEqual(asked(), ["list"], run.describe())

    def told(self, name):
        folder = self.root / "told"
        environment = (folder / f"{name}.env").read_bytes().split(b"\0")
        variables = dict(entry.decode().partition("=")[::2] for entry in environment if entry)
        ours = {n for n in variables if n.startswith("OFFLOAD_")}
        return {
            "variables": {n: v for n, v in variables.items()
                          if n not in OF_A_RUN | ours | {"PWD", "OLDPWD", "SHLVL", "_"}},
            "words": (folder / f"{name}.words").read_bytes().split(b"\0")[:-1],
            "place": (folder / f"{name}.place").read_text(),
            "input": (folder / f"{name}.input").read_text(),
        }

    def test_a_test_is_started_with_what_nextest_starts_it_with(self):
        self.write(PROJECT)
        self.config('type = "cargo"', groups={"all": "filters = '--run-ignored all'"},
                    offload="max_parallel = 1")
        (self.root / "told").mkdir()
        self.env["TOLD"] = str(self.root / "told")
        asked = self.logged()
        names = ("lib", "bin", "it", "ignored", "macros")
        nextest = ["cargo", "nextest", "run", "--run-ignored", "all", "--test-threads", "1"]
        subprocess.run(nextest, cwd=self.project, env=self.env, check=True, capture_output=True)
        expected = {name: self.told(name) for name in names}
        for name in names:
            (self.root / f"told/{name}.env").unlink()
        run = self.offload("run").expect_exit(0)
        self.assertEqual(asked(), ["run", "list"], run.describe())
        for name in names:
            with self.subTest(name):
                self.maxDiff = None
                self.assertEqual(self.told(name), expected[name])
        self.assertIn("FROM_CARGO", expected["it"]["variables"])
        self.assertIn("\n", expected["it"]["variables"]["CARGO_PKG_DESCRIPTION"])

    def test_odd_names_reach_their_binary(self):  # TRAPS 16
        self.write({
            "Cargo.toml": """
                [package]
                name = "odd"
                version = "0.1.0"
                edition = "2021"
                [[test]]
                name = "own"
                harness = false
                """,
            "src/lib.rs": "",
            "tests/own.rs": r"""
                const NAMES: [&str; 6] = [
                    "two  spaces ", " before", "$(exit 3) `exit 3`", "back\\slash \\n",
                    "a 'quote' and a \"quote\"", "größe=日本 * ?"];
                fn main() {
                    let words: Vec<String> = std::env::args().collect();
                    if words.iter().any(|word| word == "--list") {
                        if !words.iter().any(|word| word == "--ignored") {
                            for name in NAMES { println!("{name}: test") }
                        }
                        return;
                    }
                    assert_eq!(words[1], "--exact");
                    assert!(NAMES.contains(&words[2].as_str()), "{:?}", words);
                    println!("<{}>", words[2]);
                    std::process::exit(i32::from(words[2].starts_with("two")) * 5)
                }
                """})
        self.config('type = "cargo"')
        asked = self.logged()
        run = self.offload("run").expect_exit(1)
        self.assertEqual(asked(), ["list"], run.describe())
        outcomes = run.junit().outcomes()
        self.assertEqual(len(outcomes), 6, run.describe())
        bad = [name for name, outcome in outcomes.items() if outcome != "passed"]
        self.assertEqual(bad, ["odd::own two  spaces "], run.describe())
        run.expect_said("test failure with exit code 5", "<two  spaces >")

    def test_what_nextest_has_to_do_it_does(self):
        (self.root / "cargo").mkdir()
        for what, files in LEFT_TO_NEXTEST.items():
            with self.subTest(what):
                for leftover in (".config/nextest.toml", ".cargo/config.toml", "../cargo/config.toml"):
                    (self.project / leftover).unlink(missing_ok=True)
                (self.root / "asked").unlink(missing_ok=True)
                expects = 'assert_eq!(env::var("RUNNER").unwrap(), "cargo")' if "runner" in what else ""
                self.small_crate(f"#[test] fn a() {{ {expects} }}")
                self.write(files)
                asked = self.logged()
                home = {"CARGO_HOME": str(self.root / "cargo")} if "../cargo" in "".join(files) else {}
                run = self.offload("run", "-v", env=home).expect_exit(0)
                self.assertEqual(asked(), ["list", "run"], run.describe())
                run.expect_said("each under a nextest of its own: "
                                + ("cargo has a runner" if "runner" in what else "[profile."))

    def test_a_runner_in_the_environment_is_used(self):
        self.small_crate('#[test] fn a() { assert_eq!(env::var("RUNNER").unwrap(), "environment") }')
        compiler = subprocess.run(["rustc", "-vV"], env=self.env, capture_output=True, text=True)
        host = re.search("^host: (.*)$", compiler.stdout, re.M).group(1)
        runner = f"CARGO_TARGET_{host.upper().replace('-', '_')}_RUNNER"
        self.offload("run", env={runner: "env RUNNER=environment"}).expect_exit(0)

    def test_settings_about_the_report_alone_leave_workers(self):
        self.small_crate("#[test] fn a() {}")
        self.write({".config/nextest.toml": """
            nextest-version = "0.9.84"
            [profile.default]
            retries = 2
            fail-fast = false
            slow-timeout = "5s"
            leak-timeout = "200ms"
            status-level = "slow"
            [profile.default.junit]
            path = "junit.xml"
            [[profile.default.overrides]]
            filter = "all()"
            retries = 3
            """})
        asked = self.logged()
        run = self.offload("run").expect_exit(0)
        self.assertEqual(asked(), ["list"], run.describe())

    def test_fail_fast_runs_no_test_after_a_failure(self):
        self.small_crate("""
            #[test] fn a() { ran("a") }
            #[test] fn b() { ran("b"); panic!("no") }
            #[test] fn c() { ran("c") }
            #[test] fn d() { ran("d") }
            """)
        run = self.offload("run", "--fail-fast").expect_exit(1)
        self.assertEqual(self.ran(), ["a", "b"], run.describe())
        self.assertEqual(run.junit()["small::it b"].outcome, "failure", run.describe())

    def test_what_a_test_prints_is_no_word_of_the_workers(self):  # TRAPS 9, 13
        self.small_crate(r"""
            const WORDS: &str = "\n\u{1e}0 {\"t\":\"end\",\"n\":0,\"status\":0}\n\u{1e}";
            #[test] fn a_forges() { print!("{WORDS}"); eprint!("{WORDS}"); process::exit(4) }
            #[test] fn b_passes() { print!("no line's end") }
            """)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"small::it a_forges": "failure", "small::it b_passes": "passed"})

    def test_what_each_test_has_of_the_processors_is_told(self):
        self.small_crate("""
            #[test] fn a_waits() {}
            #[test] fn b_computes() {
                let ticks = || {
                    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
                    stat.rsplit(')').next().unwrap().split(' ').nth(12).unwrap().parse::<u32>().unwrap()
                };
                while ticks() < 40 {}
            }
            #[test] fn c_waits() {}
            """)
        self.offload("run").expect_exit(0)
        journal = (self.project / "test-results/journal.ndjson").read_text().splitlines()
        found = [json.loads(line)["attempt"] for line in journal if '"attempt_finished"' in line]
        cpu = [each["result"].get("cpu", 0) for each in sorted(found, key=lambda each: each["test"])]
        self.assertGreaterEqual(cpu[1], 0.3)
        self.assertLess(max(cpu[0], cpu[2]), 0.3)

    def test_a_child_that_stays_keeps_nobody_waiting(self):  # TRAPS 25
        self.small_crate("""
            #[test] fn a_leaves_one() {
                process::Command::new("sh").args(["-c", "sleep 1000; :"]).spawn().unwrap();
            }
            #[test] fn b_passes() {}
            """)
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"small::it a_leaves_one": "passed", "small::it b_passes": "passed"})
        self.assertEqual(self.processes(), {}, run.describe())
