"""The base of every scenario: a project of its own, the binary, and a clean end.

Each scenario has a private TMPDIR, HOME and cache. When it is over, no process that carries the
scenario's folder in its environment may live, and no temporary file of the run may be left.

Sandboxes that are folders of this machine have their own folder in /tmp, as every remote one, but
nothing that goes away with them takes it along: that is done here.
"""

import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
import unittest

from .behaviour import FakeRunner
from .outcome import Outcome
from .processes import processes_with, wait_until
from .tools import offload_binary

RUN_ID = re.compile(r'"run_id":"([\w-]+)"')


class Scenario(unittest.TestCase):
    maxDiff = 4000
    timeout = 120.0  # seconds for one invocation

    def setUp(self):
        self.binary = offload_binary()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="scenario-")).resolve()
        self.project = self.root / "project"
        self.tmp = self.root / "tmp"
        for folder in (self.project, self.tmp, self.root / "home", self.root / "cache"):
            folder.mkdir()
        self.output_dir = self.project / "test-results"
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OFFLOAD_", "PYTEST_", "CI", "GITHUB_", "GITLAB_", "BUILDKITE",
                                    "FORCE_COLOR", "NO_COLOR", "CLICOLOR"))
        }
        self.env.update(
            TMPDIR=str(self.tmp),
            HOME=str(self.root / "home"),
            XDG_CACHE_HOME=str(self.root / "cache"),
            SCENARIO_ROOT=str(self.root),
        )
        self.running = []
        self.run_ids = set()

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        wait_until(lambda: not processes_with(self.root), 5)
        left = processes_with(self.root)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        files = sorted(p.name for p in self.tmp.iterdir() if p.name.startswith("offload"))
        self.note_runs()
        for run_id in self.run_ids:
            for folder in pathlib.Path("/tmp").glob(f"offload-{run_id}-*"):
                shutil.rmtree(folder, ignore_errors=True)
        if os.environ.get("OFFLOAD_KEEP"):
            print(f"kept {self.root}")
        else:
            shutil.rmtree(self.root, ignore_errors=True)
        self.assertEqual(left, {}, "processes survived the run")
        self.assertEqual(files, [], "temporary files survived the run")

    # --- making projects ---------------------------------------------------------------------

    def write(self, files):
        """{path: text} below the project; text is dedented, a "#!" makes it executable."""
        for name, text in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
            if text.lstrip().startswith("#!"):
                path.chmod(0o755)

    def config(self, framework, groups=None, offload="", provider='type = "local"', report="",
               root="."):
        """Writes offload.toml; each argument is the TOML of that section's body, but `root`: where
        the project lies in a sandbox."""
        groups = {"all": "retry_count = 0"} if groups is None else groups
        text = f"[offload]\nsandbox_project_root = {toml(str(root))}\n{textwrap.dedent(offload)}\n"
        text += f"[provider]\n{textwrap.dedent(provider)}\n"
        text += f"[framework]\n{textwrap.dedent(framework)}\n"
        for name, body in groups.items():
            text += f"[groups.{name}]\n{textwrap.dedent(body)}\n"
        text += f"[report]\n{textwrap.dedent(report)}\n"
        (self.project / "offload.toml").write_text(text)

    def fake_project(self, behaviours, *, retries=0, groups=None, run=None, framework="", **sections):
        """A project of framework type "default" whose tests do as `behaviours` says.

        `run` replaces the arguments after the runner's command: "{result_file} {tests}".
        """
        runner = FakeRunner(self.project)
        runner.prepare(behaviours)
        run = "{result_file} {tests}" if run is None else run
        self.config(
            'type = "default"\n'
            f"discover_command = {toml(runner.discover)}\n"
            f"run_command = {toml(runner.command + ' ' + run)}\n"
            'test_id_format = "{name}"\n' + framework,
            groups or {"all": f"retry_count = {retries}"},
            **sections,
        )
        return runner

    # --- running -----------------------------------------------------------------------------

    def start(self, *arguments, env=None, cwd=None, under=(), **popen):
        """Starts the binary in a process group of its own; finish() waits for it.

        `under`: a program that starts it, with its arguments.
        """
        self.note_runs()
        number = len(self.running)
        out = open(self.root / f"stdout-{number}", "w+b")
        err = open(self.root / f"stderr-{number}", "w+b")
        options = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err, **popen}
        process = subprocess.Popen(
            [*under, self.binary, *map(str, arguments)],
            cwd=cwd or self.project,
            env={**self.env, **(env or {})},
            start_new_session=True,
            **options,
        )
        process.streams = (out, err)
        process.arguments = arguments
        self.running.append(process)
        return process

    def note_runs(self):
        """Remembers the runs that have journals now: the next run takes their place."""
        for depth in ("*/", "*/*/"):
            for path in self.project.glob(depth + "journal*.ndjson"):
                with path.open(errors="replace") as lines:
                    self.run_ids.update(RUN_ID.findall("".join(itertools.islice(lines, 2))))

    def finish(self, process, timeout=None, output_dir=None):
        try:
            status = process.wait(timeout or self.timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "none: it did not end in time"
        self.note_runs()
        texts = []
        for stream in process.streams:
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
            stream.close()
        return Outcome(self, process.arguments, status, *texts, output_dir or self.output_dir)

    def offload(self, *arguments, timeout=None, **start):
        outcome = self.finish(self.start(*arguments, **start), timeout)
        self.assertIsInstance(outcome.status, int, outcome.describe())
        return outcome

    def wait_for(self, condition, what, seconds=30.0):
        value = wait_until(condition, seconds)
        self.assertTrue(value, f"waited in vain for {what}")
        return value

    def processes(self):
        return processes_with(self.root)


def toml(text):
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
