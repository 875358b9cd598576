"""Layers are shell scripts: they are executed for real, with paths that lie in a folder here."""

import os
import shutil
import subprocess
import unittest
from unittest import mock

from package import InAFolder
from modal_sandbox import layer
from modal_sandbox.layer import Layer
from modal_sandbox.trees import Tree


class Image:
    """Takes the place of Modal's: COPY and RUN happen at once, below `root`."""

    def __init__(self, root):
        self.root = root

    def add_local_dir(self, folder, target, copy):
        assert (target, copy) == ("/", True)
        shutil.copytree(folder, "/", dirs_exist_ok=True)
        return self

    def run_commands(self, command, force_build):
        subprocess.run(["sh", "-c", command], check=True)
        return self


class Layers(InAFolder):
    def setUp(self):
        super().setUp()
        self.root = str(self.folder / "image's app")  # a quote wants quoting
        for name in ("BUILD", "BASE_FILES"):
            patch = mock.patch.object(layer, name, str(self.folder / name.lower()))
            patch.start()
            self.addCleanup(patch.stop)

    def tree(self, *paths):
        return Tree(str(self.folder / "src"), sorted(paths), self.root)

    def there(self):
        return sorted(os.path.relpath(os.path.join(current, name), self.root)
                      for current, folders, files in os.walk(self.root) for name in files)

    def test_fill_brings_files_links_and_empty_folders(self):
        self.write(**{"src/a b": "1", "src/sub/c": "2"})
        os.symlink("a b", self.folder / "src/link")
        os.mkdir(self.folder / "src/empty")
        with Layer(self.root) as one:
            one.add(self.tree("a b", "sub/c", "link", "empty"))
            one.on(Image(self.root), force=False)
        self.assertEqual(self.there(), ["a b", "link", "sub/c"])
        self.assertEqual(os.readlink(os.path.join(self.root, "link")), "a b")
        self.assertTrue(os.path.isdir(os.path.join(self.root, "empty")))
        self.assertFalse(os.path.exists(layer.BUILD))

    def test_update_changes_what_differs_and_keeps_what_others_made(self):  # TRAPS 11
        self.write(**{"src/same": "1", "src/edited": "1", "src/old/gone": "1"})
        with Layer(self.root) as one:
            one.remember(one.add(self.tree("same", "edited", "old/gone")))
            one.run("init.sh", "echo made > made; touch -d 2001-01-01 same")
            one.on(Image(self.root), force=False)
        shutil.rmtree(self.folder / "src/old")
        self.write(**{"src/edited": "2", "src/new/file": "3"})
        with Layer(self.root) as two:
            two.add(self.tree("same", "edited", "new/file"), "update")
            two.on(Image(self.root), force=False)
        self.assertEqual(self.there(), ["edited", "made", "new/file", "same"])
        with open(os.path.join(self.root, "edited")) as file:
            self.assertEqual(file.read(), "2")
        self.assertLess(os.path.getmtime(os.path.join(self.root, "same")), 1_000_000_000)

    def test_failing_command_fails_the_build(self):  # TRAPS 9
        with Layer(self.root) as one:
            one.run("init.sh", "exit 3")
            with self.assertRaises(subprocess.CalledProcessError):
                one.on(Image(self.root), force=False)


if __name__ == "__main__":
    unittest.main()
