"""Makes, finds and destroys sandboxes, and starts commands in them."""

import asyncio
import math
import os

from .client import explained, import_modal
from .failure import Failure, say
from .streams import write_all

LIFETIME = 12 * 3600  # seconds, of a sandbox that nobody destroys
LONGEST_LIFETIME = 24 * 3600  # what Modal allows
DESTROYED_AT_ONCE = 100
REFUSALS = {"auth", "busy", "gone"}  # after which there is no sandbox for certain
ARGUMENT_BYTES = 60_000  # Modal takes 64 KiB for all arguments of an exec


class Sandboxes:
    def __init__(self, account, images):
        self.account, self.images = account, images
        self.objects = {}  # those that are not destroyed, by ID
        self.unsure = []  # tags of sandboxes that may come to be although nobody was told of them

    async def create(self, image_id, cpu=None, memory_mib=None, experimental_options=None,
                     lifetime=LIFETIME, tags=None, env=None):
        try:
            return await self.begin(image_id, cpu, memory_mib, experimental_options, lifetime, tags,
                                    env)
        except Exception as error:
            if tags and getattr(error, "kind", None) not in REFUSALS:
                self.unsure.append(tags)
                await self.destroy_tagged(tags)
            raise

    async def begin(self, image_id, cpu, memory_mib, experimental_options, lifetime, tags, env):
        modal, app = import_modal(), await self.account.app()
        with explained("cannot create a sandbox"):
            sandbox = await modal.Sandbox.create.aio(
                "sh", "-c", f"sleep {LONGEST_LIFETIME}", app=app, client=await self.account.client(),
                image=self.images.by_id(image_id), timeout=min(lifetime, LONGEST_LIFETIME),
                cpu=cpu, memory=memory_mib, tags=tags or None, env=env or None,
                experimental_options=experimental_options or None)
        self.objects[sandbox.object_id] = sandbox
        return sandbox.object_id

    async def find(self, sandbox_id):
        if sandbox_id not in self.objects:
            with explained(f"cannot find the sandbox {sandbox_id}"):
                self.objects[sandbox_id] = await import_modal().Sandbox.from_id.aio(
                    sandbox_id, client=await self.account.client())
        return self.objects[sandbox_id]

    async def destroy(self, sandbox_id):
        try:
            sandbox = await self.find(sandbox_id)
            with explained(f"cannot destroy the sandbox {sandbox_id}"):
                await sandbox.terminate.aio()
        except Failure as failure:
            if failure.kind != "gone":  # that is what was wanted
                raise
        self.objects.pop(sandbox_id, None)

    async def tagged(self, tags):
        client, app = await self.account.client(), await self.account.app()
        with explained("cannot list the sandboxes"):
            return [sandbox.object_id async for sandbox in import_modal().Sandbox.list.aio(
                app_id=app.app_id, tags=tags, client=client)]

    async def destroy_each(self, sandbox_ids):
        """Whatever becomes of the others; returns whether all are gone."""
        at_once = asyncio.Semaphore(DESTROYED_AT_ONCE)

        async def destroy(sandbox_id):
            async with at_once:
                await self.destroy(sandbox_id)

        done = await asyncio.gather(*map(destroy, sandbox_ids), return_exceptions=True)
        errors = [error for error in done if isinstance(error, Exception)]
        for error in errors:
            say(f"{error}")
        return not errors

    async def destroy_tagged(self, tags):
        try:
            await self.destroy_each(await self.tagged(tags))
        except Exception as error:
            say(f"{error}")

    async def destroy_all(self):
        await self.destroy_each(list(self.objects))
        # What may have come to be since.
        await asyncio.gather(*map(self.destroy_tagged, self.unsure))

    async def start(self, sandbox_id, script, passes_stdin, timeout=None):
        """A process that runs the script; scripts that are too long for arguments go by stdin."""
        sandbox = await self.find(sandbox_id)
        options = {"text": False, "timeout": timeout and max(1, math.ceil(timeout))}
        with explained(f"cannot run a command in the sandbox {sandbox_id}"):
            if len(script) <= ARGUMENT_BYTES:
                return await sandbox.exec.aio("sh", "-c", os.fsdecode(script), **options)
            keep = ('umask 077; s=$(mktemp) && cat > "$s" && '
                    f'[ "$(($(wc -c < "$s")))" -eq {len(script)} ]')
            if not passes_stdin:
                process = await sandbox.exec.aio(
                    "sh", "-c", f'{keep} || exit 125; sh "$s" < /dev/null; c=$?; rm -f "$s"; exit $c',
                    **options)
                await write_all(process.stdin, script)
                return process
            putting = await sandbox.exec.aio("sh", "-c", keep + ' && echo "$s"', **options)
            await write_all(putting.stdin, script)
            place = b"".join([piece async for piece in putting.stdout]).decode().strip()
            if await putting.wait.aio() != 0 or not place:
                raise Failure(f"cannot write a script to the sandbox {sandbox_id}", kind="gone")
            return await sandbox.exec.aio(
                "sh", "-c", 'sh "$0"; c=$?; rm -f "$0"; exit $c', place, **options)
