"""Which processes a run has left behind, found by a text in their environment."""

import os
import pathlib
import time


def processes_with(marker):
    """{pid: command line} of living processes whose environment holds `marker`; zombies count."""
    wanted = os.fsencode(str(marker))
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if wanted in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = os.fsdecode(command)
        except OSError:
            continue  # it ended meanwhile, or is none of ours
    return found


def wait_until(condition, seconds=30.0):
    """The first true value of condition(), else its last value when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)
