"""Runs a real pytest with the plugin on a project made for one test, and reads its frames."""

import json
import os
import select
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
NONCE = "0123456789abcdef"
DEADLINE = 120  # seconds; far beyond what any of these runs takes


SKIPPED = 77  # exit status, for CTest


def find_python():
    """The interpreter whose pytest is tested: of one version ($OFFLOAD_TEST_MAJOR), or ours."""
    major = os.environ.get("OFFLOAD_TEST_MAJOR")
    if major is None:
        return sys.executable
    prepared = os.path.join(os.environ["OFFLOAD_TEST_TOOLS"], "pytest" + major, "bin", "python")
    path = os.environ.get("OFFLOAD_TEST_PYTEST" + major, prepared)
    if not os.path.exists(path):
        print("skipped: no pytest %s (neither $OFFLOAD_TEST_PYTEST%s nor %s)" % (major, major, path))
        sys.exit(SKIPPED)
    return path


PYTHON = find_python()


def carried_plugin():
    """The plugin as Offload carries it: what was built ($OFFLOAD_TEST_PLUGIN), else as it would be."""
    built = os.environ.get("OFFLOAD_TEST_PLUGIN")
    if built is not None:
        return Path(built).read_text(encoding="utf-8")
    package = SOURCE / "assets/offload_pytest"
    with tempfile.TemporaryDirectory(prefix="offload-joined-") as folder:
        joined = Path(folder) / "joined.py"
        names = [path.stem for path in package.glob("*.py")]
        command = [sys.executable, SOURCE / "cmake/join_python.py", package, joined, *names]
        subprocess.run(command, check=True)
        return joined.read_text(encoding="utf-8")


PLUGIN = carried_plugin()


def available(module):
    command = [PYTHON, "-c", "import " + module]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def pytest_version():
    command = [PYTHON, "-c", "import pytest; print(pytest.__version__)"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in answer.split(".")[:2])


