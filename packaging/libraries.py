#!/usr/bin/env python3
"""libraries.py ARCHITECTURE FOLDER PACKAGE…: Debian packages of another architecture, unpacked.

What they depend on is not fetched. From the mirror that this machine's apt is configured with; its own
lists and packages stay as they are.
"""

import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import roots  # noqa: E402


def fetch(architecture, packages, into):
    """With lists and a cache that lie in the same folder."""
    state, cache = into / "state", into / "cache"
    for folder in (state / "lists/partial", cache / "archives/partial"):
        folder.mkdir(parents=True)
    apt = ["apt-get", "-qq", "-o", f"APT::Architecture={architecture}",
           "-o", f"APT::Architectures={architecture}", "-o", f"Dir::State={state}",
           "-o", f"Dir::State::status={state}/status", "-o", f"Dir::Cache={cache}",
           "-o", "APT::Sandbox::User="]
    (state / "status").touch()
    for arguments in (["update"], ["download", *packages]):
        subprocess.run([*apt, *arguments], cwd=into, check=True)


def unpack(folder, architecture, packages):
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        scratch = pathlib.Path(scratch)
        fetch(architecture, packages, scratch)
        for package in sorted(scratch.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)


def main():
    architecture, folder, *packages = sys.argv[1:]
    roots.once(pathlib.Path(folder).resolve(), lambda made: unpack(made, architecture, packages))


if __name__ == "__main__":
    main()
