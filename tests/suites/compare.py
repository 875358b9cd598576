#!/usr/bin/env python3
"""Runs the test suites of public projects with pytest alone and with Offload, test by test.

    compare.py                  all projects of the list below
    compare.py NAME …           these
    --worker off                in batches instead of streaming workers

Each project's source distribution is fetched and installed with pip, into build/suites. The same
suite then runs in two copies of its source; what counts is that both runs know the same tests and
say the same of each. The binary is $OFFLOAD_BINARY, else build/release or build/dev.
Exit status: 0 when all agree, 1 on any difference, 2 when a project could not be prepared.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tarfile
import venv
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = pathlib.Path(os.environ.get("SUITES_FOLDER", ROOT / "build/suites"))
PYTEST = "pytest==8.4.*"
PARALLEL = 4
SHOWN = 20


@dataclasses.dataclass
class Project:
    name: str
    version: str
    needs: list = dataclasses.field(default_factory=list)  # what its tests import
    args: list = dataclasses.field(default_factory=list)  # for both runs
    paths: list = dataclasses.field(default_factory=list)  # none: as its own config says


PROJECTS = [
    Project("attrs", "25.3.0", ["hypothesis", "cloudpickle"]),
    Project("click", "8.1.8"),
    Project("djangorestframework", "3.16.0", ["pytest-django", "django==5.2.*", "pytz"]),
    Project("idna", "3.10"),
    Project("itsdangerous", "2.2.0", ["freezegun"]),
    Project("jinja2", "3.1.6", ["trio"]),
    Project("markupsafe", "3.0.2"),
    Project("more-itertools", "10.7.0", paths=["tests"]),
    Project("packaging", "25.0", ["pretend"]),
    Project("pluggy", "1.6.0"),
    Project("toolz", "1.0.0"),
    # The test that is left out waits for ever where file events come late, with pytest alone too.
    Project("werkzeug", "3.1.3", ["ephemeral-port-reserve", "watchdog", "cryptography",
                                  "pytest-timeout"],
            args=["--deselect=tests/test_serving.py::test_reloader_sys_path"]),
]


class Unprepared(Exception):
    pass


def call(command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    return done.returncode, done.stdout


def must(command, **options):
    status, output = call(command, **options)
    if status != 0:
        end = "\n".join(output.splitlines()[-15:])
        raise Unprepared(f"{' '.join(map(str, command))}: exit status {status}\n{end}")


class Suite:
    def __init__(self, project):
        self.project = project
        self.folder = WORK / f"{project.name}-{project.version}"
        self.python = self.folder / "venv/bin/python"
        self.source = self.folder / "source"

    def prepare(self):
        stamp = self.folder / "stamp"
        wanted = repr((self.project, PYTEST, sys.version))
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        venv.create(self.folder / "venv", with_pip=True)
        pip = [str(self.python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        exact = f"{self.project.name}=={self.project.version}"
        must([*pip, "download", "--no-binary", self.project.name, "--no-deps",
              "--dest", str(self.folder), exact])
        (archive,) = self.folder.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(self.folder / "unpacked")
        (unpacked,) = (self.folder / "unpacked").iterdir()
        unpacked.rename(self.source)
        must([*pip, "install", PYTEST, *self.project.needs])
        must([*pip, "install", str(self.source)])
        stamp.write_text(wanted)

    def copy(self, name):
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.source, copy, symlinks=True)
        return copy

    def environment(self, **more):
        clean = {k: v for k, v in os.environ.items()
                 if not k.startswith(("PYTEST", "OFFLOAD", "PYTHON"))}
        # Programs of the project under test are looked up in PATH by some suites.
        path = f"{self.python.parent}{os.pathsep}{clean['PATH']}"
        return {**clean, "PATH": path, **more}

    def by_pytest(self):
        place, answer = self.copy("plain"), self.folder / "plain.json"
        answer.unlink(missing_ok=True)
        status, output = call(
            [str(self.python), "-m", "pytest", "-p", "outcomes", "--continue-on-collection-errors",
             *self.project.args, *self.project.paths],
            cwd=place,
            env=self.environment(PYTHONPATH=str(HERE), SUITES_OUTCOMES=str(answer)))
        (self.folder / "plain.log").write_text(output)
        if not answer.is_file():
            raise Unprepared(f"pytest told nothing (exit status {status}):\n{output[-2000:]}")
        found = json.loads(answer.read_text())
        return status, {self.placeless(test, place): outcome for test, outcome in found.items()}

    def by_offload(self, binary, worker):
        place = self.copy("offload")
        config = self.folder / "offload.toml"
        config.write_text(f"""
