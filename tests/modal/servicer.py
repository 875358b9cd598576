"""A Modal server on loopback for the real Modal client: `with running() as server: ...`.

Commands run for real, each sandbox in a temporary folder of its own, which is also the HOME of its
commands. Images are recorded, not built: building always succeeds, unless the Dockerfile holds
`RUN false`. `server.calls` counts requests by method; `server.forget_image(id)` makes one vanish.
Answers to methods that are not here are UNIMPLEMENTED, which the client reports by name.
"""

import asyncio
import base64
import collections
import contextlib
import itertools
import json
import os
import shutil
import signal
import tempfile
import threading
import uuid

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
        self.images, self.sandboxes, self.executions = {}, {}, {}
        self.root = tempfile.mkdtemp(prefix="modal-servicer-")
        self.url = None

    def forget_image(self, image_id):
        del self.images[image_id]

    def folder(self, sandbox_id):
        return os.path.join(self.root, sandbox_id)


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
                await function(stream)

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

        async def ImageGetOrCreate(self, stream):
            request = await stream.recv_message()
            image_id = "im-" + uuid.uuid4().hex[:12]
            state.images[image_id] = list(request.image.dockerfile_commands)
            await stream.send_message(api.ImageGetOrCreateResponse(image_id=image_id))

        async def ImageJoinStreaming(self, stream):
            request = await stream.recv_message()
            commands = state.images[request.image_id]
            for number, command in enumerate(commands):
                log = api.TaskLogs(data=command + "\n", file_descriptor=1)
                await stream.send_message(api.ImageJoinStreamingResponse(
                    task_logs=[log], entry_id=str(number + 1)))
            status = FAILURE if "RUN false" in commands else SUCCESS
            await stream.send_message(api.ImageJoinStreamingResponse(
                result=api.GenericResult(status=status), eof=True))

        async def ImageFromId(self, stream):
            request = await stream.recv_message()
            self.need_image(request.image_id)
            await stream.send_message(api.ImageFromIdResponse(image_id=request.image_id))

        def need_image(self, image_id):
            if image_id not in state.images:
                raise GRPCError(Status.NOT_FOUND, "no image " + image_id)

        async def SandboxCreateV2(self, stream):
            request = await stream.recv_message()
            self.need_image(request.definition.image_id)
            sandbox_id = "sb-" + uuid.uuid4().hex[:12]
            state.sandboxes[sandbox_id] = asyncio.Event()
            os.mkdir(state.folder(sandbox_id))
            await stream.send_message(api.SandboxCreateV2Response(
                sandbox_id=sandbox_id, task_id=sandbox_id.replace("sb-", "ta-"),
                command_router_access=api.CommandRouterAccess(jwt=token(), url=state.url)))

        async def SandboxGetTaskIdV2(self, stream):
            request = await stream.recv_message()
            await stream.send_message(api.SandboxGetTaskIdResponse(
                task_id=request.sandbox_id.replace("sb-", "ta-")))

        async def SandboxWaitV2(self, stream):
            request = await stream.recv_message()
            ended = state.sandboxes.get(request.sandbox_id)
            if ended is None:
                raise GRPCError(Status.NOT_FOUND, "no sandbox " + request.sandbox_id)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), max(request.timeout, 0.001))
            result = api.GenericResult(status=TERMINATED) if ended.is_set() else None
            await stream.send_message(api.SandboxWaitResponse(result=result))

        async def SandboxTerminateV2(self, stream):
            request = await stream.recv_message()
            state.sandboxes[request.sandbox_id].set()
            for execution in state.executions.get(request.sandbox_id.replace("sb-", "ta-"), []):
                execution.kill()
            shutil.rmtree(state.folder(request.sandbox_id), ignore_errors=True)
            await stream.send_message(api.SandboxTerminateResponse())

        async def SandboxListV2(self, stream):
            request = await stream.recv_message()
            alive = [] if request.before_timestamp else [
                api.SandboxInfo(id=name, app_id="ap-1", created_at=1)
                for name, ended in state.sandboxes.items() if not ended.is_set()]
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
                folder = state.folder(request.task_id.replace("ta-", "sb-"))
                pipe = asyncio.subprocess.PIPE
                process = await asyncio.create_subprocess_exec(
                    *request.command_args, stdin=pipe, stdout=pipe, stderr=pipe,
                    cwd=request.workdir or folder, start_new_session=True,
                    env={**os.environ, "HOME": folder, **request.env})
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
            await asyncio.gather(*execution.readers)
            await stream.send_message(router.TaskExecWaitResponse(code=code) if code >= 0
                                      else router.TaskExecWaitResponse(signal=-code))

    return Router()


@contextlib.contextmanager
def running():
    """Serves in a thread of its own; yields the State and removes every folder at the end."""
    state, loop = State(), asyncio.new_event_loop()
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
        shutil.rmtree(state.root, ignore_errors=True)
