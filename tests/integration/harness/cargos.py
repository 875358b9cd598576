"""Scenarios for cargo workspaces, tested with the real cargo-nextest."""

import os
import pathlib
import signal
import textwrap

from .scenario import Scenario
from .tools import cargo_nextest

# What the tests of small_crate() may use.
HELPERS = """\
#![allow(dead_code)]
use std::{env, fs, io::Write, path::PathBuf, process, thread, time::{Duration, Instant}};

fn at(name: &str) -> PathBuf { PathBuf::from(env::var("SCENARIO_ROOT").unwrap()).join(name) }

/// Remembers that a test ran. In one write: others do the same meanwhile.
fn ran(name: &str) {
    let mut log = fs::OpenOptions::new().create(true).append(true).open(at("ran.log")).unwrap();
    log.write_all(format!("{name}\n").as_bytes()).unwrap();
}

/// True for the first caller with this name.
fn first(name: &str) -> bool { fs::create_dir(at(name)).is_ok() }

/// Waits until there is such a file.
fn wait_for(name: &str) {
    let begin = Instant::now();
    while !at(name).exists() {
        assert!(begin.elapsed() < Duration::from_secs(120), "waited in vain for {name}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn kill_the_runner(signal: &str) {
    let parent = std::os::unix::process::parent_id().to_string();
    process::Command::new("kill").args([signal, &parent]).status().unwrap();
    thread::sleep(Duration::from_secs(120));
}
"""


# The runner dies under the third test, the first time.
KILLED = """
    #[test] fn a_passes() { ran("a") }
    #[test] fn b_exits() { ran("b"); assert!(first("b"), "the second run passes"); process::exit(3) }
    #[test] fn c_kills() { ran("c"); kill_the_runner("SIGNAL") }
    #[test] fn d_passes() { ran("d") }
    #[test] fn e_passes() { ran("e") }
    #[test] fn f_passes() { ran("f") }
"""
KILLED_OUTCOMES = {
    "small::it a_passes": "passed", "small::it b_exits": "failure", "small::it c_kills": "error",
    "small::it d_passes": "passed", "small::it e_passes": "passed", "small::it f_passes": "passed",
}
ENDINGS = """
    #[test] fn a_passes() {}
    #[test] fn b_panics() { println!("said by b"); panic!("b broke") }
    #[test] fn c_returns() -> Result<(), String> { Err("no luck".into()) }
    #[test] fn d_aborts() { eprintln!("last words"); process::abort() }
    #[test] fn e_passes() {}
"""
ENDINGS_OUTCOMES = {
    "small::it a_passes": "passed", "small::it b_panics": "failure",
    "small::it c_returns": "failure", "small::it d_aborts": "failure",
    "small::it e_passes": "passed",
}

class CargoScenario(Scenario):
    timeout = 280.0
    framework = ""  # more of [framework]

    def setUp(self):
        super().setUp()
        self.tools = cargo_nextest()
        real_home = pathlib.Path.home()
        self.env = {n: v for n, v in self.env.items() if not n.startswith("NEXTEST_")}
        self.env.update(
            PATH=os.pathsep.join([self.tools, os.environ["PATH"]]),
            CARGO_HOME=os.environ.get("CARGO_HOME", str(real_home / ".cargo")),
            RUSTUP_HOME=os.environ.get("RUSTUP_HOME", str(real_home / ".rustup")),
            CARGO_NET_OFFLINE="true",
            RUST_BACKTRACE="0",
            CARGO_TARGET_DIR=str(self.root / "target"),
        )

    def small_crate(self, tests, **options):
        """A package `small` whose one test binary, `small::it`, holds these tests: Rust text. nextest
        runs them in the order of their names."""
        self.write({
            "Cargo.toml": '[package]\nname = "small"\nversion = "0.1.0"\nedition = "2021"\n',
            "src/lib.rs": "\n",
            "tests/it.rs": HELPERS + textwrap.dedent(tests),
        })
        self.config(f'type = "cargo"\n{self.framework}', **{"offload": "max_parallel = 1", **options})

    def ran(self):
        """The names given to ran(), in the order of the calls."""
        path = self.root / "ran.log"
        return path.read_text().split() if path.exists() else []

    def disguise_nextest(self, script):
        """cargo finds a shell script in cargo-nextest's place; $nextest is the real one."""
        path = self.root / "disguise/cargo-nextest"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nnextest='{self.tools}/cargo-nextest'\n" + textwrap.dedent(script))
        path.chmod(0o755)
        self.env["PATH"] = os.pathsep.join([str(path.parent), self.tools, os.environ["PATH"]])


