"""`modal_sandbox.py serve` by itself: messages in, messages out."""

import json
import queue
import subprocess
import threading
import unittest

from modal_scenario import PYTHON, SCRIPT, ModalScenario

PATIENCE = 120


class Bridge:
    def __init__(self, folder, env):
        self.process = subprocess.Popen(
            [PYTHON, "-B", "-W", "ignore", SCRIPT, "serve"], cwd=folder, env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.messages, self.number = queue.Queue(), 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while line := self.process.stdout.readline():
            fields = json.loads(line)
            self.messages.put((fields, self.process.stdout.read(fields.get("bytes", 0))))
        self.messages.put((None, b""))

    def send(self, content=b"", **fields):
        fields["bytes"] = len(content)
        self.process.stdin.write(json.dumps(fields).encode() + b"\n" + content)
        self.process.stdin.flush()

    def ask(self, op, content=b"", **fields):
        self.number += 1
        self.send(content, id=self.number, op=op, **fields)
        return self.number

    def next(self):
        """The next message but for what the user is to read."""
        while True:
            fields, content = self.messages.get(timeout=PATIENCE)
            if fields is None or "said" not in fields:
                return fields, content

    def answer(self, number):
        """(fields, output) of a request that is alone on its way."""
        output = {1: b"", 2: b""}
        while True:
            fields, content = self.next()
            if fields.get("id") == number and "stream" not in fields:
                return fields, output
            output[fields["stream"]] += content


class Serving(ModalScenario):
    def setUp(self):
        super().setUp()
        self.bridge = Bridge(self.project, self.env)
        self.addCleanup(self.bridge.process.stdout.close)
        self.assertEqual(self.bridge.next()[0], {"ready": True})

    def tearDown(self):
        self.bridge.process.stdin.close()  # upon which it destroys what still stands
        self.assertEqual(self.bridge.process.wait(PATIENCE), 0)
        super().tearDown()

    def sandbox(self):
        prepared, _ = self.bridge.answer(self.bridge.ask("prepare"))
        created, _ = self.bridge.answer(
            self.bridge.ask("create", image_id=prepared["ok"]["image_id"]))
        return created["ok"]["sandbox_id"]

    def test_output_and_exit_status(self):
        number = self.bridge.ask("exec", b"printf 'a\\0b\\377'; echo err >&2; exit 7",
                                 sandbox_id=self.sandbox())
        fields, output = self.bridge.answer(number)
        self.assertEqual(fields["ok"], {"exit_status": 7})
        self.assertEqual(output, {1: b"a\0b\xff", 2: b"err\n"})

    def test_input_streams_while_the_command_runs(self):
        echo = b"while read -r line; do echo \"got $line\"; done; echo over"
        for script in (echo, echo + b" # " + b"x" * 100_000):
            with self.subTest(length=len(script)):
                number = self.bridge.ask("exec", script, sandbox_id=self.sandbox(), stdin=True)
                for line in (b"one", b"two"):
                    self.bridge.send(line + b"\n", id=number, op="stdin")
                    self.assertEqual(self.bridge.next(),
                                     ({"id": number, "stream": 1, "bytes": 8}, b"got " + line + b"\n"))
                self.bridge.send(id=number, op="stdin", end=True)
                fields, output = self.bridge.answer(number)
                self.assertEqual((fields["ok"]["exit_status"], output[1]), (0, b"over\n"))

    def test_scripts_of_any_length_run_whole(self):
        body = b": " + b"x" * 300_000 + b"\necho end; exit 3"
        fields, output = self.bridge.answer(
            self.bridge.ask("exec", body, sandbox_id=self.sandbox()))
        self.assertEqual((fields["ok"]["exit_status"], output[1]), (3, b"end\n"))

    def test_what_is_left_running_does_not_hold_up_the_end(self):
        number = self.bridge.ask("exec", b"sleep 600 & echo done", sandbox_id=self.sandbox())
        fields, output = self.bridge.answer(number)
        self.assertEqual((fields["ok"]["exit_status"], output[1]), (0, b"done\n"))

    def test_cancelled_command_is_told_as_such(self):
        number = self.bridge.ask("exec", b"echo up; sleep 600", sandbox_id=self.sandbox())
        self.assertEqual(self.bridge.next()[1], b"up\n")
        self.bridge.send(id=number, op="cancel")
        self.assertEqual(self.bridge.answer(number)[0]["kind"], "cancelled")

    def test_cancelled_creation_leaves_no_sandbox(self):
        prepared, _ = self.bridge.answer(self.bridge.ask("prepare"))
        number = self.bridge.ask("create", image_id=prepared["ok"]["image_id"])
        self.bridge.send(id=number, op="cancel")
        self.bridge.answer(number)
        self.bridge.process.stdin.close()
        self.bridge.process.wait(PATIENCE)
        self.assertEqual(self.server.alive(), [])

    def test_sandboxes_are_found_by_their_tags(self):
        image_id = self.bridge.answer(self.bridge.ask("prepare"))[0]["ok"]["image_id"]
        made = [self.bridge.answer(self.bridge.ask(
            "create", image_id=image_id, tags={"offload-run": run}))[0]["ok"]["sandbox_id"]
            for run in ("this", "that", "this")]
        self.bridge.answer(self.bridge.ask("destroy", sandbox_id=made[0]))
        fields, _ = self.bridge.answer(self.bridge.ask("find", tags={"offload-run": "this"}))
        self.assertEqual(fields["ok"]["sandbox_ids"], [made[2]])

    def test_keys_that_nobody_knows_are_refused(self):
        for op, fields, said in (
                ("create", {"image_id": "im-1", "cpus": 2}, 'create: there is no key "cpus"'),
                ("create", {"image_id": "im-1", "cpu": "2"}, 'create: "cpu" must be a number'),
                ("create", {}, 'create: "image_id" is missing'),
                ("prepare", {"copy_dirs": ["a:b"]}, '"copy_dirs" must be a list of pairs'),
                ("serve", {}, "there is no operation 'serve'")):
            with self.subTest(said):
                answer, _ = self.bridge.answer(self.bridge.ask(op, **fields))
                self.assertEqual(answer["kind"], "request")
                self.assertIn(said, answer["error"])
        self.assertEqual(self.server.created, [])

    def test_what_is_no_message_ends_the_bridge_and_its_sandboxes(self):
        sandbox_id = self.sandbox()
        self.bridge.process.stdin.write(b'{"op": "find"}\n')
        self.bridge.process.stdin.flush()
        self.assertEqual(self.bridge.process.wait(PATIENCE), 0)
        self.assertEqual(self.server.terminated, [sandbox_id])

    def test_errors_say_what_kind_they_are(self):
        for op, fields in (("create", {"image_id": "im-unknown"}),
                           ("exec", {"sandbox_id": "sb-unknown"})):
            answer, _ = self.bridge.answer(self.bridge.ask(op, b"true", **fields))
            self.assertEqual(answer["kind"], "gone", answer)
        answer, _ = self.bridge.answer(self.bridge.ask("prepare", dockerfile="nowhere"))
        self.assertEqual(answer["kind"], "image", answer)
        self.assertEqual(self.bridge.answer(self.bridge.ask("destroy", sandbox_id="sb-x"))[0]["ok"], {})


if __name__ == "__main__":
    unittest.main()
