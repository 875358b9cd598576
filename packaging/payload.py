"""What every package carries, as entries that are the same from one build to the next."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import NamedTuple

import notices

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "offload"
SUMMARY = "Parallel test runner that loses no test"
DESCRIPTION = (
    "Runs the test suite of a project (pytest, cargo-nextest, CTest, vitest, or any command that can "
    "list tests and run some) in parallel, on this machine or in containers and other sandboxes, and "
    "reports one verdict per test.")


class Entry(NamedTuple):
    path: str  # below the prefix: "bin/offload"
    mode: int
    content: bytes


class Build(NamedTuple):
    version: str
    machine: str  # as `uname -m` calls it
    time: int  # that all files carry, in seconds since 1970
    entries: tuple


# What the program writes itself: its arguments, and where the package has it.
COMPLETIONS = {
    ("completions", "bash"): "share/bash-completion/completions/offload",
    ("completions", "zsh"): "share/zsh/site-functions/_offload",
    ("completions", "fish"): "share/fish/vendor_completions.d/offload.fish",
}


def version_of(cmake_lists=ROOT / "CMakeLists.txt"):
    """The one place that says it is the project() of CMake."""
    found = re.search(r"^project\(offload VERSION (\S+) ", cmake_lists.read_text(), re.MULTILINE)
    if not found:
        raise SystemExit(f"{cmake_lists}: there is no `project(offload VERSION …)`")
    return found[1]


def time_of_build():
    """$SOURCE_DATE_EPOCH, else when HEAD was committed."""
    said = os.environ.get("SOURCE_DATE_EPOCH")
    if said:
        return int(said)
    asked = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], text=True,
                           stdout=subprocess.PIPE, check=False)
    if asked.returncode != 0:
        raise SystemExit("this is no git checkout: set SOURCE_DATE_EPOCH to the time that the "
                         "packages' files are to carry")
    return int(asked.stdout)


def stripped(binary, strip):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, NAME)
        shutil.copyfile(binary, copy)
        subprocess.run([strip, "--strip-all", copy], check=True)
        return copy.read_bytes()


def written_by(runnable):
    """Its manual, and what makes shells complete it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([runnable, "man", "--dir", folder], check=True)
        pages = sorted(pathlib.Path(folder).iterdir())
        entries = [Entry(f"share/man/man1/{page.name}", 0o644, page.read_bytes()) for page in pages]
    for arguments, path in COMPLETIONS.items():
        script = subprocess.run([runnable, *arguments], check=True, stdout=subprocess.PIPE).stdout
        entries.append(Entry(path, 0o644, script))
    return entries


def collect(binary, *, runnable=None, machine=os.uname().machine, strip="strip", page_packages=None):
    """`runnable`: a build for this machine of the same source, where `binary` is for another."""
    runnable = runnable or binary
    version = version_of()
    said = subprocess.run([runnable, "--version"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()
    if version not in said:
        raise SystemExit(f"{runnable} is version {' '.join(said)}, the source {version}: "
                         "build it afresh")
    entries = [Entry("bin/offload", 0o755, stripped(binary, strip)),
               Entry("share/doc/offload/LICENSE", 0o644, (ROOT / "LICENSE").read_bytes()),
               Entry("share/doc/offload/third-party.txt", 0o644,
                     notices.text(page_packages).encode()),
               *written_by(runnable)]
    return Build(version, machine, time_of_build(), tuple(sorted(entries)))
