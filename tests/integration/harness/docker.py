"""Engines of the scenario's own, Docker's and Podman's, and an image made of files of this machine."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sysconfig
import tarfile
import textwrap
import unittest

from .processes import wait_until
from .sshd import find

# Without rules in the firewall and bridges, which a machine without all rights may lack.
OPTIONS = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--log-level=warn",
           "--exec-opt=native.cgroupdriver=cgroupfs"]
# The second works everywhere, but copies each image for each container.
STORAGE_DRIVERS = ["overlay2", "vfs"]
PROGRAMS = ["sh", "env", "mkdir", "cat", "rm", "base64", "tr", "wc", "gzip", "find", "sleep"]


def libraries_of(program):
    text = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(/[^ )]+)", text)


def cannot(reason):
    """No Engine: a person's machine may lack one, the machine that decides about a change may not."""
    if os.environ.get("CI") == "true":
        raise AssertionError(reason)
    raise unittest.SkipTest(reason)


class Engine:
    """A Docker Engine."""

    def __init__(self, folder):
        daemon, client = find("dockerd"), find("docker")
        if daemon is None or client is None:
            cannot("no Docker Engine here: install docker.io")
        self.prepare(folder, [client])
        self.env = {"DOCKER_HOST": self.address, "DOCKER_BUILDKIT": "0",
                    "DOCKER_CONFIG": str(self.folder / "config")}
        for self.storage in STORAGE_DRIVERS:
            if self.start():
                return
            self.stop()
        cannot(f"no Docker Engine starts here: {self.last_words()}")

    def prepare(self, folder, client):
        if os.geteuid() != 0:
            cannot("only root can start an engine")
        self.client = client
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.address = f"unix://{self.folder}/socket"
        self.log = self.folder / "log"
        self.env = {}

    def command(self):
        return [find("dockerd"), *OPTIONS, f"--storage-driver={self.storage}",
                f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
                f"--pidfile={self.folder}/pid", "-H", self.address]

    def start(self):
        """Whether it answers."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", **self.daemon_env()})
        wait_until(lambda: self.process.poll() is not None or self.answers(), 60)
        return self.process.poll() is None and self.answers()

    def daemon_env(self):
        return {}

    def answers(self):
        return self.docker("version")[0] == 0

    def docker(self, *arguments, **options):
        """(exit status, output)"""
        done = subprocess.run([*self.client, *arguments], env={**os.environ, **self.env},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        return done.returncode, done.stdout.decode(errors="replace").strip()

    def last_words(self):
        return self.log.read_text(errors="replace")[-400:]

    def containers(self):
        return self.docker("ps", "-aq", "--no-trunc")[1].split()

    def sandboxes(self):
        """Running ones, by their idle command."""
        listed = self.docker("ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}")[1]
        return [line.split()[0] for line in listed.splitlines() if "sleep infinity" in line]

    def import_python(self, python, name):
        """An image with a shell, some programs, this interpreter and its pytest."""
        archive = self.folder / "image.tar"
        make_image(python, archive)
        status, said = self.docker("import", "-c", "ENV PATH=/usr/local/bin:/bin", archive, name)
        archive.unlink()
        if status != 0:
            raise AssertionError(said)
        status, said = self.docker("run", "--rm", "--network=none", name, "python3", "-c",
                                   "import pytest")
        if status != 0:
            cannot(f"no container can be started here: {said[-400:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        # What it had running beside itself goes on without it.
        for command in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"{self.folder}/".encode() in command.read_bytes():
                    os.kill(int(command.parent.name), signal.SIGKILL)
            except (OSError, ProcessLookupError):
                pass
        mounts = pathlib.Path("/proc/self/mounts").read_text().splitlines()
        for mount in reversed([line.split()[1] for line in mounts]):
            if mount.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", mount], check=False)


class Podman(Engine):
    """Podman's service, with containers of its own."""

    # It asks for more than a machine without all rights grants, and one of its runtimes refuses
    # machines with both generations of control groups.
    SETTINGS = """
        [containers]
        default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "file"
        runtime = "runc"
        """

    def __init__(self, folder):
        podman = find("podman")
        if podman is None or find("runc") is None:
            cannot("no Podman here: install podman and runc")
        self.prepare(folder, [podman, "--url", f"unix://{folder}/socket"])
        (self.folder / "containers.conf").write_text(textwrap.dedent(self.SETTINGS))
        if not self.start():
            self.stop()
            cannot(f"no Podman service starts here: {self.last_words()}")

    def command(self):
        return [find("podman"), "--root", f"{self.folder}/root", "--runroot", f"{self.folder}/run",
                "--tmpdir", f"{self.folder}/tmp", "--storage-driver", "vfs", "system", "service",
                "--time=0", self.address]

    def daemon_env(self):
        return {"CONTAINERS_CONF": f"{self.folder}/containers.conf", "HOME": str(self.folder)}


def make_image(python, archive):
    query = ("import os, sys, sysconfig, pytest; print(os.path.realpath(sys.executable)); "
             "print(sysconfig.get_path('stdlib')); print(os.path.dirname(pytest.__path__[0])); "
             "print(sysconfig.get_config_var('VERSION'))")
    said = subprocess.run([python, "-c", query], capture_output=True, text=True, check=True)
    interpreter, library, packages, version = said.stdout.split("\n")[:4]
    left_out = {"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "tkinter",
                "ensurepip", "turtledemo", "__pycache__"}

    def wanted(entry):
        name = entry.name.rsplit("/", 1)[-1]
        return None if name in left_out or name.startswith("config-") else entry

    with tarfile.open(archive, "w") as tar:
        there = set()

        def add(path, inside, **options):
            if inside not in there:
                there.add(inside)
                tar.add(os.path.realpath(path), inside, **options)

        programs = [(find(name), f"bin/{name}") for name in PROGRAMS]
        for program, inside in programs + [(interpreter, "usr/local/bin/python3")]:
            add(program, inside)
            for needed in libraries_of(program):
                add(needed, needed.lstrip("/"))
        for folder, _, names in os.walk(os.path.join(library, "lib-dynload")):
            for name in names:
                for needed in libraries_of(os.path.join(folder, name)):
                    add(needed, needed.lstrip("/"))
        add(library, f"usr/local/lib/python{version}", filter=wanted)
        for entry in os.listdir(packages):
            if re.match(r"(_?pytest|py|pluggy|iniconfig|packaging|pygments)(-[\d.]+\.dist-info|\.py)?$", entry):
                add(os.path.join(packages, entry),
                    f"usr/local/lib/python{version}/site-packages/{entry}")
        for folder in ("tmp", "proc", "sys", "dev", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
