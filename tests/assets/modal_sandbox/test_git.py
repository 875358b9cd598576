import subprocess
import unittest

from package import InAFolder
from modal_sandbox.git import clean_commit, git_paths, patch_since


class Git(InAFolder):
    def commit(self):
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "one")
        return clean_commit(str(self.folder))

    def test_folders_that_git_does_not_know(self):
        self.assertIsNone(git_paths(str(self.folder)))
        self.assertIsNone(clean_commit(str(self.folder)))
        self.assertIsNone(patch_since(str(self.folder), "HEAD"))

    def test_paths_are_those_that_are_tracked_or_new(self):
        self.write(**{".gitignore": "no\n", "a": "", "no": "", "sub/b c": ""})
        self.commit()
        self.write(new="")
        self.assertEqual(git_paths(str(self.folder)), {".gitignore", "a", "new", "sub/b c"})
        self.assertEqual(git_paths(str(self.folder), "sub"), {"sub/b c"})

    def test_a_changed_tree_is_at_no_commit(self):
        self.write(a="1")
        self.assertIsNotNone(self.commit())
        self.write(new="")
        self.assertIsNone(clean_commit(str(self.folder)))

    def test_patch_brings_a_clone_to_the_tree_and_leaves_the_index_alone(self):  # TRAPS 11
        self.write(a="1\n", gone="x\n")
        commit = self.commit()
        self.git("clone", "-q", ".", "clone")
        self.write(a="2\n", new="n\n", **{".gitignore": "clone\n"})
        (self.folder / "gone").unlink()
        patch = patch_since(str(self.folder), commit)
        subprocess.run(["git", "apply"], cwd=self.folder / "clone", input=patch, check=True)
        self.assertEqual((self.folder / "clone/a").read_text(), "2\n")
        self.assertEqual((self.folder / "clone/new").read_text(), "n\n")
        self.assertFalse((self.folder / "clone/gone").exists())
        staged = subprocess.run(["git", "diff", "--cached", "--name-only"], cwd=self.folder,
                                capture_output=True, check=True).stdout
        self.assertEqual(staged, b"")


if __name__ == "__main__":
    unittest.main()