[offload]
max_parallel = {PARALLEL}
test_timeout_secs = 600
[provider]
type = "local"
[framework]
type = "pytest"
worker = "{worker}"
command = {json.dumps(f"{self.python} -m pytest")}
paths = {json.dumps(self.project.paths)}
run_args = {json.dumps(shlex.join(self.project.args))}
discovery_args = {json.dumps(shlex.join(self.project.args))}
[groups.all]
[report]
output_dir = {json.dumps(str(self.folder / "results"))}
""")
        report = self.folder / "results/junit.xml"
        report.unlink(missing_ok=True)
        status, output = call([str(binary), "run", "-c", str(config)], cwd=place,
                              env=self.environment())
        (self.folder / "offload.log").write_text(output)
        if not report.is_file():
            print(output[-2000:], file=sys.stderr)
            return status, {}
        found = {}
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            tags = {child.tag for child in case}
            worst = next((t for t in ("error", "failure", "skipped") if t in tags), "passed")
            if case.get("name") in found:
                worst = f"reported twice: {found[case.get('name')]}, {worst}"
            found[case.get("name")] = worst
        return status, {self.placeless(test, place): outcome for test, outcome in found.items()}

    @staticmethod
    def placeless(test, place):
        """Some IDs hold the path of a file, which lies in another folder in each run."""
        return test.replace(str(place), "<source>")


def same(text):
    """XML cannot hold every character of an ID; what it cannot is compared as one of a kind."""
    return "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in text)


def differences(plain, offload):
    plain = {same(test): outcome for test, outcome in plain.items()}
    offload = {same(test): outcome for test, outcome in offload.items()}
    for test in sorted(plain.keys() | offload.keys()):
        ours, theirs = offload.get(test, "missing"), plain.get(test, "missing")
        if ours != theirs:
            yield f"{test}: pytest says {theirs}, Offload says {ours}"


def find_binary():
    if "OFFLOAD_BINARY" in os.environ:
        return pathlib.Path(os.environ["OFFLOAD_BINARY"]).resolve()
    for preset in ("release", "dev"):
        path = ROOT / "build" / preset / "bin/offload"
        if path.is_file():
            return path
    sys.exit("no offload binary: build one (./dev build) or set OFFLOAD_BINARY")


def main():
    parser = argparse.ArgumentParser(description="Compares Offload with pytest, test by test.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="projects; default: all")
    parser.add_argument("--worker", choices=("auto", "off"), default="auto")
    parser.add_argument("--fresh", action="store_true", help="fetch and install again")
    options = parser.parse_args()
    known = {project.name: project for project in PROJECTS}
    for name in options.names:
        if name not in known:
            sys.exit(f"no such project: {name}; there are {', '.join(known)}")
    binary = find_binary()
    rows, exit_status = [], 0
    for name in options.names or known:
        suite = Suite(known[name])
        if options.fresh:
            shutil.rmtree(suite.folder, ignore_errors=True)
        try:
            suite.prepare()
            plain_status, plain = suite.by_pytest()
        except (Unprepared, OSError, ValueError) as error:
            print(f"{name}: not compared: {error}", file=sys.stderr, flush=True)
            rows.append((name, known[name].version, "-", "-", "not compared"))
            exit_status = exit_status or 2
            continue
        status, found = suite.by_offload(binary, options.worker)
        unequal = list(differences(plain, found))
        if bool(plain_status) != bool(status):
            unequal.append(f"pytest ended with {plain_status}, Offload with {status}")
        if not plain:
            unequal.append("pytest ran no test at all")
        for line in unequal[:SHOWN]:
            print(f"{name}: {line}", file=sys.stderr)
        if len(unequal) > SHOWN:
            print(f"{name}: and {len(unequal) - SHOWN} more", file=sys.stderr, flush=True)
        agreed = sum(1 for t in plain if found.get(t) == plain[t])
        rows.append((name, known[name].version, len(plain), agreed, len(unequal)))
        print(f"{name}: {len(plain)} tests, {len(unequal)} differences", file=sys.stderr, flush=True)
        exit_status = 1 if unequal else exit_status
    print("| project | version | tests | agreed | differing |\n| --- | --- | ---: | ---: | ---: |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