def text(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return value


class Told:
    """What one command told: frames by kind, and the rest of its output."""

    def __init__(self, status, out, err):
        self.status = status
        self.err = err.decode("utf-8", "replace")
        self.frames, self.visible = [], b""
        parts = []
        head = b"\x1e" + NONCE.encode() + b" "
        pieces = out.split(head)
        self.visible = pieces[0]
        for piece in pieces[1:]:
            line, _, rest = piece.partition(b"\n")
            assert len(head) + len(line) + 1 <= 4096, "a frame beyond PIPE_BUF"
            self.visible += rest
            message = json.loads(line)
            if message["t"] in ("part", "last"):
                parts.append(message["d"])
                if message["t"] == "part":
                    continue
                message, parts = json.loads("".join(parts)), []
            self.frames.append(message)
        self.visible = self.visible.decode("utf-8", "replace")

    def kind(self, kind):
        return [frame for frame in self.frames if frame["t"] == kind]

    def one(self, kind):
        (frame,) = self.kind(kind)
        return frame

    @property
    def ids(self):
        return [text(node_id) for frame in self._own_items() for node_id in frame["ids"]]

    @property
    def files(self):
        return {
            text(node_id): text(frame.get("file", ""))
            for frame in self._own_items()
            for node_id in frame["ids"]
        }

    def _own_items(self):
        return [frame for frame in self.kind("items") if "of" not in frame]


class Served:
    """A worker, while it runs. Tests are named by their IDs; it is told their positions."""

    def __init__(self, process, err):
        self.process = process
        self.ids = []
        self.out = b""
        self.err = err

    def say(self, **message):
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: what it has said tells how

    def run(self, *ids, attempts=None):
        """Of each ID, the part in front of the first `::` is its file."""
        files = sorted({node_id.split("::")[0] for node_id in ids})
        self.ids += ids
        self.say(
            t="run",
            ids=ids,
            files=files,
            **{"in": [files.index(node_id.split("::")[0]) for node_id in ids]},
            attempts=attempts or [1] * len(ids),
        )
        return self

    def last(self):
        self.say(t="last")
        return self

    def wait_for(self, kind, count=1):
        """Until so many frames of this kind have been told."""
        deadline = time.monotonic() + DEADLINE
        output = self.process.stdout.fileno()
        while len(self.told().kind(kind)) < count:
            left = deadline - time.monotonic()
            if not select.select([output], [], [], max(left, 0))[0]:
                self._give_up("waited in vain", kind, count)
            data = os.read(output, 65536)
            if not data:
                self._give_up("ended", kind, count)
            self.out += data
        return self.told()

    def wait_for_error(self, text):
        """Until this stands on the standard error."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.errors():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._give_up("ended or waited in vain", text)
            time.sleep(0.01)

    def _give_up(self, how, what, count=1):
        self.process.kill()
        self.process.wait()
        raise AssertionError(
            "%s, without %d times %s: %r\n%r" % (how, count, what, self.out, self.errors())
        )

    def told(self):
        whole = self.out[: self.out.rfind(b"\n") + 1]
        return Told(None, whole, b"")

    def finish(self, stop=True):
        """Its end; what it told in all."""
        guard = threading.Timer(DEADLINE, self.process.kill)
        guard.start()
        try:
            if stop:
                self.say(t="stop")
            self.out += self.process.stdout.read()
            status = self.process.wait()
        finally:
            guard.cancel()
            self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        return Told(status, self.out, self.errors())

    def errors(self):
        return os.pread(self.err.fileno(), 1 << 20, 0)

    def outcomes(self, told):
        return {self.ids[frame["n"]]: frame["outcome"] for frame in told.kind("end")}


class Case(unittest.TestCase):
    """One temporary project. Names of files are relative to its folder."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="offload-plugin-")
        self.addCleanup(folder.cleanup)
        self.base = Path(os.path.realpath(folder.name))
        self.root = self.base / "project"
        self.root.mkdir()
        self.cwd = self.root
        self.number = 0
        self.plugins = False  # load what is installed beside pytest: half of the time to start
        self.bytecode = None  # the plan's folder of that name
        self.ahead = False  # as the plan says
        self.randomly = False  # pytest-randomly shuffles wherever it is loaded

    def write(self, name, content=""):
        path = os.path.join(os.fsencode(self.root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(content))

    def start(self, plan, args, env=None, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE):
        self.number += 1
        carried = self.base / "carried"
        carried.mkdir(exist_ok=True)
        (carried / "offload_pytest.py").write_text(PLUGIN, encoding="utf-8")
        if self.bytecode is not None:
            plan = dict(plan, bytecode=str(self.bytecode), ahead=self.ahead)
        path = carried / ("plan-%d.json" % self.number)
        path.write_text(json.dumps(dict(plan, nonce=NONCE, label="t-%d" % self.number)))
        return subprocess.Popen(
            [PYTHON, "-m", "pytest", "-p", "offload_pytest", *self._order(), *args],
            cwd=self.cwd,
            env=dict(
                self._environment(env), PYTHONPATH=str(carried), OFFLOAD_PYTEST_PLAN=str(path)
            ),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def _order(self):
        return [] if self.randomly else ["-p", "no:randomly"]

    def _environment(self, env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "OFFLOAD"))}
        if not self.plugins:
            clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return {**clean, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}

    def plain(self, *args, env=None):
        """Pytest without the plugin; (exit status, output)."""
        done = subprocess.run(
            [PYTHON, "-m", "pytest", *self._order(), *args],
            cwd=self.cwd, env=self._environment(env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE, text=True,
        )
        return done.returncode, done.stdout

    def run_pytest(self, plan, args, env=None):
        process = self.start(plan, args, env)
        try:
            out, err = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
        return Told(process.returncode, out, err)

    def serve(self, *args, limit=DEADLINE, fail_fast=False, env=None, mode="serve", plan=None,
              stdin=subprocess.PIPE):
        """A worker that waits for what it is told."""
        served = {"mode": mode, "protocols": [1], "limit": limit, "fail_fast": fail_fast}
        plan = {**served, **(plan or {})}
        err = tempfile.TemporaryFile()
        self.addCleanup(err.close)
        return Served(self.start(plan, list(args), env, stdin=stdin, stderr=err), err)

    def collect(self, *args, **options):
        return self.run_pytest({"mode": "collect"}, ["--collect-only", "-q", *args], **options)

    def run_batch(self, ids, files, *args, fail_fast=False, workers=None, **options):
        """`files` maps each ID to its file, as discovery told."""
        known = sorted({files[node_id] for node_id in ids}, key=repr)
        exact = lambda value: {"hex": value.hex()} if isinstance(value, bytes) else value
        plan = {
            "mode": "run",
            "ids": [exact(node_id) for node_id in ids],
            "files": [exact(file) for file in known],
            "in": [known.index(files[node_id]) for node_id in ids],
            "fail_fast": fail_fast,
        }
        if workers is not None:
            plan["workers"] = workers
        return self.run_pytest(plan, list(args), **options)

    def run_all(self, *args, **options):
        """Discovers with these arguments, runs all with the same; results by ID."""
        found = self.collect(*args)
        self.assertTrue(found.ids, found.visible + found.err)
        self.told = self.run_batch(found.ids, found.files, *args, **options)
        return self.results(found.ids, self.told)

    def results(self, ids, told):
        ends = {}
        for frame in told.kind("end"):
            self.assertNotIn(frame["n"], ends, "told twice")
            ends[frame["n"]] = frame
        return {ids[position]: frame for position, frame in ends.items()}

    def outcomes(self, *args, **options):
        return {k: frame["outcome"] for k, frame in self.run_all(*args, **options).items()}
