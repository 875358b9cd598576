"""[checkpoint] with git: which images are built, by the server's count, on one machine and on several.

Machines are clones of one bare repository; what they know of images travels as git notes.
"""

import json
import pathlib
import subprocess
import unittest

from modal_scenario import ModalScenario

APPLY = "sh /.offload/build/apply.sh"
EXPENSIVE = "echo expensive"
BASE = [EXPENSIVE, APPLY]  # of the checkpoint's tree
REF = "refs/notes/offload-images"
GONE = 'assert not __import__("os").path.exists("old")'


class Checkpoints(ModalScenario):
    def setUp(self):
        super().setUp()
        self.remote = self.root / "remote.git"
        self.modal_project(
            {"Dockerfile": f"FROM python:3.11\nRUN {EXPENSIVE}\n", "requirements.txt": "one\n",
             "old/gone.txt": "x\n", ".gitignore": "test-results\n.offload-image-cache\n",
             "tests/test_a.py": "def test_a(): assert open('installed').read() == 'one\\n'\n"},
            slots=1, provider='dockerfile = "Dockerfile"',
            offload='sandbox_init_cmd = "cat requirements.txt > installed"',
            rest='[checkpoint]\nbuild_inputs = ["Dockerfile", "requirements.txt"]')
        self.commit_all()
        self.git("init", "-q", "--bare", self.remote)
        self.git("remote", "add", "origin", self.remote)
        self.git("push", "-q", "origin", "HEAD:main")

    def commit(self, files, cwd=None):
        for name, text in files.items():
            (pathlib.Path(cwd or self.project) / name).write_text(text)
        self.git("commit", "-qam", "more")

    def clone(self, name, *options):
        """Another machine: it shares nothing with this one but the remote."""
        folder = self.root / name
        self.git("clone", "-q", "-b", "main", *options, f"file://{self.remote}", folder)
        self.server.by_definition.clear()
        return folder

    def built(self, *arguments, **options):
        """What a successful command has had built; what it said is in self.said, its ID in self.id."""
        before = len(self.server.built)
        outcome = self.offload(*arguments, **options).expect_exit(0)
        self.said, self.id = outcome.err, outcome.out.strip()
        return self.server.built[before:]

    def build(self, *arguments, **options):
        return self.built("build", *arguments, **options)

    def status(self, **options):
        outcome = self.offload("checkpoint-status", **options).expect_exit(0)
        lines = [line.partition(":") for line in outcome.out.splitlines()]
        return {label.strip(): rest.strip() for label, _, rest in lines}

    def noted(self, commit="HEAD"):
        """The entries of the note on a commit, as the remote has them."""
        words = ["git", "--git-dir", str(self.remote), "notes", f"--ref={REF}", "show"]
        head = subprocess.run(["git", "rev-parse", commit], cwd=self.project, check=True,
                              capture_output=True, text=True).stdout.strip()
        shown = subprocess.run([*words, head], capture_output=True, text=True)
        return json.loads(shown.stdout) if shown.returncode == 0 else {}

    def test_one_machine(self):
        self.assertEqual(self.status()["Next run"].split(":")[0], "built")
        # The checkpoint is HEAD, and nothing differs from it: its image is what runs want.
        self.assertEqual(self.build(), BASE)
        base = self.id
        [entry] = self.noted().values()
        self.assertEqual(entry["image_id"], base)
        status = self.status()
        self.assertEqual(status["Next run"].split(":")[0], "cached")
        self.assertEqual(status["Cached image"], base)

        # Committed and uncommitted edits of what is no build input: one thin layer.
        self.commit({"tests/test_a.py": f"def test_a(): {GONE}\n"})
        (self.project / "old/gone.txt").unlink()
        (self.project / "new.txt").write_text("new\n")
        with (self.project / "tests/test_a.py").open("a") as file:
            file.write("def test_b(): assert open('new.txt').read() == 'new\\n'\n"
                       "def test_c(): assert open('installed').read() == 'one\\n'\n")
        status = self.status()
        self.assertEqual(status["Next run"], "thin: 3 files differ from the checkpoint")
        self.assertIn("1 commit before HEAD", status["Checkpoint"])
        self.assertEqual(self.built("run"), [APPLY])
        self.assertEqual(self.build(), [])  # remembered
        thin = self.id
        self.assertNotEqual(thin, base)

        # That image as it is, whatever is on disk now.
        (self.project / "new.txt").write_text("newer\n")
        self.assertEqual(self.built("run", "--override-image-id", thin), [])
        self.offload("run", "--override-image-id", "im-none").expect_exit(1).expect_said("im-none")

        # --no-cache builds all of it again and notes what it has built.
        self.assertEqual(self.build("--no-cache"), [*BASE, APPLY])
        self.assertNotEqual([one["image_id"] for one in self.noted("HEAD~1").values()], [base])

    def test_edited_build_input(self):
        self.build()
        before = self.noted()
        # TRAPS 11, 12: not committed, it is no commit's; built of the working tree, and not shared.
        (self.project / "requirements.txt").write_text("two\n")
        (self.project / "tests/test_a.py").write_text(
            "def test_a(): assert open('installed').read() == 'two\\n'\n")
        self.assertIn("requirements.txt", self.status()["Next run"])
        self.assertEqual(self.built("run"), [APPLY, APPLY])
        self.assertIn("the working tree is the base", self.said)
        self.assertEqual(self.noted(), before)
        self.git("commit", "-qam", "two")
        self.assertTrue(self.status()["Next run"].startswith("built"))
        self.build()
        self.assertNotIn("the working tree", self.said)
        self.assertEqual(len(self.noted()), 1)
        self.assertEqual(self.status()["Next run"].split(":")[0], "cached")

    def test_other_machines(self):
        self.build()
        base = self.id
        second = self.clone("second")
        self.assertEqual(self.build(cwd=second), [])
        self.assertEqual(self.id, base)
        (second / "tests/test_a.py").write_text("def test_a(): pass\n")
        self.assertEqual(self.build(cwd=second), [APPLY])

        # Another recipe makes another image, noted beside the first, which stays in use.
        config = (second / "offload.toml").read_text()
        (second / "offload.toml").write_text(config.replace("installed", "there"))
        outcome = self.offload("checkpoint-status", cwd=second).expect_exit(0)
        self.assertIn("differs: sandbox_init_cmd", outcome.out)
        self.assertEqual(self.build(cwd=second), [*BASE, APPLY])
        self.assertEqual(len(self.noted()), 2)
        self.assertEqual(self.build(cwd=self.clone("third")), [])

        # A clone that is cut off cannot know the checkpoint.
        shallow = self.clone("shallow", "--depth=1")
        self.assertIn("shallow", self.status(cwd=shallow)["Next run"])
        self.build(cwd=shallow)
        self.assertIn("git fetch --unshallow", self.said)
        self.assertEqual(len(self.noted()), 2)

    def test_vanished_base_is_built_and_noted_again(self):  # TRAPS 32
        self.build()
        second = self.clone("second")
        self.server.forget_images()
        self.assertEqual(self.build(), BASE)
        [entry] = self.noted().values()
        self.assertEqual(entry["image_id"], self.id)
        # Whose notes are old learns of it from the remote.
        self.assertEqual(self.build(cwd=second), [])

    def test_diverged_notes_and_unreachable_remote(self):
        second = self.clone("second")
        config = (second / "offload.toml").read_text()
        (second / "offload.toml").write_text(config.replace("> installed", ">> installed"))
        away = self.remote.with_suffix(".away")
        self.remote.rename(away)
        self.build()
        first_image = self.id
        self.assertIn("cannot be pushed to origin", self.said)
        self.build(cwd=second)
        self.assertIn("cannot be fetched", self.said)
        away.rename(self.remote)
        # Both give what they have, whoever comes second finds the other's and joins them.
        for folder in (self.project, second):
            self.build("--no-cache", cwd=folder)
        entries = self.noted().values()
        self.assertEqual(len(entries), 2)
        self.assertNotIn(first_image, [one["image_id"] for one in entries])

    def test_what_the_commit_does_not_have_counts_by_its_content(self):
        """A wheel that was built before, which git ignores, and a folder of elsewhere."""
        (self.project / ".gitignore").write_text("test-results\n.offload-image-cache\ndist\n")
        (self.project / "dist").mkdir()
        (self.project / "dist/app.whl").write_text("1\n")
        (self.root / "data").mkdir()
        (self.root / "data/file").write_text("1\n")
        config = (self.project / "offload.toml").read_text()
        (self.project / "offload.toml").write_text(config.replace(
            'dockerfile = "Dockerfile"', 'dockerfile = "Dockerfile"\ncopy_dirs = ["../data:/data"]'))
        (self.project / "tests/test_a.py").write_text(
            "def test_a():\n    assert open('/built/app.whl').read() == '1\\n'\n"
            "    assert open('/data/file').read() == '1\\n'\n")
        self.git("add", "-A")
        self.commit({"Dockerfile": f"FROM python:3.11\nCOPY dist/app.whl /built/\nRUN {EXPENSIVE}\n"})
        self.assertEqual(self.built("run"), BASE)
        for changed in (self.project / "dist/app.whl", self.root / "data/file"):
            self.assertEqual(self.status()["Next run"].split(":")[0], "cached")
            changed.write_text("2\n")
            self.assertEqual(self.status()["Next run"].split(":")[0], "built")
            self.build()
        self.assertEqual(len(self.noted()), 3)


class Elsewhere(ModalScenario):
    def test_commands_where_there_is_nothing_to_do(self):
        self.write({"tests/test_a.py": "def test_a(): pass\n"})
        self.config('type = "pytest"', provider='type = "local"')
        run = self.offload("run", "--override-image-id", "im-1").expect_exit(1)
        run.expect_said("--override-image-id")
        self.assertEqual(self.offload("build").expect_exit(0).out, "")
        self.offload("checkpoint-status").expect_exit(1).expect_said("no [checkpoint]")

    def test_folder_without_git(self):
        self.modal_project({"tests/test_a.py": "def test_a(): pass\n"}, slots=1,
                           rest='[checkpoint]\nbuild_inputs = ["tests/test_a.py"]')
        outcome = self.offload("checkpoint-status").expect_exit(0)
        self.assertIn("not a git repository", outcome.out)
        self.offload("build").expect_exit(0).expect_said("the working tree is the base")


if __name__ == "__main__":
    unittest.main()
