"""Which files go into an image. Patterns are matched by the Modal client; no server is needed."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from modal_scenario import PACKAGES

sys.path.insert(0, str(PACKAGES))
from modal_sandbox.ignore_rules import Rules  # noqa: E402
from modal_sandbox.image_cache import CACHE_FILE  # noqa: E402
from modal_sandbox.trees import Tree, tree_paths  # noqa: E402


class InAFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def write(self, *paths):
        for path in paths:
            whole = self.folder / path
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(path)

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *arguments],
                       cwd=self.folder, check=True, capture_output=True)

    def paths(self, wanted=(), dockerfile=None, excluded=()):
        folder = str(self.folder)
        return tree_paths(folder, Rules(folder, dockerfile, excluded), wanted)


class Trees(InAFolder):
    def test_without_git_caches_are_left_out(self):
        self.write("a.py", "__pycache__/a.pyc", "deep/node_modules/x.js", ".venv/bin/python",
                   "target/CACHEDIR.TAG", "target/debug/big", ".git/HEAD", CACHE_FILE)
        self.assertEqual(self.paths(), ["a.py"])

    def test_with_git_the_tree_is_as_on_disk(self):  # TRAPS 11
        self.write("tracked", "gone", "node_modules/tracked.js", ".gitignore")
        self.git("init", "-q")
        self.git("add", "-A")
        self.write("new", "ignored/x", "reports/junit.xml")
        (self.folder / ".gitignore").write_text("ignored\n")
        (self.folder / "gone").unlink()
        tree = Tree(str(self.folder), self.paths(excluded=["reports"]), "/app").scan()
        self.assertEqual([path for path, _ in tree.entries],
                         [".gitignore", "new", "node_modules/tracked.js", "tracked"])

    def test_what_a_copy_command_names_is_taken_though_git_ignores_it(self):
        self.write("dist/app.whl", "other/x", "a.py")
        (self.folder / ".gitignore").write_text("dist\nother\n")
        self.git("init", "-q")
        self.assertEqual(self.paths(wanted=["dist/app.whl"]), [".gitignore", "a.py", "dist/app.whl"])
        self.assertEqual(self.paths(wanted=["dist"]), [".gitignore", "a.py", "dist/app.whl"])

    def test_dockerignore_of_a_dockerfile_comes_first(self):
        self.write("a", "b", "Dockerfile")
        (self.folder / ".dockerignore").write_text("a\n")
        (self.folder / "Dockerfile.dockerignore").write_text("b\n")
        with mock.patch("os.getcwd", return_value=str(self.folder)):
            dockerfile = str(self.folder / "Dockerfile")
            self.assertEqual(self.paths(dockerfile=dockerfile),
                             [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "a"])

    def test_file_that_vanishes_while_it_is_copied_does_no_harm(self):  # TRAPS 30
        self.write("a", "b")
        paths = self.paths()
        (self.folder / "a").unlink()
        with tempfile.TemporaryDirectory() as copies:
            tree = Tree(str(self.folder), paths, "/app").scan(copy_to=copies)
            self.assertEqual([path for path, _ in tree.entries], ["b"])
            self.assertEqual(os.listdir(copies), ["b"])

    def test_digest_is_of_what_was_copied(self):  # TRAPS 12
        self.write("a")
        tree = Tree(str(self.folder), ["a"], "/app")
        planned = tree.scan().digest()
        (self.folder / "a").write_text("changed in between")
        with tempfile.TemporaryDirectory() as copies:
            self.assertNotEqual(tree.scan(copy_to=copies).digest(), planned)
            copied = tree.digest()
        self.assertEqual(tree.scan().digest(), copied)

    def test_modes_links_and_empty_folders_count(self):
        self.write("a")
        os.symlink("a", self.folder / "link")
        (self.folder / "empty").mkdir()
        digest = lambda: Tree(str(self.folder), self.paths(), "/app").scan().digest()
        seen = {digest()}
        os.chmod(self.folder / "a", 0o755)
        seen.add(digest())
        os.unlink(self.folder / "link")
        os.symlink("elsewhere", self.folder / "link")
        seen.add(digest())
        os.rmdir(self.folder / "empty")
        seen.add(digest())
        self.assertEqual(len(seen), 4)


if __name__ == "__main__":
    unittest.main()
