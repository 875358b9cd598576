"""A Modal server on loopback for the real Modal client: `with running() as server: ...`.

Run as a program it prints its URL, and serves until its standard input ends.

Commands run for real, see machines.py. What tests may look at and change:

    server.url            for MODAL_SERVER_URL
    server.calls          requests by method
    server.created        IDs of sandboxes, in order; server.terminated likewise
    server.alive()        IDs of those that are not terminated
    server.built          RUN commands that image builds carried out, in order
    server.forget_image(id), server.forget_images()
    server.forget_before_create = n   so many SandboxCreateV2 find that all images have vanished
    server.hold_creations = n  so many sandboxes are made, but nobody is told of them
    server.lose(id)       a sandbox dies by itself
    server.blobs          what was uploaded beside the messages, see blobs.py
    server.refuse[method] (how often, grpclib.Status, message): answers with that error
    server.befall         of a method's name: what befalls this call, see BEFALLS

Answers to methods that are not here are UNIMPLEMENTED, which the client reports by name.
"""

import asyncio
import base64
import collections
import contextlib
import hashlib
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import uuid

import blobs
import machines
from grpclib import GRPCError, Status
from grpclib.server import Server
from modal_proto import api_pb2 as api
from modal_proto import task_command_router_pb2 as router
from modal_proto.api_grpc import ModalClientBase
from modal_proto.task_command_router_grpc import TaskCommandRouterBase

SUCCESS = api.GenericResult.GENERIC_STATUS_SUCCESS
FAILURE = api.GenericResult.GENERIC_STATUS_FAILURE
TERMINATED = api.GenericResult.GENERIC_STATUS_TERMINATED


def token():
    """Shaped like a JWT that does not expire while a test runs; nothing checks its signature."""
    parts = [{"alg": "none"}, {"exp": 4102444800}]
    encode = lambda part: base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    return ".".join([*map(encode, parts), "unsigned"])


