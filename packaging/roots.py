"""Small systems to install packages in, that have nothing of what the build had.

Made from the mirror that this machine's own apt is configured with. They are kept, as they take
minutes; what is installed in one for a check is done in a copy-on-write layer that goes with it.
"""

import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

class Debian(NamedTuple):
    suite: str
    architecture: str = ""  # as dpkg calls it; "": this machine's


DEBIANS = {"debian-11": Debian("bullseye"), "debian-12": Debian("bookworm"),
           "debian-13": Debian("trixie"), "debian-12-arm64": Debian("bookworm", "arm64")}
# Programs of other machines run in an emulator that the kernel starts for them: by the first bytes of
# their files and which of their bits count (binfmt_misc; the kernel's admin-guide/binfmt-misc).
BINFMT = pathlib.Path("/proc/sys/fs/binfmt_misc")
EMULATORS = {
    "arm64": ("/usr/bin/qemu-aarch64-static",
              r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
              r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"),
}
# Where the system's own pytest is older than what Offload runs: its Python, and what pip gets for it.
# The last release whose requirements are the same for this Python and for the one that runs pip.
NEWER_PYTEST = {"bullseye": ("3.9", "pytest==7.1.*")}
INCLUDED = "python3-pytest,python3-venv,python3-pip"
# What musl's system is put together from, and what its root has of them.
MUSL_PACKAGES = ("musl", "busybox-static")


def mirror():
    asked = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                            "Created-By: Packages"], check=True, text=True, stdout=subprocess.PIPE)
    if not asked.stdout:
        raise SystemExit("apt-get names no mirror: run `apt-get update` first")
    return asked.stdout.split()[0]


def made_for(packages):
    """The names of the Debian systems that there is a package for."""
    own = own_architecture()
    return [name for name, system in DEBIANS.items()
            if list(packages.glob(f"*_{system.architecture or own}.deb"))]


def once(folder, make):
    """Calls make(folder) where there is no such folder yet; half a one is made again."""
    done = folder.with_name(f"{folder.name}.made")
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(folder)
        done.touch()
    return folder


def own_architecture():
    return subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def emulate(architecture):
    """Lets the kernel run its programs, in every root. Stays so until the next start of the machine."""
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], check=True)
    emulator, magic, mask = EMULATORS[architecture]
    name = pathlib.Path(emulator).name.removesuffix("-static")
    if not (BINFMT / name).exists():
        (BINFMT / "register").write_text(f":{name}:M::{magic}:{mask}:{emulator}:F")


def debian(folder, system):
    architecture = system.architecture or own_architecture()
    if architecture != own_architecture():
        emulate(architecture)
    suite = system.suite

    def make(place):
        log = place.with_name(f"{place.name}.log")
        with log.open("wb") as output:
            made = subprocess.run(["debootstrap", "--variant=minbase", f"--include={INCLUDED}",
                                   f"--arch={architecture}", suite, place, mirror()],
                                  stdout=output, stderr=output, check=False)
        if made.returncode != 0:
            raise SystemExit(f"debootstrap could not make {place}: see {log}")
        if suite in NEWER_PYTEST:
            python, requirement = NEWER_PYTEST[suite]
            subprocess.run([sys.executable, "-m", "pip", "install", "--quiet",
                            "--root-user-action=ignore", "--no-compile",
                            "--python-version", python, "--only-binary=:all:", "--target",
                            place / f"usr/local/lib/python{python}/dist-packages", requirement],
                           check=True)

    return once(folder, make)


def musl(folder):
    """busybox, and the C library of Alpine and its like; nothing of glibc."""
    def make(place):
        with tempfile.TemporaryDirectory(dir=place.parent) as packages:
            # So that apt's own user may write into it.
            pathlib.Path(packages).chmod(0o777)
            subprocess.run(["apt-get", "download", "-qq", *MUSL_PACKAGES], cwd=packages, check=True)
            for package in pathlib.Path(packages).glob("*.deb"):
                subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
        for name in ("dev", "proc", "tmp", "root", "etc", "usr/bin"):
            (place / name).mkdir(parents=True, exist_ok=True)
        # A program of musl's, that cannot run where its loader is not in place.
        subprocess.run(["musl-gcc", "-x", "c", "-", "-o", place / "usr/bin/uses-musl"], check=True,
                       text=True, input='#include <stdio.h>\nint main(void) { puts("musl"); }\n')
        subprocess.run(["chroot", place, "/bin/busybox", "--install", "-s", "/usr/bin"], check=True)
        for name in ("sh", "env"):
            (place / "bin" / name).unlink(missing_ok=True)
            (place / "bin" / name).symlink_to("/bin/busybox")

    return once(folder, make)


class Session:
    """A root in which commands run, without network, until the end of the `with`."""

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.place = pathlib.Path(self.scratch.name)
        subprocess.run(["mount", "-t", "tmpfs", "offload-check", self.place], check=True)
        for name in ("upper", "work", "merged"):
            (self.place / name).mkdir()
        self.merged = self.place / "merged"
        layers = f"lowerdir={self.root},upperdir={self.place}/upper,workdir={self.place}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.merged], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.merged], check=False)
        subprocess.run(["umount", self.place], check=False)
        self.scratch.cleanup()

    def run(self, script, *, expected=0):
        """What /bin/sh says and writes in there. Another exit status than expected is an error."""
        # The mounts and processes are the script's own, and end with it.
        inside = (f"mount -t proc proc {shlex.quote(str(self.merged))}/proc && "
                  f"mount --rbind /dev {shlex.quote(str(self.merged))}/dev && "
                  f'exec chroot {shlex.quote(str(self.merged))} /bin/sh -euc "$1"')
        ran = subprocess.run(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "/bin/sh", "-euc",
             inside, "sh", script], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "HOME": "/root", "LC_ALL": "C.UTF-8"})
        if ran.returncode != expected:
            raise AssertionError(f"in {self.root.name}: {script}\nexit status {ran.returncode}, "
                                 f"expected {expected}:\n{ran.stdout}")
        return ran.stdout
