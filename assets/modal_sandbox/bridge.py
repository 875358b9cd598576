"""One process for many sandboxes."""

import asyncio
import io
import json
import os
import sys
import threading
import traceback

from .client import Account, import_modal
from .failure import Failure, say
from .images import Images
from .plan import Wanted
from .requests import Request
from .sandboxes import Sandboxes
from .streams import follow, write_all


class Said(io.TextIOBase):
    """What is printed, as messages: in order with the answers, which a second pipe would not be."""

    encoding = "utf-8"

    def __init__(self, bridge):
        self.bridge = bridge

    def writable(self):
        return True

    def write(self, text):
        self.bridge.send({"said": True}, text.encode(errors="replace"))
        return len(text)


class Bridge:
    """Serves requests on stdin, many at a time, until stdin ends.

    A message is a JSON object on a line of its own; with "bytes" in it, that many raw bytes follow.
    Requests hold "id", "op" and what requests.py says of it; the answer holds the same id and "ok",
    or "error", "kind" and "hint". While a command runs, its output comes as
    {"id", "stream": 1 or 2, "bytes"}.

        prepare …                     → image_id
        base …                        → image_id, tree (digest of the sources in it)
        look image_id                 → exists
        create image_id …             → sandbox_id
        exec sandbox_id timeout stdin → exit_status; the raw bytes are the shell script
        stdin id end                  no answer; the raw bytes go to the command that `id` started
        cancel id                     no answer; what the request has made is destroyed again
        destroy sandbox_id
        find tags                     → sandbox_ids

    The first message is {"ready": true}; {"said", "bytes"} is for the user to read. Sandboxes that
    still stand when stdin ends are destroyed: nobody is left who could.
    """

    def __init__(self, requests, answers):
        self.requests, self.answers = requests, answers
        self.account = Account()
        self.images = Images(self.account)
        self.sandboxes = Sandboxes(self.account, self.images)
        self.tasks, self.inputs = {}, {}
        # Requests whose effect would be known to nobody if they were broken off.
        self.whole, self.cancelled = set(), set()
        self.sending = threading.Lock()
        self.operations = {"prepare": self.prepare, "base": self.base, "look": self.look,
                           "create": self.create, "exec": self.execute,
                           "destroy": self.destroy, "find": self.find}

    def send(self, message, content=b""):
        if content:
            message["bytes"] = len(content)
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n" + content
        view = memoryview(data)
        with self.sending:
            while view:
                view = view[os.write(self.answers, view):]

    def read(self, loop, over):
        """On a thread of its own: messages from stdin go to the loop."""
        try:
            while line := self.requests.readline():
                message = json.loads(line)
                content = self.requests.read(message.get("bytes", 0))
                if len(content) < message.get("bytes", 0):
                    break
                loop.call_soon_threadsafe(self.take, Request.read(message), content)
        except (ValueError, TypeError, AttributeError) as error:
            say(f"what came on standard input is no message, nothing more is read: {error}")
        finally:
            loop.call_soon_threadsafe(over.set)

    def take(self, request, content):
        number, op = request.number, request.op
        try:
            request.check()
        except Failure as failure:
            self.send_failure(number, failure)
            return
        if op == "stdin":
            if number in self.inputs:
                self.inputs[number].put_nowait((content, request.fields.get("end", False)))
        elif op == "cancel":
            self.cancel(number)
        else:
            if op == "exec" and request.fields.get("stdin"):
                self.inputs[number] = asyncio.Queue()
            if op in ("create", "destroy"):
                self.whole.add(number)
            task = asyncio.create_task(self.serve(request, content))
            self.tasks[number] = task
            task.add_done_callback(lambda _: self.forget(number))

    def send_failure(self, number, failure):
        self.send({"id": number, "error": str(failure), "kind": failure.kind,
                   "hint": failure.hint})

    def cancel(self, number):
        if number in self.whole:
            self.cancelled.add(number)
        elif number in self.tasks:
            self.tasks[number].cancel()

    def forget(self, number):
        self.tasks.pop(number, None)
        self.inputs.pop(number, None)
        self.whole.discard(number)
        self.cancelled.discard(number)

    async def serve(self, request, content):
        number = request.number
        try:
            done = await self.operations[request.op](number, content, **request.fields)
            self.send({"id": number, "ok": done or {}})
        except asyncio.CancelledError:
            self.send_failure(number, Failure("cancelled", kind="cancelled"))
        except Failure as failure:
            self.send_failure(number, failure)
        except Exception as error:
            traceback.print_exc()
            self.send_failure(number, Failure(f"{type(error).__name__}: {error}", kind="bug"))

    async def prepare(self, _number, _content, **wanted):
        return {"image_id": await self.images.prepare(Wanted(**wanted))}

    async def base(self, _number, _content, **wanted):
        image_id, tree = await self.images.base(Wanted(**wanted))
        return {"image_id": image_id, "tree": tree}

    async def look(self, _number, _content, image_id):
        return {"exists": await self.images.exists(image_id)}

    async def create(self, number, _content, image_id, **options):
        sandbox_id = await self.sandboxes.create(image_id, **options)
        if number in self.cancelled:
            await self.sandboxes.destroy(sandbox_id)
            raise asyncio.CancelledError
        return {"sandbox_id": sandbox_id}

    async def destroy(self, _number, _content, sandbox_id):
        await self.sandboxes.destroy(sandbox_id)

    async def find(self, _number, _content, tags):
        return {"sandbox_ids": await self.sandboxes.tagged(tags)}

    async def execute(self, number, content, sandbox_id, timeout=None, stdin=False):
        process = await self.sandboxes.start(sandbox_id, content, stdin, timeout)
        feeding = asyncio.create_task(self.feed(number, process.stdin)) if stdin else None
        try:
            status = await follow(process, lambda stream, piece: self.send(
                {"id": number, "stream": stream}, piece))
        finally:
            if feeding:
                feeding.cancel()
        return {"exit_status": status}

    async def feed(self, number, stdin):
        end = False
        while not end:
            content, end = await self.inputs[number].get()
            try:
                await write_all(stdin, content, end)
            except Exception as error:  # the command has ended, or will be seen to have
                say(f"input was not delivered: {error}")
                return

    async def run(self):
        import_modal()
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self.read, args=(loop, over), daemon=True).start()
        self.send({"ready": True})
        sys.stdout = sys.stderr = Said(self)
        await over.wait()
        self.answers = os.open(os.devnull, os.O_WRONLY)  # nobody listens any more
        for number in list(self.tasks):
            self.cancel(number)
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        await self.sandboxes.destroy_all()
