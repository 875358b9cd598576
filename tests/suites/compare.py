#!/usr/bin/env python3
"""Runs the test suites of public projects with pytest and with Offload, test by test.

    compare.py                  all projects of the list below
    compare.py NAME …           these
    --in WAY                    only in this way: workers, forks, files, tests or batches; may
                                stand several times

Each project's source distribution is fetched and installed with pip, into build/suites. The same
suite then runs in copies of its source: twice with plain pytest and once with `pytest -n`, which
tells what the suite makes of itself, and with Offload: in workers, in workers that are forks of one
process that has collected, in a fork for each file, in one for each test, and in batches. A
difference is a test of which Offload says what none of the others does. Where there is one, plain
pytest runs the tests of that process once more, in the same order: if it then says the same, the
suite depends on its order, and that is counted apart. The binary is $OFFLOAD_BINARY, else
build/release or build/dev.
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
COMMON = ["pytest==8.4.*", "pytest-xdist"]
PARALLEL = 4
# How Offload runs a suite, and the keys of [framework] that make it so.
WAYS = {
    "workers": {"worker": "auto", "fork": "off"},
    "forks": {"worker": "auto", "fork": "auto"},
    "files": {"worker": "auto", "fork": "auto", "isolation": "file"},
    "tests": {"worker": "auto", "fork": "auto", "isolation": "test"},
    "batches": {"worker": "off", "fork": "off"},
}
SHOWN = 20


@dataclasses.dataclass
class Project:
    name: str
    version: str
    needs: list = dataclasses.field(default_factory=list)  # what its tests import
    args: list = dataclasses.field(default_factory=list)  # for both runs
    paths: list = dataclasses.field(default_factory=list)  # none: as its own config says
    variables: dict = dataclasses.field(default_factory=dict)  # of all runs' environment


PROJECTS = [
    Project("alembic", "1.17.2", ["sqlalchemy==2.0.44", "tzdata", "black"]),
    Project("anyio", "4.11.0", ["trio", "psutil", "trustme", "truststore", "hypothesis", "pytest-mock",
                                "uvloop", "blockbuster", "coverage"]),
    Project("attrs", "25.3.0", ["hypothesis", "cloudpickle"]),
    Project("cattrs", "25.3.0", ["hypothesis", "immutables", "pytest-benchmark", "pymongo", "cbor2",
                                 "msgpack", "msgspec", "orjson", "pyyaml", "tomlkit", "ujson"],
            variables={"FAST": "1"}),  # fewer examples for each property: minutes instead of an hour
    Project("click", "8.1.8"),
    Project("djangorestframework", "3.16.0", ["pytest-django", "django==5.2.*", "pytz"]),
    # In its sources the extension is not built: the tests that are installed are what is tested.
    Project("greenlet", "3.2.4", ["psutil", "objgraph"], args=["--pyargs"], paths=["greenlet.tests"]),
    Project("idna", "3.10"),
    Project("itsdangerous", "2.2.0", ["freezegun"]),
    Project("jinja2", "3.1.6", ["trio"]),
    Project("joblib", "1.5.2", ["numpy==2.3.*", "threadpoolctl"]),
    Project("jsonschema", "4.25.1", ["pytest-subtests", "fqdn", "idna", "isoduration", "jsonpointer",
                                     "jsonpath-ng", "rfc3339-validator", "rfc3987", "uri-template", "webcolors",
                                     "pip"],
            paths=["jsonschema/tests"]),
    Project("lark", "1.3.1", ["regex", "atomicwrites", "interegular"], paths=["tests"]),
    Project("markupsafe", "3.0.2"),
    Project("more-itertools", "10.7.0", paths=["tests"]),
    Project("msgpack", "1.1.2", paths=["test"]),
    Project("packaging", "25.0", ["pretend"]),
    Project("pluggy", "1.6.0"),
    Project("pyrsistent", "0.20.0", ["hypothesis"]),
    Project("pytest", "8.4.2", ["attrs", "hypothesis", "xmlschema", "requests", "mock", "setuptools"],
            paths=["testing"]),
    Project("sqlalchemy", "2.0.44", paths=["test/base", "test/sql"]),
    Project("starlette", "0.48.0", ["httpx", "itsdangerous", "jinja2", "python-multipart", "pyyaml",
                                    "trio", "anyio==4.11.0"]),
    Project("structlog", "25.4.0", ["freezegun", "pretend", "pytest-asyncio", "simplejson", "rich",
                                    "twisted", "greenlet"]),
    Project("toolz", "1.0.0"),
    Project("tornado", "6.5.2", paths=["tornado/test"]),
    Project("trio", "0.32.0", ["pyOpenSSL", "trustme", "cryptography", "async-generator", "astor"],
            paths=["src"]),
    Project("websockets", "15.0.1", paths=["tests"]),
    # The test that is left out waits for ever where file events come late, with pytest alone too.
    Project("werkzeug", "3.1.3", ["ephemeral-port-reserve", "watchdog", "cryptography",
                                  "pytest-timeout"],
            args=["--deselect=tests/test_serving.py::test_reloader_sys_path"]),
]


class Answers:
    """What one run said: its exit status, and the outcome of each test."""

    def __init__(self, status, outcomes):
        self.status = status
        self.outcomes = {same(test): outcome for test, outcome in outcomes.items()}

    def of(self, test):
        return self.outcomes.get(test, "missing")


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
        wanted = repr((self.project, COMMON, sys.version))
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
        must([*pip, "install", *COMMON, *self.project.needs])
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
        return {**clean, "PATH": path, **self.project.variables, **more}

    def by_pytest(self, name, *more, order=None):
        """`order`: only these tests, one after the other."""
        place, answer = self.copy(name), self.folder / f"{name}.json"
        answer.unlink(missing_ok=True)
        variables = {"PYTHONPATH": str(HERE), "SUITES_OUTCOMES": str(answer)}
        if order is not None:
            file = self.folder / f"{name}.ids.json"
            file.write_text(json.dumps([test.replace("<source>", str(place)) for test in order]))
            variables["SUITES_ORDER"] = str(file)
        status, output = call(
            [str(self.python), "-m", "pytest", "-p", "outcomes", "--continue-on-collection-errors",
             *self.project.args, *more, *self.project.paths],
            cwd=place, env=self.environment(**variables))
        (self.folder / f"{name}.log").write_text(output)
        if not answer.is_file():
            raise Unprepared(f"pytest told nothing (exit status {status}):\n{output[-2000:]}")
        return self.answers(status, json.loads(answer.read_text()), place)

    def by_itself(self):
        """What pytest makes of it: twice alone, and once in workers of xdist's, where these can agree
        on what there is to test."""
        all_there_are = [self.by_pytest("plain"), self.by_pytest("again")]
        workers = self.by_pytest("xdist", "-n", str(PARALLEL))
        if workers.outcomes:
            all_there_are.append(workers)
        return all_there_are

    def by_offload(self, binary, way):
        place = self.copy("offload")
        config = self.folder / "offload.toml"
        how = "\n".join(f"{key} = {json.dumps(value)}" for key, value in WAYS[way].items())
        config.write_text(f"""
