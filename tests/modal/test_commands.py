"""The commands of `modal_sandbox.py`, one process each, as a config's own commands call them."""

import os
import signal
import subprocess
import time
import unittest

from modal_scenario import PYTHON, SCRIPT, ModalScenario

PATIENCE = 120


class Commands(ModalScenario):
    def tearDown(self):
        for sandbox_id in self.server.alive():
            self.call("destroy", sandbox_id)
        super().tearDown()

    def start(self, *arguments, **options):
        return subprocess.Popen([PYTHON, "-B", "-W", "ignore", SCRIPT, *arguments],
                                cwd=self.project, env=self.env, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, stdin=subprocess.PIPE, **options)

    def call(self, *arguments, given="", expect=0):
        """The last line of standard output."""
        process = self.start(*arguments)
        self.out, self.err = process.communicate(given, timeout=PATIENCE)
        self.assertEqual(process.returncode, expect, self.out + self.err)
        return (self.out.splitlines() or [""])[-1]

    def inside(self, sandbox_id, command):
        return self.call("exec", sandbox_id, command)

    def refuses(self, said, *arguments):
        self.call(*arguments, expect=1)
        self.assertIn(said, self.err)

    # --- prepare ---------------------------------------------------------------------------------

    def test_options_say_what_the_environment_says_otherwise(self):
        self.write({"a.txt": "a\n"})
        self.env["OFFLOAD_SANDBOX_INIT_CMD"] = "echo environment > made"
        image_id = self.call("prepare", "--include-cwd", "--sandbox-project-root=/code",
                             "--sandbox-init-cmd", "cat a.txt > made; echo $OFFLOAD_ROOT >> made",
                             "--post-patch-cmd=echo then >> made")
        sandbox_id = self.call("create", image_id)
        self.inside(sandbox_id, "cat /code/made")
        self.assertEqual(self.out.split(), ["a", "/code", "then"])

    def test_included_folders_lack_what_git_ignores_and_copied_ones_do_not(self):
        self.write({".gitignore": "*.o\n", "lib/src.c": "c\n", "lib/src.o": "o\n"})
        self.commit_all()
        image_id = self.call("prepare", "--include-dir=lib:/included", "--copy-dir", "lib:whole")
        sandbox_id = self.call("create", image_id)
        self.inside(sandbox_id, "cd / && find included app/whole -type f | sort")
        self.assertEqual(self.out.split(), ["app/whole/src.c", "app/whole/src.o", "included/src.c"])

    def test_context_is_the_folder_that_is_named(self):
        self.write({"docker/Dockerfile": "FROM base\nCOPY wanted /there/\n",
                    "context/wanted": "yes\n", "wanted": "no\n"})
        arguments = ("prepare", "docker/Dockerfile", "--context-dir=context", "--cached")
        image_id = self.call(*arguments)
        self.inside(self.call("create", image_id), "cat /there/wanted")
        self.assertEqual(self.out, "yes\n")
        self.assertEqual(self.call(*arguments), image_id)
        self.write({"context/wanted": "changed\n"})
        self.assertNotEqual(self.call(*arguments), image_id)  # TRAPS 11
        self.refuses("there is no folder nowhere", *arguments[:2], "--context-dir=nowhere")

    def test_patch_on_top_of_a_base_image(self):  # TRAPS 11, 12
        self.write({"kept": "kept\n", "edited": "old\n", "gone": "gone\n"})
        self.commit_all()
        base = self.call("prepare", "--include-cwd", "--sandbox-init-cmd=echo costly > built")
        self.write({"edited": "new\n", "added/file": "added\n"})
        (self.project / "gone").unlink()
        self.git("add", "-A")
        patch = subprocess.run(["git", "diff", "--cached", "--binary"], cwd=self.project,
                               check=True, capture_output=True).stdout
        (self.project / "change.patch").write_bytes(patch)
        self.env["OFFLOAD_SANDBOX_INIT_CMD"] = "exit 1"  # the base image has been initialised
        arguments = ("prepare", f"--from-base-image={base}", "--patch-file=change.patch",
                     "--sandbox-project-root=/app", "--cached",
                     "--post-patch-cmd", 'test -s "$OFFLOAD_PATCH_FILE" && echo after > after')
        image_id = self.call(*arguments)
        self.assertNotEqual(image_id, base)
        self.inside(self.call("create", image_id),
                    "cd /app; cat kept edited added/file built after; ls gone 2>&1 || true")
        self.assertEqual(self.out.split()[:5], ["kept", "new", "added", "costly", "after"])
        self.assertIn("No such file", self.out)
        self.assertEqual(self.call(*arguments), image_id)
        (self.project / "change.patch").write_bytes(patch.replace(b"+new", b"+other"))
        self.assertNotEqual(self.call(*arguments), image_id)

    def test_base_image_without_changes_is_the_image(self):
        base = self.call("prepare")
        (self.project / "empty.patch").touch()
        for more in ((), ("--patch-file=empty.patch",)):
            self.assertEqual(self.call("prepare", "--from-base-image", base, *more), base)

    def test_patch_that_does_not_apply_fails(self):
        base = self.call("prepare")
        self.write({"bad.patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"})
        self.refuses("could not be built", "prepare", f"--from-base-image={base}",
                     "--patch-file=bad.patch")

    def test_options_that_exclude_each_other(self):
        self.write({"f": ""})
        self.refuses("has its sources already", "prepare", "--from-base-image=im-1", "--include-cwd")
        self.refuses("--patch-file is for an image", "prepare", "--patch-file=f")
        self.refuses("there is no image im-1", "prepare", "--from-base-image=im-1")
        self.refuses("--copy-dir=a is not LOCAL:REMOTE", "prepare", "--copy-dir=a")
        self.call("prepare", "--include", expect=2)  # nothing is guessed

    # --- create ----------------------------------------------------------------------------------

    def test_variables_folders_and_resources_of_a_sandbox(self):  # TRAPS 31
        self.write({"data/a b.txt": "content\n"})
        os.symlink("a b.txt", self.project / "data/link")
        sandbox_id = self.call(
            "create", self.call("prepare"), "--copy-dir=data:/its data", "--env", "ONE=1=1 $x",
            "--env=EMPTY=", "--cpu", "2.5", "--memory-gb", "1.5",
            '--experimental-options={"enable_docker": true}')
        self.inside(sandbox_id, 'echo "$ONE|$EMPTY|"; cat "/its data/link"')
        self.assertEqual(self.out, "1=1 $x||\ncontent\n")
        definition = self.server.sandboxes[sandbox_id].definition
        self.assertEqual(definition.resources.milli_cpu, 2500)
        self.assertEqual(definition.resources.memory_mb, 1536)
        self.assertIn("enable_docker", str(definition))

    def test_sandbox_whose_folders_cannot_be_copied_is_destroyed(self):  # TRAPS 24
        self.refuses("cannot copy nowhere: there is no such folder",
                     "create", self.call("prepare"), "--copy-dir=nowhere:/x")
        self.assertEqual(len(self.server.created), 1)
        self.assertEqual(self.server.alive(), [])

    def test_options_that_make_no_sense_make_no_sandbox(self):
        image_id = self.call("prepare")
        for option, said in (("--env=ONE", "is not NAME=VALUE"),
                             ("--experimental-options=[]", "is no JSON object"),
                             ("--experimental-options={", "is no JSON")):
            self.refuses(said, "create", image_id, option)
        self.assertEqual(self.server.created, [])

    # --- the others ------------------------------------------------------------------------------

    def test_files_are_fetched_whatever_became_of_the_command(self):
        sandbox_id = self.call("create", self.call("prepare"))
        local = self.project / "fetched"
        fetch = f"--fetch=/made:{local}"
        self.call("exec-and-fetch", sandbox_id, "echo said; echo text > /made; exit 3", fetch,
                  expect=3)
        self.assertEqual((self.out, local.read_text()), ("said\n", "text\n"))
        self.call("exec-and-fetch", sandbox_id, "true", "--fetch", f"/made:{local}", expect=0)
        self.call("exec-and-fetch", sandbox_id, "true", "--fetch", f"/none:{local}", fetch,
                  expect=2)
        self.refuses("no-pair is not REMOTE:LOCAL", "exec-and-fetch", sandbox_id, "true",
                     "--fetch=no-pair")

    def test_many_are_destroyed_whatever_becomes_of_one(self):  # TRAPS 24
        image_id = self.call("prepare")
        made = [self.call("create", image_id) for _ in range(3)]
        self.call("destroy-many", given="\n".join([made[0], "sb-unknown", *made]))
        self.assertEqual(self.server.alive(), [])
        self.assertEqual(sorted(self.server.terminated), sorted(made))

    def test_run_passes_input_output_and_status_and_leaves_nothing(self):
        self.call("run", "read line; echo got $line; echo said >&2; exit 7", given="in\n", expect=7)
        self.assertEqual(self.out, "got in\n")
        self.assertIn("said\n", self.err)
        self.assertEqual(len(self.server.created), 1)
        self.assertEqual(self.server.alive(), [])

    def test_interrupted_run_leaves_nothing(self):  # TRAPS 24
        process = self.start("run", "echo up; sleep 600")
        self.assertEqual(process.stdout.readline(), "up\n")
        for _ in range(2):  # as `timeout` sends them
            process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(self.server.alive(), [])

    def test_interrupted_creation_leaves_nothing(self):  # TRAPS 24
        (self.project / "data").mkdir()
        image_id = self.call("prepare")
        process = self.start("create", image_id, "--copy-dir=data:/" + "x" * 100)
        deadline = time.monotonic() + PATIENCE
        while not self.server.created and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
        # Either it was told, and its owner destroys it, or it is gone.
        self.assertEqual(self.server.alive(), out.split())


if __name__ == "__main__":
    unittest.main()
