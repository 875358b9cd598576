"""Copies files and folders out of sandboxes."""

import os
import shutil
import tarfile
import tempfile

from .client import explained
from .failure import Failure
from .streams import follow


SEND = """if [ -d "$0" ]; then echo folder; exec tar -C "$0" -cf - .; fi
[ -r "$0" ] || { echo "there is no such file" >&2; exit 1; }
echo "file $(($(wc -c < "$0")))" && exec cat "$0"
"""


async def fetch(sandboxes, sandbox_id, remote, local):
    sandbox = await sandboxes.find(sandbox_id)
    parent = os.path.dirname(os.path.abspath(local))
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryFile() as received, explained(f"cannot download {remote}"):
        process = await sandbox.exec.aio("sh", "-c", SEND, remote, text=False)
        errors = []
        status = await follow(process, lambda stream, piece: (
            received.write(piece) if stream == 1 else errors.append(piece)))
        size = received.tell()
        received.seek(0)
        header = received.readline().split()
        if status != 0 or not header:
            said = b"".join(errors).decode(errors="replace").strip()
            raise Failure(f"cannot download {remote}: {said or f'exit status {status}'}")
        if header[0] == b"folder":
            with tarfile.open(fileobj=received, mode="r|") as archive:
                if hasattr(tarfile, "data_filter"):
                    archive.extractall(local, filter="data")
                else:
                    raise Failure("downloading folders needs Python 3.10.12, 3.11.4 or newer")
            return
        if size - received.tell() != int(header[1]):
            raise Failure(f"cannot download {remote}: only a part of it has arrived")
        handle, path = tempfile.mkstemp(dir=parent, prefix=".offload-download-")
        with open(handle, "wb") as file:
            shutil.copyfileobj(received, file)
        os.replace(path, local)
