"""The wheel of the binary that was built, installed into an empty environment and run there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = {
    "offload.toml": """\
[offload]
max_parallel = 2

[provider]
type = "local"

[framework]
type = "default"
discover_command = "printf '%s\\\\n' first second # {filters}"
run_command = "./run.sh {result_file} {tests}"
test_id_format = "{name}"

[groups.all]
""",
    "run.sh": """\
#!/bin/sh
result=$1; shift
{ echo '<testsuite>'; for test; do echo "<testcase name='$test'/>"; done; echo '</testsuite>'; } > "$result"
""",
}


class Install(unittest.TestCase):
    def test_wheel_puts_the_program_on_the_path(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            subprocess.run([sys.executable, ROOT / "packaging/make.py",
                            os.environ["OFFLOAD_BINARY"], folder, "--only", "wheel"], check=True,
                           env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
            (wheel,) = folder.glob("*.whl")
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
            subprocess.run([folder / "venv/bin/python", "-m", "pip", "install", "--quiet",
                            "--disable-pip-version-check", "--no-index", wheel], check=True)
            for name, content in PROJECT.items():
                (folder / name).write_text(content)
                (folder / name).chmod(0o755)
            ran = subprocess.run(["offload", "run"], cwd=folder, text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env={"PATH": f"{folder}/venv/bin:/usr/bin:/bin", "HOME": scratch})
            self.assertEqual(ran.returncode, 0, ran.stdout)
            self.assertRegex(ran.stdout, r"Passed: +2\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
