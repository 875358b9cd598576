"""Input and output of commands in sandboxes."""

import asyncio

from .client import explained

WRITE_BYTES = 4 << 20  # of one write to a command's standard input
LATE_OUTPUT = 2  # seconds without output after which an ended command's streams are given up


async def write_all(stdin, content, end=True):
    for at in range(0, len(content), WRITE_BYTES):
        stdin.write(content[at:at + WRITE_BYTES])
        await stdin.drain.aio()
    if end:
        stdin.write_eof()
        await stdin.drain.aio()


async def follow(process, on_output):
    """Hands on the process's output, (1 or 2, bytes), to its end; returns the exit status."""
    heard = 0

    async def pump(number, stream):
        nonlocal heard
        async for piece in stream:
            heard += 1
            on_output(number, piece)

    with explained("the connection to the command was lost", "gone"):
        pumps = {asyncio.create_task(pump(1, process.stdout)),
                 asyncio.create_task(pump(2, process.stderr))}
        try:
            status = await process.wait.aio()
            left = pumps
            while left:  # what the command started may hold the streams open
                before = heard
                _, left = await asyncio.wait(left, timeout=LATE_OUTPUT)
                if left and heard == before:
                    break
            for task in pumps - left:
                task.result()
        finally:
            for task in pumps:
                task.cancel()
    return status
