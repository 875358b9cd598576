"""Makes the package importable, and holds what its tests share. The Modal client is not needed."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "assets"))


class InAFolder(unittest.TestCase):
    """`folder` is empty, and the current one."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def write(self, **files):
        for path, text in files.items():
            whole = self.folder / path
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(text)

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *arguments],
                       cwd=self.folder, check=True, capture_output=True)