class CargoEndings:
    """What holds in whatever way the tests of a small_crate() run."""

    def killed(self, option):
        self.small_crate(KILLED.replace("SIGNAL", option))
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(KILLED_OUTCOMES)
        self.assertEqual(report["small::it c_kills"].type, "crash", run.describe())
        return run

    def expect_a_killed_runner_to_leave_what_had_finished(self):
        run = self.killed("-KILL")
        self.assertEqual(sorted(self.ran()), list("abcdef"), run.describe())
        run.expect_said("killed (137): out of memory?")

    def expect_a_runner_that_is_told_to_end_to_leave_what_had_finished(self):
        run = self.killed("-TERM")
        self.assertEqual(sorted(self.ran()), list("abcdef"), run.describe())

    def expect_a_hang_to_be_named_and_the_rest_to_stand(self):
        self.small_crate("""
            #[test] fn a_passes() { ran("a") }
            #[test] fn b_exits() { ran("b"); process::exit(3) }
            #[test] fn c_hangs() { ran("c"); thread::sleep(Duration::from_secs(1000)) }
            #[test] fn d_passes() { ran("d") }
            #[test] fn e_passes() { ran("e") }
            #[test] fn f_passes() { ran("f") }
            """, offload="max_parallel = 1\ntest_timeout_secs = 8")
        run = self.offload("run").expect_exit(1)
        outcomes = {**KILLED_OUTCOMES, "small::it c_hangs": "error"}
        del outcomes["small::it c_kills"]
        report = run.expect_outcomes(outcomes)
        self.assertEqual(report["small::it c_hangs"].type, "timeout", run.describe())
        for name in "abdef":
            self.assertEqual(self.ran().count(name), 1, run.describe())

    def expect_ctrl_c_in_the_middle_to_be_obeyed(self):
        self.small_crate("""
            #[test] fn a_passes() {}
            #[test] fn b_exits() { process::exit(3) }
            #[test] fn c_sleeps() { fs::write(at("begun"), "").unwrap(); wait_for("never") }
            #[test] fn d_passes() {}
            """)
        process = self.start("run")
        self.wait_for((self.root / "begun").exists, "the test to begin", 120)
        os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=60).expect_exit(130)
        self.assertEqual(self.processes(), {}, run.describe())
        report = run.junit()
        self.assertEqual(report["small::it a_passes"].outcome, "passed", run.describe())
        self.assertEqual(report["small::it b_exits"].outcome, "failure", run.describe())
        for name in ("small::it c_sleeps", "small::it d_passes"):
            self.assertEqual(report[name].type, "not-run", run.describe())

    def expect_starts_and_ends_to_be_told_while_others_run(self):
        self.small_crate("""
            #[test] fn a_fails() -> Result<(), String> { Err("no luck".into()) }
            #[test] fn b_panics() { panic!("b broke") }
            #[test] fn c_waits() { wait_for("go") }
            #[test] fn d_passes() {}
            """)
        process = self.start("run")
        journal = self.project / "test-results/journal.ndjson"

        def told(text):
            return lambda: journal.exists() and text in journal.read_text()

        self.wait_for(told('"event":"test_started","at":'), "a test's start", 120)
        self.wait_for(
            lambda: told('"no luck\\""')() and told("b broke")(), "failures of a batch that runs", 60)
        self.wait_for(
            lambda: journal.read_text().count('"event":"test_started"') == 3, "three starts", 60)
        self.assertNotIn('"event":"batch_finished"', journal.read_text())
        (self.root / "go").touch()
        self.finish(process).expect_exit(1).expect_outcomes({
            "small::it a_fails": "failure", "small::it b_panics": "failure",
            "small::it c_waits": "passed", "small::it d_passes": "passed"})

    def expect_every_ending_to_be_explained(self):
        self.small_crate(ENDINGS)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(ENDINGS_OUTCOMES)
        self.assertIn("b broke", report["small::it b_panics"].text)
        self.assertIn("no luck", report["small::it c_returns"].text)
        self.assertIn("SIGABRT", report["small::it d_aborts"].text)
        log = "".join(run.logs().values())
        for words in ("said by b", "b broke", "no luck", "last words"):
            self.assertEqual(log.count(words), 1, run.describe())
