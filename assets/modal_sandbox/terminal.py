"""A command in a sandbox as if it were one here: input, output, exit status."""

import asyncio
import os
import sys
import threading

from .streams import follow, write_all

TIMED_OUT = 124  # the exit status, as timeout(1) has it


def forward_stdin(loop, pieces):
    """On a thread of its own: what comes in goes to the queue, then None."""
    while piece := os.read(0, 65536):
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
    loop.call_soon_threadsafe(pieces.put_nowait, None)


async def attached(sandboxes, sandbox_id, command, answer):
    """Runs the command; its standard output goes to `answer`. Returns the exit status."""
    with open(os.devnull, "rb") as null:
        passes_stdin = not os.isatty(0) and not os.path.sameopenfile(0, null.fileno())
    process = await sandboxes.start(sandbox_id, os.fsencode(command), passes_stdin)
    pieces = asyncio.Queue()

    async def feed():
        while (piece := await pieces.get()) is not None:
            await write_all(process.stdin, piece, end=False)
        await write_all(process.stdin, b"")

    if passes_stdin:
        loop = asyncio.get_running_loop()
        threading.Thread(target=forward_stdin, args=(loop, pieces), daemon=True).start()
        feeding = asyncio.create_task(feed())
    outputs = {1: answer.buffer, 2: sys.stderr.buffer}

    def show(stream, piece):
        outputs[stream].write(piece)
        outputs[stream].flush()

    status = await follow(process, show)
    if passes_stdin:
        feeding.cancel()
    return status if status >= 0 else TIMED_OUT
