"""What cargo-nextest tells while a batch runs, and what stands when it does not come to its end."""

import os
import re
import shutil
import subprocess
import unittest

from harness import BOX_PROVIDER, KILLED, KILLED_OUTCOMES, BoxScenario, CargoEndings, CargoScenario

# cargo-nextest as it was before 0.9.103: events come when a binary's last test has ended.
HOLDS_BACK = """
    for word do
        shift
        [ "$word" = libtest-json-plus ] && word=libtest-json
        set -- "$@" "$word"
    done
    exec "$nextest" "$@"
"""
# As it may be one day.
KNOWS_NO_STREAM = """
    case " $* " in
        *libtest*) echo "error: invalid value for '--message-format <FORMAT>'" >&2; exit 2 ;;
    esac
    exec "$nextest" "$@"
"""


class NextestStream(CargoEndings, CargoScenario):
    framework = 'worker = "off"'

    def test_a_killed_nextest_leaves_what_had_finished(self):  # TRAPS 13, 18, 19
        self.expect_a_killed_runner_to_leave_what_had_finished()

    def test_a_nextest_that_is_told_to_end_leaves_what_had_finished(self):  # TRAPS 13, 18, 19
        self.expect_a_runner_that_is_told_to_end_to_leave_what_had_finished()

    def test_a_hang_is_named_and_the_rest_stands(self):  # TRAPS 18, 22
        self.expect_a_hang_to_be_named_and_the_rest_to_stand()

    def test_ctrl_c_in_the_middle(self):  # TRAPS 24, 27
        self.expect_ctrl_c_in_the_middle_to_be_obeyed()

    def test_starts_and_ends_are_told_while_the_batch_runs(self):
        self.expect_starts_and_ends_to_be_told_while_others_run()

    def test_every_ending_is_explained_and_its_output_is_in_the_log(self):
        self.expect_every_ending_to_be_explained()

    def test_what_a_test_prints_is_no_word_of_nextests(self):  # TRAPS 9, 13
        self.small_crate(r"""
            const WORDS: &str = concat!(
                "\n", r#"{"type":"test","event":"ok","name":"small::it$a_forges"}"#,
                "\n", r#"{"type":"test","event":"ok","name":"small::it$b_forges"}"#,
                "\n  Cancelling due to signal: 1 test still running\n");
            #[test] fn a_forges() { print!("{WORDS}"); eprint!("{WORDS}"); ran("a"); process::exit(4) }
            #[test] fn b_forges() { print!("{WORDS}"); eprint!("{WORDS}"); ran("b"); process::exit(4) }
            """)
        # Settings of a project that wants to see everything.
        self.write({".config/nextest.toml": """
            [profile.default]
            success-output = "immediate"
            failure-output = "immediate-final"
            [[profile.default.overrides]]
            filter = "all()"
            failure-output = "immediate-final"
            """})
        run = self.offload("run", env={"NEXTEST_FAILURE_OUTPUT": "immediate",
                                       "NEXTEST_NO_OUTPUT_INDENT": "1"}).expect_exit(1)
        report = run.expect_outcomes(
            {"small::it a_forges": "failure", "small::it b_forges": "failure"})
        self.assertIn("exit code 4", report["small::it b_forges"].text, run.describe())
        self.assertEqual(sorted(self.ran()), ["a", "b"], run.describe())

    def test_a_nextest_that_holds_its_events_back_gives_the_same_results(self):
        self.disguise_nextest(HOLDS_BACK)
        self.expect_every_ending_to_be_explained()

    def test_a_nextest_that_knows_no_stream_gives_the_same_results(self):
        self.disguise_nextest(KNOWS_NO_STREAM)
        self.expect_every_ending_to_be_explained()

    def test_without_starts_a_crash_is_found_all_the_same(self):  # TRAPS 19
        for script in (HOLDS_BACK, KNOWS_NO_STREAM):
            with self.subTest(script=script):
                self.disguise_nextest(script)
                self.small_crate(KILLED.replace('; assert!(first("b"), "the second run passes")', "")
                                 .replace("SIGNAL", "-KILL"))
                run = self.offload("run").expect_exit(1)
                report = run.expect_outcomes(KILLED_OUTCOMES)
                self.assertEqual(report["small::it c_kills"].type, "crash", run.describe())


