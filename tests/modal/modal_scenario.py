"""The base of the scenarios on Modal: the binary, the real client, a server on loopback.

Importing it replaces the interpreter by one that has the Modal client, or ends with 77 (skipped).
"""

import os
import pathlib
import shlex
import subprocess
import sys

SKIPPED = 77  # exit status, for CTest
HERE = pathlib.Path(__file__).resolve().parent
TOOLS = pathlib.Path(os.environ.get("OFFLOAD_TEST_TOOLS", HERE.parent.parent / "build/tools"))
PYTHON = os.environ.get("OFFLOAD_TEST_MODAL") or str(TOOLS / "modal/bin/python")
# The joined script, as it is carried, and the package that it is joined from.
SCRIPT = pathlib.Path(os.environ.get("OFFLOAD_CARRIED", HERE.parent.parent / "build/dev/assets")) \
    / "modal_sandbox.py"
PACKAGES = HERE.parent.parent / "assets"
PYTEST = os.environ.get("OFFLOAD_TEST_PYTEST8") or str(TOOLS / "pytest8/bin/python")


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIPPED)


try:
    import modal
except ImportError:
    if not os.path.exists(PYTHON) or os.environ.get("OFFLOAD_TEST_MODAL_TRIED"):
        skip(f"no modal package (neither $OFFLOAD_TEST_MODAL nor {PYTHON})")
    os.environ["OFFLOAD_TEST_MODAL_TRIED"] = "1"
    os.execv(PYTHON, [PYTHON, "-W", "ignore", *sys.argv])

import machines
import servicer
from grpclib import Status  # noqa: F401

sys.path.insert(0, str(HERE.parent / "integration"))
from harness import CargoScenario, Scenario, variables  # noqa: E402, F401

if not machines.unshare():
    skip("commands cannot have mount namespaces of their own here")

CONFIG = """\
[offload]
max_parallel = {slots}
test_timeout_secs = 120
sandbox_project_root = "/app"
{offload}
[provider]
type = "modal"
{provider}
[framework]
{framework}
[groups.all]
retry_count = {retries}
{rest}
"""


def serve(scenario):
    """Gives the scenario a server, and all that the program needs to find it."""
    context = servicer.running()
    scenario.server = context.__enter__()
    scenario.addCleanup(context.__exit__, None, None, None)
    # python3 is the one with the client; there is no uv.
    scenario.bin = scenario.root / "bin"
    scenario.program("python3", f'exec {shlex.quote(PYTHON)} -W ignore "$@"')
    path = [p for p in scenario.env["PATH"].split(":") if not os.path.exists(p + "/uv")]
    scenario.env.update(
        PATH=":".join([str(scenario.bin), *path]), MODAL_SERVER_URL=scenario.server.url,
        MODAL_TOKEN_ID="ak-test", MODAL_TOKEN_SECRET="as-test")


class ModalScenario(Scenario):
    def setUp(self):
        super().setUp()
        serve(self)

    def tearDown(self):
        alive = self.server.alive()
        super().tearDown()
        self.assertEqual(alive, [], "sandboxes were left behind")
        self.assertEqual(sorted(self.server.created), sorted(self.server.terminated))

    def program(self, name, line):
        """A shell script that is found before others of its name."""
        self.bin.mkdir(exist_ok=True)
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def modal_project(self, files, slots=4, provider="include_cwd = true", offload="", retries=0,
                      framework=None, rest=""):
        framework = framework or f'type = "pytest"\ncommand = "{PYTEST} -m pytest"'
        self.write(files)
        (self.project / "offload.toml").write_text(CONFIG.format(
            slots=slots, provider=provider, offload=offload, retries=retries, framework=framework,
            rest=rest))

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *arguments],
                       cwd=self.project, check=True, capture_output=True, env=self.env)

    def commit_all(self):
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "all")
