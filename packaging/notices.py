"""The licences of what the binary holds of others."""

import pathlib
import subprocess

# A file of each, by which Debian's package is found; where there is no folder in it, the compiler
# knows where it is.
HEADERS = "/usr/include"
PARTS = {
    "RE2": f"{HEADERS}/re2/re2.h",
    "fmt": f"{HEADERS}/fmt/format.h",
    "toml++": f"{HEADERS}/toml++/toml.h",
    "CLI11": f"{HEADERS}/CLI/CLI.hpp",
    "tl::expected": f"{HEADERS}/tl/expected.hpp",
    "JSON for Modern C++": f"{HEADERS}/nlohmann/json.hpp",
    "zlib": f"{HEADERS}/zlib.h",
    "Boost": f"{HEADERS}/boost/version.hpp",
    "GNU C library": "libc.a",
    "libstdc++ and libgcc": "libstdc++.a",
}
# Of these Debian lists the holders of each file, which takes megabytes: their one licence is enough,
# which asks for no notice in programs.
SHORT = {"Boost": "BSL-1.0"}
INTRODUCTION = """\
Offload's program is one file, into which parts of others have been linked. Their licences follow.
The GNU C library among them is under the LGPL: Offload's source, from which the program can be
linked with another version of it (`./dev package`), is to be had where you have this package from.
"""


def package_of(path):
    if "/" not in path:
        path = subprocess.run(["g++", f"-print-file-name={path}"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
        path = str(pathlib.Path(path).resolve())
    found = subprocess.run(["dpkg-query", "--search", path], text=True, stdout=subprocess.PIPE,
                           check=False).stdout.splitlines()
    if not found:
        raise SystemExit(f"no Debian package has {path}, so that its licence cannot be told")
    return found[0].split(":")[0]


def under(part, notice):
    line = "=" * 100
    return f"{line}\n{part}\n{line}\n{notice}"


def licence(notice, name):
    """The paragraph of a machine-readable debian/copyright that has the licence's text."""
    for paragraph in notice.split("\n\n"):
        head, _, body = paragraph.strip().partition("\n")
        if head == f"License: {name}" and body:
            return f"{paragraph.strip()}\n"
    raise SystemExit(f"there is no text of {name} among Debian's licences of it")


def text(page_packages=None):
    """`page_packages`: the folder of npm packages that the report's page was bundled from."""
    pieces = [INTRODUCTION]
    for part, path in PARTS.items():
        notice = pathlib.Path("/usr/share/doc", package_of(path), "copyright").read_text(
            errors="replace")
        if part in SHORT:
            notice = licence(notice, SHORT[part])
        pieces.append(under(part, notice))
    if page_packages:
        notice = pathlib.Path(page_packages, "preact", "LICENSE").read_text()
        pieces.append(under("Preact", notice))
    return "\n".join(pieces)
