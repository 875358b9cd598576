"""The parts of modal_sandbox.py that need no server."""

import importlib.util
import os
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

from modal_scenario import HERE

spec = importlib.util.spec_from_file_location(
    "modal_sandbox", HERE.parent.parent / "assets/modal_sandbox.py")
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)


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
        return script.tree_paths(folder, script.Rules(folder, dockerfile, excluded), wanted)


class Trees(InAFolder):
    def test_without_git_caches_are_left_out(self):
        self.write("a.py", "__pycache__/a.pyc", "deep/node_modules/x.js", ".venv/bin/python",
                   "target/CACHEDIR.TAG", "target/debug/big", ".git/HEAD", script.CACHE_FILE)
        self.assertEqual(self.paths(), ["a.py"])

    def test_with_git_the_tree_is_as_on_disk(self):  # TRAPS 11
        self.write("tracked", "gone", "node_modules/tracked.js", ".gitignore")
        self.git("init", "-q")
        self.git("add", "-A")
        self.write("new", "ignored/x", "reports/junit.xml")
        (self.folder / ".gitignore").write_text("ignored\n")
        (self.folder / "gone").unlink()
        tree = script.Tree(str(self.folder), self.paths(excluded=["reports"]), "/app").scan()
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
            tree = script.Tree(str(self.folder), paths, "/app").scan(copy_to=copies)
            self.assertEqual([path for path, _ in tree.entries], ["b"])
            self.assertEqual(os.listdir(copies), ["b"])

    def test_digest_is_of_what_was_copied(self):  # TRAPS 12
        self.write("a")
        tree = script.Tree(str(self.folder), ["a"], "/app")
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
        digest = lambda: script.Tree(str(self.folder), self.paths(), "/app").scan().digest()
        seen = {digest()}
        os.chmod(self.folder / "a", 0o755)
        seen.add(digest())
        os.unlink(self.folder / "link")
        os.symlink("elsewhere", self.folder / "link")
        seen.add(digest())
        os.rmdir(self.folder / "empty")
        seen.add(digest())
        self.assertEqual(len(seen), 4)


class Dockerfiles(unittest.TestCase):
    def test_copy_sources(self):
        for text, sources in [
            ("FROM x\nRUN y\n", []),
            ("COPY a /b\nADD ./c d/ /e/\n", ["a", "c", "d"]),
            ("copy --chown=1:1 a \\\n  b /c\n# COPY no /no\n", ["a", "b"]),
            ('COPY ["a b", "/c"]\n', ["a b"]),
            ("COPY --from=builder /x /y\nADD https://example.org/z /z\n", []),
            ("COPY . /app\n", None),
            ("COPY *.txt /app\n", None),
            ("ARG f\nCOPY $f /app\n", None),
        ]:
            self.assertEqual(script.copy_sources(text), sources, text)


class Cache(InAFolder):
    def test_what_is_not_ours_counts_as_empty(self):
        for text in ("im-old-format\n", "[]", '{"version": 1}', '{"version": 99, "images": []}',
                     '{"version": 1, "images": [{"key": ""}]}', "\xff"):
            (self.folder / script.CACHE_FILE).write_text(text)
            self.assertEqual(script.ImageCache(str(self.folder)).entries(), [], text)

    def test_images_are_found_by_their_whole_key(self):
        cache = script.ImageCache(str(self.folder))
        cache.put("one", "im-1", commit="c")
        cache.put("two", "im-2")
        cache.put("one", "im-3")
        self.assertEqual(cache.get("one")["image_id"], "im-3")
        self.assertEqual(cache.get("two")["image_id"], "im-2")
        self.assertIsNone(cache.get("on"))
        for number in range(script.REMEMBERED_IMAGES):
            cache.put(str(number), "im")
        self.assertIsNone(cache.get("one"))


if __name__ == "__main__":
    unittest.main()
