"""One command a process."""

import asyncio
import os
import sys
import threading

from .bridge import Bridge
from .client import Account
from .download import fetch
from .failure import Failure, say
from .images import Images
from .plan import Wanted
from .sandboxes import Sandboxes
from .streams import follow, write_all


async def prepare_command(options):
    images = Images(Account())
    for value in options.copy_dir:
        if ":" not in value:
            raise Failure(f"--copy-dir={value} is not LOCAL:REMOTE")
    environment = os.environ.get
    inputs = environment("OFFLOAD_BUILD_INPUTS")
    reports = [environment("OFFLOAD_OUTPUT_DIR", "test-results"),
               environment("OFFLOAD_HISTORY_FILE", "offload-history.jsonl")]
    print(await images.prepare(Wanted(
        dockerfile=options.dockerfile, include_cwd=options.include_cwd, use_cache=options.cached,
        copy_dirs=[value.split(":", 1) for value in options.copy_dir],
        root=environment("OFFLOAD_REPO_ROOT") or environment("OFFLOAD_ROOT"),
        init=environment("OFFLOAD_SANDBOX_INIT_CMD"),
        post_patch=environment("OFFLOAD_POST_PATCH_CMD"),
        build_inputs=inputs if inputs is None else inputs.splitlines(),
        excluded=reports)), file=options.answer)
    return 0


async def create_command(options):
    account = Account()
    print(await Sandboxes(account, Images(account)).create(
        options.image_id, cpu=options.cpu, memory_mib=options.memory), file=options.answer)
    return 0


def forward_stdin(loop, pieces):
    """On a thread of its own: what comes in goes to the queue, then None."""
    while piece := os.read(0, 65536):
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
    loop.call_soon_threadsafe(pieces.put_nowait, None)


async def exec_command(options):
    account = Account()
    sandboxes = Sandboxes(account, Images(account))
    with open(os.devnull, "rb") as null:
        passes_stdin = not os.isatty(0) and not os.path.sameopenfile(0, null.fileno())
    process = await sandboxes.start(options.sandbox_id, os.fsencode(options.command_text), passes_stdin)
    pieces = asyncio.Queue()

    async def feed():
        while (piece := await pieces.get()) is not None:
            await write_all(process.stdin, piece, end=False)
        await write_all(process.stdin, b"")

    if passes_stdin:
        loop = asyncio.get_running_loop()
        threading.Thread(target=forward_stdin, args=(loop, pieces), daemon=True).start()
        feeding = asyncio.create_task(feed())
    outputs = {1: options.answer.buffer, 2: sys.stderr.buffer}

    def show(stream, piece):
        outputs[stream].write(piece)
        outputs[stream].flush()

    status = await follow(process, show)
    if passes_stdin:
        feeding.cancel()
    return status if status >= 0 else 124


async def destroy_command(options):
    account = Account()
    await Sandboxes(account, Images(account)).destroy(options.sandbox_id)
    return 0


async def download_command(options):
    account = Account()
    sandboxes = Sandboxes(account, Images(account))
    status = 0
    for pair in options.paths:
        remote, colon, local = pair.partition(":")
        if not colon or not local:
            raise Failure(f"{pair} is not REMOTE:LOCAL")
        try:
            await fetch(sandboxes, options.sandbox_id, remote, local)
        except Failure as failure:
            say(f"{failure}")
            status = 1
    return status


async def serve_command(options):
    await Bridge(sys.stdin.buffer, options.answer.fileno()).run()
    return 0