[offload]
max_parallel = {PARALLEL}
test_timeout_secs = 600
[provider]
type = "local"
[framework]
type = "pytest"
{how}
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
            return Answers(status, {})
        found = {}
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            tags = {child.tag for child in case}
            worst = next((t for t in ("error", "failure", "skipped") if t in tags), "passed")
            if case.get("name") in found:
                worst = f"reported twice: {found[case.get('name')]}, {worst}"
            found[case.get("name")] = worst
        return self.answers(status, found, place)

    def in_the_same_order(self, tests, way):
        """What plain pytest says of these tests after all that Offload has run in the same process
        before. Written into `order-N.json`, for each process N."""
        isolation = WAYS[way].get("isolation", "worker")
        ids, orders = {}, {}
        for line in (self.folder / "results/journal.ndjson").read_text(errors="replace").splitlines():
            event = json.loads(line)
            if event.get("event") == "test_discovered":
                ids[event["test"]] = self.placeless(event["id"], self.folder / "offload")
            elif event.get("event") == "test_started":
                test = ids[event["test"]]
                shared = {"worker": "", "file": test.partition("::")[0], "test": test}[isolation]
                orders.setdefault((event["batch"], shared), []).append(test)
        said = {}
        for process, order in enumerate(orders.values()):
            affected = tests.intersection(map(same, order))
            if affected:
                answers = self.by_pytest(f"order-{process}", order=order)
                said.update((test, answers.of(test)) for test in affected)
        return said

    def answers(self, status, found, place):
        return Answers(status, {self.placeless(test, place): found[test] for test in found})

    @staticmethod
    def placeless(test, place):
        """Some IDs hold the path of a file, which lies in another folder in each run."""
        return test.replace(str(place), "<source>")


