"""The plugin's modules by themselves, in plain pytest: all that stands in modules/."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import PLUGIN, PYTHON, SOURCE

HERE = Path(__file__).resolve().parent
OPTIONS = ["-q", "-c", os.devnull, "--rootdir", HERE, "-p", "no:cacheprovider"]

with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as joined:
    joined.write(PLUGIN)
    joined.flush()
    environment = dict(
        os.environ,
        JOINED=joined.name,
        PYTHONPATH=str(SOURCE / "assets"),
        PYTHONDONTWRITEBYTECODE="1",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    command = [PYTHON, "-m", "pytest", *OPTIONS, HERE / "modules", *sys.argv[1:]]
    status = subprocess.run(command, env=environment).returncode
sys.exit(status)
