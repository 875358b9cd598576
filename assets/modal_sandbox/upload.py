"""Copies folders into sandboxes."""

import os
import tarfile
import tempfile

from .client import explained
from .failure import Failure
from .streams import WRITE_BYTES, follow, write_all


async def send_folder(sandboxes, sandbox_id, local, remote):
    """All of a folder, into a folder that is made where it is missing."""
    if not os.path.isdir(local):
        raise Failure(f"cannot copy {local}: there is no such folder")
    sandbox = await sandboxes.find(sandbox_id)
    with tempfile.TemporaryFile() as packed, explained(f"cannot copy {local} to {remote}"):
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(local, arcname=".")
        packed.seek(0)
        process = await sandbox.exec.aio(
            "sh", "-c", 'mkdir -p "$0" && exec tar -C "$0" -xf -', remote, text=False)
        while piece := packed.read(WRITE_BYTES):
            await write_all(process.stdin, piece, end=False)
        await write_all(process.stdin, b"")
        said = []
        status = await follow(process, lambda _, piece: said.append(piece))
    if status != 0:
        words = b"".join(said).decode(errors="replace").strip()
        raise Failure(f"cannot copy {local} to {remote}: {words or f'exit status {status}'}")