def same(text):
    """XML cannot hold every character of an ID; what it cannot is compared as one of a kind."""
    return "".join(c if c.isprintable() and c != "\ufffd" else "?" for c in text)


def unstable(runs):
    """The tests of which the suite's own runs do not all say the same."""
    tests = set().union(*(run.outcomes for run in runs))
    return {test for test in tests if len({run.of(test) for run in runs}) > 1}


def differing(runs, offload):
    tests = set(offload.outcomes).union(*(run.outcomes for run in runs))
    return {test for test in tests if offload.of(test) not in {run.of(test) for run in runs}}


def words_on(runs, offload, tests):
    for test in sorted(tests):
        said = ", ".join(dict.fromkeys(run.of(test) for run in runs))
        yield f"{test}: pytest says {said}, Offload says {offload.of(test)}"


def compared(suite, runs, binary, way):
    """The row of the table, and how many differences are left."""
    name = suite.project.name
    found = suite.by_offload(binary, way)
    unequal = differing(runs, found)
    replayed = suite.in_the_same_order(unequal, way) if unequal and found.outcomes else {}
    by_order = {test for test in unequal if replayed.get(test) == found.of(test)}
    for line in words_on(runs, found, by_order):
        print(f"{name}: by its order: {line}", file=sys.stderr)
    unequal = list(words_on(runs, found, unequal - by_order))
    if not by_order and bool(found.status) not in [bool(run.status) for run in runs]:
        unequal.append(f"pytest ended with {runs[0].status}, Offload with {found.status}")
    if not runs[0].outcomes:
        unequal.append("pytest ran no test at all")
    for line in unequal[:SHOWN]:
        print(f"{name}: {line}", file=sys.stderr)
    if len(unequal) > SHOWN:
        print(f"{name}: and {len(unequal) - SHOWN} more", file=sys.stderr, flush=True)
    plain, shaky = runs[0].outcomes, unstable(runs)
    agreed = sum(1 for test in plain if found.of(test) in [run.of(test) for run in runs])
    return (name, suite.project.version, way, len(plain), agreed, len(shaky), len(by_order),
            len(unequal)), len(unequal)


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
    parser.add_argument("--in", dest="ways", choices=WAYS, action="append")
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
            runs = suite.by_itself()
        except (Unprepared, OSError, ValueError) as error:
            print(f"{name}: not compared: {error}", file=sys.stderr, flush=True)
            rows.append((name, known[name].version, "-", "-", "-", "-", "-", "not compared"))
            exit_status = exit_status or 2
            continue
        for way in options.ways or WAYS:
            row, differences = compared(suite, runs, binary, way)
            rows.append(row)
            print(f"{name}: {row[3]} tests {row[2]}, {differences} differences", file=sys.stderr,
                  flush=True)
            exit_status = 1 if differences else exit_status
    print("| project | version | in | tests | agreed | unstable | by order | differing |\n"
          "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