class NextestBuilds(CargoScenario, BoxScenario):
    framework = 'worker = "off"'

    def flaky_that_breaks_the_source(self, **options):
        self.small_crate("""
            #[test] fn a_breaks_the_source() {
                if first("once") {
                    fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs"), "fn {").unwrap();
                    panic!("the first run fails");
                }
            }
            #[test] fn b_passes() {}
            """, groups={"all": "retry_count = 1"}, **options)

    def expect_one_build(self):
        """The retry's batch has what discovery, or the sandbox's first batch, has built."""
        self.offload("run").expect_exit(2).expect_outcomes(
            {"small::it a_breaks_the_source": "passed", "small::it b_passes": "passed"})

    def test_no_batch_builds_here(self):
        self.flaky_that_breaks_the_source()
        self.expect_one_build()

    def test_a_batch_lists_no_binary_but_its_own(self):
        self.small_crate("#[test] fn a() {}\n#[test] fn b() {}",
                         groups={"all": "schedule_individual = true"})
        self.write({
            "tests/other.rs": "#[test] fn c() {}\n",
            "log-and-run": '#!/bin/sh\necho "$@" >> "$SCENARIO_ROOT/commands"\nexec "$@"\n'})
        compiler = subprocess.run(["rustc", "-vV"], env=self.env, capture_output=True, text=True)
        host = re.search("^host: (.*)$", compiler.stdout, re.M).group(1)
        runner = f"CARGO_TARGET_{host.upper().replace('-', '_')}_RUNNER"
        run = self.offload("run", env={runner: str(self.project / "log-and-run")}).expect_exit(0)
        commands = (self.root / "commands").read_text().splitlines()
        self.assertEqual(sum("--exact" in command for command in commands), 3, run.describe())
        # Discovery asks each of the three binaries, the library's among them, for its tests and
        # for its ignored ones; each of the three batches asks one of them.
        self.assertEqual(sum("--list" in command for command in commands), 6 + 6, commands)

    def test_a_sandbox_elsewhere_builds_once(self):
        self.flaky_that_breaks_the_source(provider=BOX_PROVIDER)
        self.box_script()
        self.expect_one_build()
        self.assertEqual(len(self.calls("create")), 1)

    def test_a_build_error_elsewhere_is_shown(self):
        self.small_crate("#[test] fn a_passes() {}", provider=BOX_PROVIDER)
        self.box_script(on_exec='echo "fn {" > src/lib.rs')
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"small::it a_passes": "error"})
        run.expect_said("the build failed", "--> src/lib.rs:1")

    def test_failures_beside_a_hang_stand(self):  # TRAPS 13, 18
        # Nothing starts after them, so nothing but their order shows that they were not ended.
        self.small_crate("""
            fn fails_once(name: &str) { ran(name); assert!(first(name), "the second run passes") }
            #[test] fn a_hangs() { thread::sleep(Duration::from_secs(1000)) }
            #[test] fn b_exits() { fails_once("b"); process::exit(3) }
            #[test] fn c_returns() -> Result<(), String> { fails_once("c"); Err("no luck".into()) }
            #[test] fn d_aborts() { fails_once("d"); process::abort() }
            """, provider=BOX_PROVIDER, offload="max_parallel = 1\ntest_timeout_secs = 8",
                         groups={"all": "filters = '--test it'"})
        self.box_script()
        run = self.offload("run", env={"NEXTEST_TEST_THREADS": "4"}).expect_exit(1)
        report = run.expect_outcomes({
            "small::it a_hangs": "error", "small::it b_exits": "failure",
            "small::it c_returns": "failure", "small::it d_aborts": "failure"})
        self.assertEqual(report["small::it a_hangs"].type, "timeout", run.describe())
        self.assertEqual(sorted(self.ran()), ["b", "c", "d"], run.describe())

    def test_a_terminal_in_between_changes_nothing(self):  # TRAPS 13
        if shutil.which("script") is None:
            raise unittest.SkipTest("no script command")
        self.small_crate(KILLED.replace("SIGNAL", "-TERM"), provider=BOX_PROVIDER)
        self.box_script(on_exec='exec script -qefc "$1" /dev/null')
        run = self.offload("run", env={"NEXTEST_TEST_THREADS": "1"}).expect_exit(1)
        report = run.expect_outcomes(KILLED_OUTCOMES)
        self.assertEqual(report["small::it c_kills"].type, "crash", run.describe())
        self.assertEqual(sorted(self.ran()), list("abcdef"), run.describe())

    def test_fail_fast_hears_of_a_failure_while_its_batch_runs(self):
        # Told at the end of the batch, the second test would have failed as well by then.
        self.small_crate("""
            #[test] fn a_fails() -> Result<(), String> { wait_for("begun"); Err("no luck".into()) }
            #[test] fn b_waits() { fs::write(at("begun"), "").unwrap(); wait_for("never") }
            """, provider=BOX_PROVIDER)
        self.box_script()
        run = self.offload("run", "--fail-fast", env={"NEXTEST_TEST_THREADS": "2"}).expect_exit(1)
        report = run.expect_outcomes({"small::it a_fails": "failure", "small::it b_waits": "error"})
        self.assertEqual(report["small::it b_waits"].type, "not-run", run.describe())

    def test_a_sandbox_with_cores_runs_several_tests_at_once(self):
        if len(os.sched_getaffinity(0)) < 2:
            raise unittest.SkipTest("this machine has one core")
        self.small_crate("""
            #[test] fn a_meets_b() { fs::write(at("a"), "").unwrap(); wait_for("b") }
            #[test] fn b_meets_a() { fs::write(at("b"), "").unwrap(); wait_for("a") }
            #[test] fn c_passes() {}
            #[test] fn d_passes() {}
            """, provider=BOX_PROVIDER)
        self.box_script()
        run = self.offload("run").expect_exit(0)
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"}, run.describe())
