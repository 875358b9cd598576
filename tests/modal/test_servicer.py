"""The real Modal client against the servicer on loopback, before anything is built on the two."""

import os
import sys
import unittest

SKIPPED = 77  # exit status, for CTest
PYTHON = os.environ.get("OFFLOAD_TEST_MODAL") or os.path.join(
    os.environ.get("OFFLOAD_TEST_TOOLS", "build/tools"), "modal", "bin", "python")

try:
    import modal
except ImportError:
    if not os.path.exists(PYTHON) or os.environ.get("OFFLOAD_TEST_MODAL_TRIED"):
        print("skipped: no modal package (neither $OFFLOAD_TEST_MODAL nor %s)" % PYTHON)
        sys.exit(SKIPPED)
    os.environ["OFFLOAD_TEST_MODAL_TRIED"] = "1"
    os.execv(PYTHON, [PYTHON, *sys.argv])

import servicer


class Servicer(unittest.TestCase):
    def setUp(self):
        context = servicer.running()
        self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        os.environ["MODAL_SERVER_URL"] = self.server.url
        self.client = modal.Client.from_credentials("ak-test", "as-test")
        self.app = modal.App.lookup("offload", client=self.client, create_if_missing=True)

    def image(self, *commands):
        image = modal.Image.from_scratch().dockerfile_commands(*commands)
        return image.build(self.app)

    def sandbox(self):
        return modal.Sandbox.create(app=self.app, image=self.image(), client=self.client)

    def test_command_runs_with_its_output_and_exit_code(self):
        process = self.sandbox().exec("sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual(process.wait(), 3)
        self.assertEqual((process.stdout.read(), process.stderr.read()), ("out\n", "err\n"))
        self.assertEqual(self.server.calls["TaskExecStart"], 1)

    def test_stdin_reaches_the_command(self):
        process = self.sandbox().exec("cat")
        process.stdin.write(b"hello")
        process.stdin.write_eof()
        process.stdin.drain()
        self.assertEqual(process.stdout.read(), "hello")
        self.assertEqual(process.wait(), 0)

    def test_terminated_sandbox_is_gone(self):
        sandbox = self.sandbox()
        folder = self.server.folder(sandbox.object_id)
        self.assertTrue(os.path.isdir(folder))
        sandbox.terminate()
        self.assertFalse(os.path.exists(folder))
        self.assertEqual(self.server.calls["SandboxCreateV2"], 1)
        self.assertEqual(self.server.calls["SandboxTerminateV2"], 1)

    def test_sandbox_is_found_again_by_its_id(self):
        known = self.sandbox().object_id
        found = modal.Sandbox.from_id(known, client=self.client)
        self.assertEqual(found.exec("sh", "-c", "echo kept > /tmp/file").wait(), 0)
        self.assertEqual(found.exec("cat", "/tmp/file").stdout.read(), "kept\n")

    def test_terminating_ends_a_running_command(self):
        sandbox = self.sandbox()
        process = sandbox.exec("sh", "-c", "echo up; exec sleep 600")
        self.assertEqual(next(iter(process.stdout)), "up\n")
        sandbox.terminate()
        self.assertNotEqual(process.wait(), 0)

    def test_failing_build_is_an_error(self):
        with self.assertRaises(modal.exception.Error):
            self.image("RUN false")

    def test_forgotten_image_is_not_found(self):
        image = self.image("RUN true")
        self.server.forget_image(image.object_id)
        with self.assertRaises(modal.exception.NotFoundError):
            modal.Sandbox.create(app=self.app, image=image, client=self.client)


if __name__ == "__main__":
    unittest.main()
