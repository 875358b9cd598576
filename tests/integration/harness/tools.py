"""Tools that not every machine has. Each function skips the scenario, saying why, without its tool."""

import os
import pathlib
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(
    os.environ.get("OFFLOAD_SOURCE", pathlib.Path(__file__).resolve().parents[3])
)


def offload_binary():
    path = pathlib.Path(os.environ.get("OFFLOAD_BINARY", SOURCE / "build/dev/bin/offload"))
    if not path.is_file():
        raise unittest.SkipTest(f"no offload binary at {path}; set OFFLOAD_BINARY")
    return path.resolve()


def pytest_python(major):
    """The interpreter that has pytest of this major version (7, 8 or 9)."""
    variable = f"OFFLOAD_TEST_PYTEST{major}"
    candidates = [os.environ.get(variable), SOURCE / f"build/tools/pytest{major}/bin/python"]
    for candidate in filter(None, candidates):
        if pathlib.Path(candidate).is_file():
            return str(candidate)
    raise unittest.SkipTest(f"no pytest {major}: neither {variable} nor {candidates[-1]}")


def vitest_modules(major):
    """The folder node_modules that has vitest of this major version (2, 3 or 4)."""
    variable = f"OFFLOAD_TEST_VITEST{major}"
    candidates = [os.environ.get(variable), SOURCE / f"build/tools/vitest{major}/node_modules"]
    for candidate in filter(None, candidates):
        if (pathlib.Path(candidate) / "vitest").is_dir():
            return str(candidate)
    raise unittest.SkipTest(f"no vitest {major}: neither {variable} nor {candidates[-1]}")


def cargo_nextest():
    """The folder that holds cargo-nextest, to be put first in PATH."""
    own = SOURCE / "build/tools/bin"
    path = os.pathsep.join([str(own), os.environ.get("PATH", "")])
    found = shutil.which("cargo-nextest", path=path)
    if found is None or shutil.which("cargo", path=path) is None:
        raise unittest.SkipTest("no cargo with cargo-nextest in PATH or build/tools/bin")
    if subprocess.run([found, "nextest", "--version"], capture_output=True).returncode != 0:
        raise unittest.SkipTest(f"{found} does not run")
    return str(pathlib.Path(found).parent)
