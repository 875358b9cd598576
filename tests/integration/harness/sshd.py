"""An sshd on the loopback interface with keys that are thrown away."""

import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import unittest

from .processes import wait_until


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


class Sshd:
    """`config`: a file for ssh -F that knows the host "box"."""

    def __init__(self, folder):
        sshd = find("sshd")
        if sshd is None or find("ssh-keygen") is None or find("ssh") is None:
            raise unittest.SkipTest("no sshd: install openssh-server and openssh-client")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        make_key(self.folder / "host")
        make_key(self.folder / "user")
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.folder}/host\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nPidFile none\nUsePAM no\n"
            "StrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
            "MaxStartups 100\n")
        self.config = self.folder / "ssh_config"
        self.config.write_text(
            f"Host box\n  HostName 127.0.0.1\n  Port {self.port}\n  User {getpass.getuser()}\n"
            f"  IdentityFile {self.folder}/user\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.folder}/known\n  StrictHostKeyChecking accept-new\n")
        self.log = self.folder / "log"
        self.process = subprocess.Popen(
            [sshd, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(self.log)],
            stdin=subprocess.DEVNULL, env={"PATH": os.environ.get("PATH", "")})
        if not wait_until(self.answers, 30):
            log = self.log.read_text() if self.log.exists() else ""
            self.stop()
            raise unittest.SkipTest(f"sshd lets nobody in here: {log[-400:]}")

    def answers(self):
        if self.process.poll() is not None:
            return False
        return subprocess.run(["ssh", "-F", str(self.config), "-o", "BatchMode=yes", "box", "true"],
                              stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
