"""offload-VERSION-MACHINE-linux.tar.gz: one folder, to be unpacked anywhere."""

import gzip
import io
import tarfile

from payload import NAME


def add(tar, name, mode, time, content=None):
    """A file, or without content a folder; owned by root, whoever builds."""
    info = tarfile.TarInfo(name)
    info.mode, info.mtime = mode, time
    info.uname = info.gname = "root"
    if content is None:
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    else:
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


def folders_of(paths):
    """All that the paths lie in, outer before inner."""
    found = set()
    for path in paths:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return sorted(found)


def write(build, out):
    top = f"{NAME}-{build.version}-{build.machine}-linux"
    path = out / f"{top}.tar.gz"
    names = {f"{top}/{entry.path}": entry for entry in build.entries}
    # gzip would otherwise note its own time, and the name of the file.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in folders_of(names):
            add(tar, folder, 0o755, build.time)
        for name, entry in sorted(names.items()):
            add(tar, name, entry.mode, build.time, entry.content)
    return path
