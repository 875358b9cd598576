"""Scenarios for cargo workspaces, tested with the real cargo-nextest."""

import os
import pathlib
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


class CargoScenario(Scenario):
    timeout = 280.0

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
        self.config('type = "cargo"', **{"offload": "max_parallel = 1", **options})

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
