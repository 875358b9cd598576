"""A Python wheel whose script is the binary itself, as `pip install` takes it.

Format: the binary distribution format of the Python packaging user guide (PEP 427); the tags are
those of PEP 600 and PEP 656. A program that needs no library runs wherever the oldest of them hold.
"""

import base64
import hashlib
import time
import zipfile

from payload import DESCRIPTION, NAME, SUMMARY

PLATFORMS = {
    machine: (f"manylinux2014_{machine}", f"manylinux_2_17_{machine}", f"musllinux_1_1_{machine}")
    for machine in ("x86_64", "aarch64")
}
EARLIEST = 315532800  # the first time that a ZIP archive can tell, 1980


def place_in_wheel(path, data):
    return f"{data}/scripts/{path[4:]}" if path.startswith("bin/") else f"{data}/data/{path}"


def metadata(build):
    return (f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {build.version}\nSummary: {SUMMARY}\n"
            f"License: MIT\nRequires-Python: >=3.6\n\n{DESCRIPTION}\n")


def wheel_file(tags):
    return ("Wheel-Version: 1.0\nGenerator: offload-packaging\nRoot-Is-Purelib: false\n" +
            "".join(f"Tag: {tag}\n" for tag in tags))


def record_line(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


def write(build, out):
    stem = f"{NAME}-{build.version}"
    info, data = f"{stem}.dist-info", f"{stem}.data"
    platforms = PLATFORMS[build.machine]
    licence = next(entry.content for entry in build.entries if entry.path.endswith("/LICENSE"))
    files = [(place_in_wheel(entry.path, data), entry.mode, entry.content)
             for entry in build.entries]
    files += [(f"{info}/METADATA", 0o644, metadata(build).encode()),
              (f"{info}/LICENSE", 0o644, licence),
              (f"{info}/WHEEL", 0o644,
               wheel_file(f"py3-none-{platform}" for platform in platforms).encode())]
    record = "".join(record_line(name, content) for name, _, content in files)
    # Last, as the format recommends, and without a digest of itself.
    files.append((f"{info}/RECORD", 0o644, f"{record}{info}/RECORD,,\n".encode()))
    path = out / f"{stem}-py3-none-{'.'.join(platforms)}.whl"
    moment = time.gmtime(max(build.time, EARLIEST))[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, content in files:
            member = zipfile.ZipInfo(name, moment)
            member.create_system = 3  # Unix, whose modes are in the upper half
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return path
