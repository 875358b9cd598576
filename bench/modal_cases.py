"""The way to Modal, with the server of tests/modal on loopback: what the client costs.

The server and the commands in its sandboxes are processes of their own and are not counted.
"""

import os
import shlex
import subprocess
from contextlib import contextmanager
from pathlib import Path

import measure
from row import OFFLOAD, Row

ROOT = Path(__file__).resolve().parent.parent
CLIENT = os.environ.get("OFFLOAD_TEST_MODAL", str(ROOT / "build/tools/modal/bin/python"))
SANDBOXES = 50
TESTS = 500
FRAMEWORK = f"""
[framework]
type = "default"
discover_command = "seq {TESTS} {{filters}}"
run_command = "for test in {{tests}}; do sleep 0.3; done"
test_id_format = "{{name}}"

[groups.all]
schedule_individual = true
"""
HEAD = f"""
[offload]
max_parallel = {SANDBOXES}
sandbox_project_root = "/app"
"""
BRIDGE = """
[provider]
type = "modal"
include_cwd = true
"""


def by_script():
    call = f"{shlex.quote(CLIENT)} -W ignore @modal_sandbox.py"
    return f"""
[provider]
type = "default"
prepare_command = "{call} prepare --include-cwd"
create_command = "{call} create {{image_id}}"
exec_command = "{call} exec {{sandbox_id}} {{command}}"
destroy_command = "{call} destroy {{sandbox_id}}"
"""


@contextmanager
def server():
    program = [CLIENT, "-W", "ignore", str(ROOT / "tests/modal/servicer.py")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.stdin.close()


def modal(folder, runs):
    """`runs` beyond one are not made: the other side takes minutes."""
    del runs
    bin_folder = Path(folder, "bin")
    bin_folder.mkdir()
    python = bin_folder / "python3"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(CLIENT)} -W ignore "$@"\n')
    python.chmod(0o755)
    path = [p for p in os.environ["PATH"].split(":") if not Path(p, "uv").exists()]
    samples = []
    with server() as url:
        env = {
            **os.environ,
            "PATH": ":".join([str(bin_folder), *path]),
            "MODAL_SERVER_URL": url,
            "MODAL_TOKEN_ID": "ak-bench",
            "MODAL_TOKEN_SECRET": "as-bench",
        }
        for name, provider in (("bridge", BRIDGE), ("script", by_script())):
            project = Path(folder, name)
            project.mkdir()
            (project / "offload.toml").write_text(HEAD + provider + FRAMEWORK)
            samples.append(
                measure.once([OFFLOAD, "run", "--ci"], project, env, whole_tree=True)
            )
    ours, other = samples
    case = f"{SANDBOXES} Modal sandboxes, {TESTS} execs of 0.3 s"
    shown = lambda cost: f"{cost.cpu:.3g} s of CPU, {cost.peak_mib:.0f} MiB, {cost.wall:.3g} s"
    beside = f"one script process per command: {shown(other)}"
    return [
        Row(f"{case}: client CPU", shown(ours), beside, ours.cpu / other.cpu, "≤ 0.2"),
        Row(f"{case}: client memory", shown(ours), beside, ours.peak_mib / other.peak_mib, "≤ 0.2"),
    ]


CASES = {"modal": modal}
