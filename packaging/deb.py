"""offload_VERSION_ARCHITECTURE.deb: for any Debian and Ubuntu, as it depends on nothing."""

import gzip
import hashlib
import os
import pathlib
import subprocess
import tempfile
import textwrap

from payload import DESCRIPTION, NAME, SUMMARY, Entry

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def placed(entry):
    """Where Debian's policy has it, and as: zsh's functions of packages apart, the manual packed."""
    if entry.path.startswith("share/zsh/"):
        return entry._replace(path=entry.path.replace("site-functions", "vendor-completions"))
    if entry.path.startswith("share/man/"):
        return Entry(f"{entry.path}.gz", entry.mode, gzip.compress(entry.content, 9, mtime=0))
    if entry.path.endswith("/LICENSE"):
        return entry._replace(path=entry.path.replace("LICENSE", "copyright"))
    return entry


def control(build, entries):
    size = sum((len(entry.content) + 1023) // 1024 for entry in entries)
    long = textwrap.fill(DESCRIPTION, 78, initial_indent=" ", subsequent_indent=" ")
    return (f"Package: {NAME}\nVersion: {build.version}\n"
            f"Architecture: {ARCHITECTURES[build.machine]}\nSection: devel\nPriority: optional\n"
            f"Maintainer: The Offload authors <maintainers@offload.invalid>\nInstalled-Size: {size}\n"
            f"Suggests: git\nDescription: {SUMMARY}\n{long}\n")


def write(build, out):
    path = out / f"{NAME}_{build.version}_{ARCHITECTURES[build.machine]}.deb"
    entries = sorted(placed(entry) for entry in build.entries)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder, "root")
        files = {pathlib.Path("usr", entry.path): entry for entry in entries}
        digests = "".join(f"{hashlib.md5(entry.content).hexdigest()}  {name}\n"
                          for name, entry in files.items())
        files[pathlib.Path("DEBIAN/control")] = Entry("", 0o644, control(build, entries).encode())
        files[pathlib.Path("DEBIAN/md5sums")] = Entry("", 0o644, digests.encode())
        for name, entry in files.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(entry.content)
            place.chmod(entry.mode)
        for directory, _, _ in os.walk(root):
            os.chmod(directory, 0o755)
        # xz, which the dpkg of every supported Debian and Ubuntu reads.
        subprocess.run(["dpkg-deb", "-Zxz", "--root-owner-group", "--build", root, path], check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "SOURCE_DATE_EPOCH": str(build.time)})
    return path