class Deaf:
    """A stream whose answer is lost on its way. The client asks again after other statuses, and the
    real server knows by a key that it has been asked before."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    async def send_message(self, message, **_):
        raise GRPCError(Status.DATA_LOSS, "the answer was lost")


class Doomed:
    """A stream whose request is the end of the sandbox that it is about."""

    def __init__(self, state, stream):
        self.state, self.stream = state, stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    async def recv_message(self):
        request = await self.stream.recv_message()
        self.state.lose(request.task_id.replace("ta-", "sb-"))
        await asyncio.sleep(0)  # until it is known
        return request


async def refused(_state, function, stream):
    await stream.recv_message()
    raise GRPCError(Status.INTERNAL, "the machine room is on fire")


async def unanswered(_state, function, stream):
    await stream.recv_message()
    await asyncio.Event().wait()


async def late(_state, function, stream):
    await asyncio.sleep(1.5)
    await function(stream)


BEFALLS = {"fails": refused, "hangs": unanswered, "late": late,
           "fails-after": lambda _state, function, stream: function(Deaf(stream)),
           "vanish": lambda state, function, stream: function(Doomed(state, stream))}


class Execution:
    def __init__(self, process):
        self.process, self.written, self.closed = process, 0, False
        self.output = {0: bytearray(), 1: bytearray()}
        self.ended = {0: False, 1: False}
        self.changed = asyncio.Condition()
        self.readers = [asyncio.create_task(self.collect(0, process.stdout)),
                        asyncio.create_task(self.collect(1, process.stderr))]

    def kill(self):
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    async def collect(self, which, stream):
        while data := await stream.read(65536):
            async with self.changed:
                self.output[which] += data
                self.changed.notify_all()
        async with self.changed:
            self.ended[which] = True
            self.changed.notify_all()


class State:
    def __init__(self):
        self.calls = collections.Counter()
        self.images, self.by_definition = {}, {}
        self.files, self.mounts = {}, {}
        self.sandboxes, self.executions = {}, {}
        self.created, self.terminated, self.built = [], [], []
        self.befall = lambda method: None
        self.refuse, self.forget_before_create, self.hold_creations = {}, 0, 0
        self.root = tempfile.mkdtemp(prefix="modal-servicer-")
        self.mount_point = os.path.join(self.root, "root")
        os.mkdir(self.mount_point)
        self.url = None
        self.blobs = blobs.Store()

    def alive(self):
        return [name for name, sandbox in self.sandboxes.items() if not sandbox.ended.is_set()]

    def forget_image(self, image_id):
        del self.images[image_id]
        self.by_definition = {key: one for key, one in self.by_definition.items()
                              if one.id != image_id}

    def forget_images(self):
        for image_id in list(self.images):
            self.forget_image(image_id)

    def lose(self, sandbox_id):
        """From any thread."""
        sandbox = self.sandboxes[sandbox_id]
        self.terminated.append(sandbox_id)
        self.loop.call_soon_threadsafe(sandbox.ended.set)
        for execution in self.executions.get(sandbox_id.replace("sb-", "ta-"), []):
            self.loop.call_soon_threadsafe(execution.kill)

    def folder(self, sandbox_id):
        return os.path.join(self.root, sandbox_id)


class Sandbox:
    def __init__(self, image, request):
        self.image, self.definition, self.ended = image, request.definition, asyncio.Event()
        self.tags = {(tag.tag_name, tag.tag_value) for tag in request.tags}
        self.env = {name: value for source in request.secret_sources
                    for name, value in source.env.contents.items()}


def counted(base, state):
    """The given service, of which every method that a subclass does not define is UNIMPLEMENTED."""

    class Service(base):
        def __mapping__(self):
            handlers = super().__mapping__()
            return {path: handler._replace(func=self.counting(path, handler.func))
                    for path, handler in handlers.items()}

        def counting(self, path, function):
            name = path.rsplit("/", 1)[1]

            async def call(stream):
                state.calls[name] += 1
                left, status, message = state.refuse.get(name, (0, None, None))
                if left > 0:
                    state.refuse[name] = (left - 1, status, message)
                    await stream.recv_message()
                    raise GRPCError(status, message)
                fault = state.befall(name)
                await (BEFALLS[fault](state, function, stream) if fault
                       else function(stream))

            return call

    def missing(name):
        async def method(self, stream):
            raise GRPCError(Status.UNIMPLEMENTED, "the test servicer lacks " + name)

        return method

    for name in base.__abstractmethods__:
        setattr(Service, name, missing(name))
    Service.__abstractmethods__ = frozenset()
    return Service


def make_api(state):
    class Api(counted(ModalClientBase, state)):
        async def ClientHello(self, stream):
            await stream.recv_message()
            await stream.send_message(api.ClientHelloResponse(image_builder_version="2025.06"))

        async def AuthTokenGet(self, stream):
            await stream.recv_message()
            await stream.send_message(api.AuthTokenGetResponse(token=token()))

        async def EnvironmentGetOrCreate(self, stream):
            await stream.recv_message()
            settings = api.EnvironmentSettings(image_builder_version="2025.06")
            await stream.send_message(api.EnvironmentGetOrCreateResponse(
                environment_id="en-1",
                metadata=api.EnvironmentMetadata(name="main", settings=settings)))

        async def AppGetOrCreate(self, stream):
            await stream.recv_message()
            await stream.send_message(api.AppGetOrCreateResponse(app_id="ap-1"))

        async def MountBatchedCheckExistence(self, stream):
            request = await stream.recv_message()
            missing = [one for one in request.sha256_hex_hashes if one not in state.files]
            await stream.send_message(
                api.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing))

        async def MountPutFile(self, stream):
            request = await stream.recv_message()
            data = request.data
            if request.WhichOneof("data_oneof") == "data_blob_id":
                data = state.blobs.get(request.data_blob_id)
                if data is None:
                    raise GRPCError(Status.NOT_FOUND, "no blob " + request.data_blob_id)
            if hashlib.sha256(data).hexdigest() != request.sha256_hex:
                raise GRPCError(Status.INVALID_ARGUMENT, "not the file that was announced")
            state.files[request.sha256_hex] = data
            await stream.send_message(api.MountPutFileResponse(exists=True))

        async def BlobCreate(self, stream):
            request = await stream.recv_message()
            upload = state.blobs.announce(request)
            urls = [state.blobs.url(upload, str(n)) for n in range(len(upload.parts))]
            if upload.part_length is None:
                response = api.BlobCreateResponse(
                    blob_ids=[upload.id], upload_urls=api.UploadUrlList(items=urls))
            else:
                parts = api.MultiPartUpload(
                    part_length=upload.part_length, upload_urls=urls,
                    completion_url=state.blobs.url(upload, "complete"))
                response = api.BlobCreateResponse(
                    blob_ids=[upload.id], multiparts=api.MultiPartUploadList(items=[parts]))
            await stream.send_message(response)

        async def MountGetOrCreate(self, stream):
            request = await stream.recv_message()
            mount_id = "mo-" + uuid.uuid4().hex[:12]
            state.mounts[mount_id] = [
                (file.filename, file.mode & 0o777, state.files[file.sha256_hex])
                for file in request.files]
            await stream.send_message(api.MountGetOrCreateResponse(
                mount_id=mount_id, handle_metadata=api.MountHandleMetadata()))

        async def ImageGetOrCreate(self, stream):
            request = await stream.recv_message()
            wanted = request.image
            files = state.mounts.get(wanted.context_mount_id, [])
            files += [(file.filename, 0o644, file.data) for file in wanted.context_files]
            bases = {base.docker_tag: state.images[self.need_image(base.image_id)]
                     for base in wanted.base_images}
            key = repr((list(wanted.dockerfile_commands), sorted(files),
                        sorted((tag, base.id) for tag, base in bases.items())))
            image = state.by_definition.get(key)
            if image is None or image.failed or request.force_build:
                image_id = "im-" + uuid.uuid4().hex[:12]
                image = machines.Image(image_id, state.folder(image_id), bases,
                                       list(wanted.dockerfile_commands), files, state.built)
                state.images[image_id] = state.by_definition[key] = image
                image.task = asyncio.create_task(image.build(state.mount_point))
            result = api.GenericResult(status=SUCCESS) if image.done else None
            await stream.send_message(
                api.ImageGetOrCreateResponse(image_id=image.id, result=result))

        async def ImageJoinStreaming(self, stream):
            request = await stream.recv_message()
            image = state.images[request.image_id]
            said = int(request.last_entry_id or 0)
            while True:
                async with image.changed:
                    await image.changed.wait_for(lambda: image.done or len(image.log) > said)
                    fresh = image.log[said:]
                if not fresh:
                    break
                said += len(fresh)
                logs = [api.TaskLogs(data=text, file_descriptor=1) for text in fresh]
                await stream.send_message(
                    api.ImageJoinStreamingResponse(task_logs=logs, entry_id=str(said)))
            result = api.GenericResult(status=FAILURE if image.failed else SUCCESS,
                                       exception=image.failed or "")
            await stream.send_message(api.ImageJoinStreamingResponse(result=result, eof=True))

        async def ImageFromId(self, stream):
            request = await stream.recv_message()
            self.need_image(request.image_id)
            await stream.send_message(api.ImageFromIdResponse(image_id=request.image_id))

        def need_image(self, image_id):
            if image_id not in state.images:
                raise GRPCError(Status.NOT_FOUND, "no image " + image_id)
            return image_id

        async def SandboxCreateV2(self, stream):
            request = await stream.recv_message()
            if state.forget_before_create > 0:
                state.forget_before_create -= 1
                state.forget_images()
            self.need_image(request.definition.image_id)
            sandbox_id = "sb-" + uuid.uuid4().hex[:12]
            image = state.images[request.definition.image_id]
            os.mkdir(state.folder(sandbox_id))
            await machines.copy_tree(image.tree, state.folder(sandbox_id))
            state.sandboxes[sandbox_id] = Sandbox(image, request)
            state.created.append(sandbox_id)
            if state.hold_creations > 0:
                state.hold_creations -= 1
                await asyncio.Event().wait()
            await stream.send_message(api.SandboxCreateV2Response(
                sandbox_id=sandbox_id, task_id=sandbox_id.replace("sb-", "ta-"),
                command_router_access=api.CommandRouterAccess(jwt=token(), url=state.url)))

        async def SandboxGetTaskIdV2(self, stream):
            request = await stream.recv_message()
            await stream.send_message(api.SandboxGetTaskIdResponse(
                task_id=request.sandbox_id.replace("sb-", "ta-")))

        async def SandboxWaitV2(self, stream):
            request = await stream.recv_message()
            sandbox = state.sandboxes.get(request.sandbox_id)
            if sandbox is None:
                raise GRPCError(Status.NOT_FOUND, "no sandbox " + request.sandbox_id)
            ended = sandbox.ended
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), max(request.timeout, 0.001))
            result = api.GenericResult(status=TERMINATED) if ended.is_set() else None
            await stream.send_message(api.SandboxWaitResponse(result=result))

        async def SandboxTerminateV2(self, stream):
            request = await stream.recv_message()
            sandbox = state.sandboxes.get(request.sandbox_id)
            if sandbox is None:
                raise GRPCError(Status.NOT_FOUND, "no sandbox " + request.sandbox_id)
            if not sandbox.ended.is_set():
                state.terminated.append(request.sandbox_id)
            sandbox.ended.set()
            for execution in state.executions.get(request.sandbox_id.replace("sb-", "ta-"), []):
                execution.kill()
            machines.remove_tree(state.folder(request.sandbox_id))
            await stream.send_message(api.SandboxTerminateResponse())

        async def SandboxListV2(self, stream):
            request = await stream.recv_message()
            wanted = {(tag.tag_name, tag.tag_value) for tag in request.tags}
            alive = [] if request.before_timestamp else [
                api.SandboxInfo(id=name, app_id="ap-1", created_at=1) for name in state.alive()
                if wanted <= state.sandboxes[name].tags]
            await stream.send_message(api.SandboxListResponse(sandboxes=alive))

        async def SandboxGetCommandRouterAccess(self, stream):
            await stream.recv_message()
            await stream.send_message(
                api.SandboxGetCommandRouterAccessResponse(jwt=token(), url=state.url))

        # A sandbox found again by its ID may be asked after by either generation of methods.
        SandboxWait = SandboxWaitV2
        SandboxGetTaskId = SandboxGetTaskIdV2
        SandboxTerminate = SandboxTerminateV2

        async def TaskGetCommandRouterAccess(self, stream):
            await stream.recv_message()
            await stream.send_message(
                api.TaskGetCommandRouterAccessResponse(jwt=token(), url=state.url))

    return Api()


def make_router(state):
    found = {}

    class Router(counted(TaskCommandRouterBase, state)):
        async def TaskExecStart(self, stream):
            request = await stream.recv_message()
            if request.exec_id not in found:
                sandbox_id = request.task_id.replace("ta-", "sb-")
                sandbox = state.sandboxes.get(sandbox_id)
                if sandbox is None or sandbox.ended.is_set():
                    raise GRPCError(Status.NOT_FOUND, "no running sandbox " + sandbox_id)
                pipe = asyncio.subprocess.PIPE
                process = await asyncio.create_subprocess_exec(
                    *machines.rooted(state.folder(sandbox_id), state.mount_point,
                                     request.workdir or sandbox.image.workdir,
                                     list(request.command_args)),
                    stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True,
                    env={**os.environ, "HOME": "/tmp", **sandbox.image.env,
                         **sandbox.env, **request.env})
                found[request.exec_id] = Execution(process)
                state.executions.setdefault(request.task_id, []).append(found[request.exec_id])
            await stream.send_message(router.TaskExecStartResponse())

        async def TaskExecStdioRead(self, stream):
            request = await stream.recv_message()
            execution, offset = found[request.exec_id], request.offset
            which = int(
                request.file_descriptor == router.TASK_EXEC_STDIO_FILE_DESCRIPTOR_STDERR)
            output = execution.output[which]
            while True:
                async with execution.changed:
                    await execution.changed.wait_for(
                        lambda: len(output) > offset or execution.ended[which])
                    data = bytes(output[offset:offset + 1048576])
                if not data:
                    return
                offset += len(data)
                await stream.send_message(router.TaskExecStdioReadResponse(data=data))

        async def TaskExecStdinWrite(self, stream):
            request = await stream.recv_message()
            execution = found[request.exec_id]
            fresh = request.data[max(execution.written - request.offset, 0):]
            execution.written += len(fresh)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                execution.process.stdin.write(fresh)
                await execution.process.stdin.drain()
            if request.eof:
                execution.closed = True
                execution.process.stdin.close()
            await stream.send_message(router.TaskExecStdinWriteResponse())

        async def TaskExecWait(self, stream):
            request = await stream.recv_message()
            execution = found[request.exec_id]
            code = await execution.process.wait()
            await stream.send_message(router.TaskExecWaitResponse(code=code) if code >= 0
                                      else router.TaskExecWaitResponse(signal=-code))

    return Router()


@contextlib.contextmanager
def running():
    """Serves in a thread of its own; yields the State and removes every folder at the end."""
    state, loop = State(), asyncio.new_event_loop()
    state.loop = loop
    ready, stop = threading.Event(), asyncio.Event()

    async def serve():
        server = Server([make_api(state), make_router(state)])
        await server.start("127.0.0.1", 0)
        port = server._server.sockets[0].getsockname()[1]
        state.url = "http://127.0.0.1:%d" % port
        ready.set()
        await stop.wait()
        for execution in itertools.chain.from_iterable(state.executions.values()):
            execution.kill()
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        if not ready.wait(30):
            raise RuntimeError("the servicer did not start")
        yield state
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        state.blobs.close()
        machines.remove_tree(state.root)


if __name__ == "__main__":
    with running() as started:
        print(started.url, flush=True)
        sys.stdin.read()
