"""That packages are what their formats say, and the same from one build to the next."""

import base64
import csv
import gzip
import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))
sys.dont_write_bytecode = True

import deb  # noqa: E402
import notices  # noqa: E402
import payload  # noqa: E402
import tarball  # noqa: E402
import wheel  # noqa: E402

BUILD = payload.Build("4.5.6", "x86_64", 1_700_000_001, (
    payload.Entry("bin/offload", 0o755, b"#!/bin/sh\necho 4.5.6\n"),
    payload.Entry("share/doc/offload/LICENSE", 0o644, b"free\n"),
    payload.Entry("share/man/man1/offload.1", 0o644, b".TH OFFLOAD 1\n"),
    payload.Entry("share/zsh/site-functions/_offload", 0o644, b"#compdef offload\n")))


class Formats(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.out = pathlib.Path(scratch.name)

    def test_packages_are_the_same_whoever_makes_them_and_when(self):
        for kind in (tarball, wheel, deb):
            written = []
            for mask in (0o022, 0o077):
                before = os.umask(mask)
                self.addCleanup(os.umask, before)
                folder = self.out / f"{kind.__name__}-{mask:o}"
                folder.mkdir()
                path = kind.write(BUILD, folder)
                written.append((path.name, path.read_bytes()))
            self.assertEqual(written[0], written[1])

    def test_tarball_is_one_folder_of_files_that_root_owns(self):
        with tarfile.open(tarball.write(BUILD, self.out)) as archive:
            members = {member.name: member for member in archive}
        self.assertEqual(list(members), [
            "offload-4.5.6-x86_64-linux", "offload-4.5.6-x86_64-linux/bin",
            "offload-4.5.6-x86_64-linux/share", "offload-4.5.6-x86_64-linux/share/doc",
            "offload-4.5.6-x86_64-linux/share/doc/offload", "offload-4.5.6-x86_64-linux/share/man",
            "offload-4.5.6-x86_64-linux/share/man/man1", "offload-4.5.6-x86_64-linux/share/zsh",
            "offload-4.5.6-x86_64-linux/share/zsh/site-functions",
            "offload-4.5.6-x86_64-linux/bin/offload",
            "offload-4.5.6-x86_64-linux/share/doc/offload/LICENSE",
            "offload-4.5.6-x86_64-linux/share/man/man1/offload.1",
            "offload-4.5.6-x86_64-linux/share/zsh/site-functions/_offload"])
        self.assertEqual(members["offload-4.5.6-x86_64-linux/bin/offload"].mode, 0o755)
        for member in members.values():
            self.assertEqual((member.uid, member.gid, member.uname, member.mtime),
                             (0, 0, "root", BUILD.time))

    def test_wheel_records_each_file_and_names_its_tags_twice(self):
        path = wheel.write(BUILD, self.out)
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
            mode = archive.getinfo("offload-4.5.6.data/scripts/offload").external_attr >> 16
        self.assertEqual(mode, 0o100755)
        self.assertIn("offload-4.5.6.data/data/share/doc/offload/LICENSE", contents)
        record = "offload-4.5.6.dist-info/RECORD"
        rows = {row[0]: row[1:] for row in csv.reader(contents[record].decode().splitlines())}
        self.assertEqual(rows.pop(record), ["", ""])
        self.assertEqual(set(rows), set(contents) - {record})
        for name, (digest, size) in rows.items():
            expected = base64.urlsafe_b64encode(hashlib.sha256(contents[name]).digest())
            self.assertEqual(digest, f"sha256={expected.decode().rstrip('=')}", name)
            self.assertEqual(int(size), len(contents[name]), name)
        tags = [line[5:] for line in
                contents["offload-4.5.6.dist-info/WHEEL"].decode().splitlines()
                if line.startswith("Tag: ")]
        _, _, _, _, platforms = path.stem.split("-")
        self.assertEqual(tags, [f"py3-none-{platform}" for platform in platforms.split(".")])

    def test_deb_installs_and_can_be_verified_and_removed(self):
        root = self.out / "root"
        for folder in ("updates", "info"):
            (root / "var/lib/dpkg" / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        package = deb.write(BUILD, self.out)

        def dpkg(*arguments):
            return subprocess.run(
                ["dpkg", f"--root={root}", f"--log={self.out}/dpkg.log", "--force-not-root",
                 "--force-architecture", "--force-bad-path", *arguments], check=True, text=True,
                stdout=subprocess.PIPE).stdout

        dpkg("--install", package)
        self.assertEqual(
            subprocess.run([root / "usr/bin/offload"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout, "4.5.6\n")
        self.assertTrue((root / "usr/share/doc/offload/copyright").is_file())
        self.assertTrue((root / "usr/share/zsh/vendor-completions/_offload").is_file())
        with gzip.open(root / "usr/share/man/man1/offload.1.gz") as page:
            self.assertEqual(page.read(), b".TH OFFLOAD 1\n")
        self.assertEqual(dpkg("--verify", "offload"), "")
        (root / "usr/bin/offload").write_text("spoilt")
        self.assertIn("usr/bin/offload", dpkg("--verify", "offload"))
        dpkg("--remove", "offload")
        self.assertFalse((root / "usr/bin/offload").exists())

    def test_version_is_said_in_one_place(self):
        said = subprocess.run([os.environ["OFFLOAD_BINARY"], "--version"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        self.assertIn(payload.version_of(), said.split())
        other = self.out / "CMakeLists.txt"
        other.write_text("project(offload LANGUAGES CXX)\n")
        with self.assertRaisesRegex(SystemExit, "CMakeLists.txt"):
            payload.version_of(other)

    def test_program_writes_its_manual_and_completions(self):
        entries = payload.written_by(os.environ["OFFLOAD_BINARY"])
        contents = {entry.path: entry.content for entry in entries}
        self.assertIn(b"\n.SH", contents["share/man/man1/offload-run.1"])
        for path in payload.COMPLETIONS.values():
            self.assertIn(b"offload", contents[path])

    def test_licence_of_each_part_is_told(self):
        text = notices.text()
        for part in notices.PARTS:
            self.assertIn(f"\n{part}\n", text)
        self.assertIn("Boost Software License", text)
        with self.assertRaisesRegex(SystemExit, "/nowhere/of/it.h"):
            notices.package_of("/nowhere/of/it.h")


if __name__ == "__main__":
    unittest.main(verbosity=2)
