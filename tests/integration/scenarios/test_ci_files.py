"""The files of docs/ci.md and the action, carried out as far as that goes without the services."""

import functools
import http.server
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
import unittest

import yaml

from harness import Scenario
from harness.tools import SOURCE

sys.path.insert(0, str(SOURCE / "packaging"))

import deb  # noqa: E402
import payload  # noqa: E402
import tarball  # noqa: E402
import wheel  # noqa: E402

TESTS = {f"t{i}": "pass" for i in range(7)}
ACTION = "your-organisation/offload@main"


def files():
    """{first line: content} of all YAML files in the page."""
    page = (SOURCE / "docs/ci.md").read_text()
    blocks = re.findall(r"^```yaml\n(# [^\n]*)\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == page.count("```yaml"), "a file without its name"
    return [(name[2:], yaml.safe_load(text)) for name, text in blocks]


def lines(script):
    return script if isinstance(script, str) else "\n".join(script)


class CiFiles(Scenario):
    def setUp(self):
        super().setUp()
        self.runner = self.fake_project(TESTS)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        (self.bin / "offload").symlink_to(self.binary)
        for other in ("pip", "buildkite-agent"):  # what the files call, and nobody here asks about
            (self.bin / other).write_text("#!/bin/sh\n")
            (self.bin / other).chmod(0o755)
        self.path = f"{self.bin}:{os.environ['PATH']}"

    def shell(self, script, status=0, **env):
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=self.project, text=True, capture_output=True,
            env={**self.env, "PATH": self.path, **env}, timeout=self.timeout)
        self.note_runs()
        self.assertEqual(done.returncode, status, f"{script}\n{done.stdout}\n{done.stderr}")
        return done

    def expect_all_ran_once(self):
        self.assertEqual(self.runner.executed(), dict.fromkeys(TESTS, 1))
        report = (self.output_dir / "junit.xml").read_text()
        for name in TESTS:
            self.assertIn(f'name="{name}"', report)

    def file(self, name, *, sharded):
        one, several = [content for place, content in files() if place.startswith(name)]
        return several if sharded else one

    # --- GitHub

    def action(self, given, status=0, *, source=SOURCE, fails_at=None):
        """What the action's own steps do; those of others are told by what they would leave.

        Without `binary` and `package` it is built from `source`. `fails_at`: the script that fails.
        """
        action = yaml.safe_load((SOURCE / "action.yml").read_text())
        self.assertLessEqual(set(given), set(action["inputs"]))
        inputs = {name: about["default"] for name, about in action["inputs"].items()}
        if source is SOURCE and "package" not in given:
            inputs["binary"] = str(self.binary)
        inputs.update(given)

        def filled(text):
            return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1]], text)

        def wanted(step):
            terms = re.findall(r"inputs\.([\w-]+) ([!=])= ''", step.get("if", ""))
            return all((inputs[name] == "") == (sign == "=") for name, sign in terms)

        github_path, output = self.root / "github-path", self.root / "github-output"
        for file in (github_path, output):  # each job has a machine of its own
            file.unlink(missing_ok=True)
        done = None
        for step in action["runs"]["steps"]:
            if "run" not in step or not wanted(step):
                continue
            env = {name: filled(text) for name, text in step.get("env", {}).items()}
            if github_path.exists():
                env["PATH"] = f"{github_path.read_text().strip()}:{os.environ['PATH']}"
            failing = fails_at is not None and fails_at in step["run"]
            done = self.shell(
                filled(step["run"]), status if failing or step.get("id") == "run" else 0,
                GITHUB_ACTION_PATH=str(source), GITHUB_PATH=str(github_path),
                GITHUB_OUTPUT=str(output), RUNNER_TEMP=str(self.root), **env)
            if failing:
                return done
        self.assertIn(f"status={status}\n", output.read_text())
        return done

    def github_job(self, job, shard=""):
        for step in job["steps"]:
            if "run" in step:
                self.shell(step["run"])
            elif step["uses"] == ACTION:
                given = {name: value.replace("${{ matrix.shard }}", shard)
                         for name, value in step["with"].items()}
                self.action(given)
                if given.get("report"):
                    shutil.copytree(self.output_dir, self.project / "shards" / given["report"])
            else:
                self.assertRegex(step["uses"], r"^actions/[\w/-]+@v\d+$")

    def test_github_single(self):
        self.github_job(self.file(".github", sharded=False)["jobs"]["test"])
        self.expect_all_ran_once()

    def test_github_shards(self):
        jobs = self.file(".github", sharded=True)["jobs"]
        for name, job in jobs.items():
            for shard in job.get("strategy", {}).get("matrix", {}).get("shard", [""]):
                shutil.rmtree(self.output_dir, ignore_errors=True)
                self.github_job(job, str(shard))
        self.expect_all_ran_once()

    def test_the_action_keeps_the_status_and_expands_nothing(self):
        done = self.action({"arguments": "--filter 'name(t1) or $(touch evil)'"}, status=1)
        self.assertFalse((self.project / "evil").exists())
        self.assertIn("(touch evil)", done.stderr)
        page = (SOURCE / "docs/ci.md").read_text()
        for name in yaml.safe_load((SOURCE / "action.yml").read_text())["inputs"]:
            self.assertIn(f"`{name}`", page)

    def test_the_action_installs_what_it_is_given(self):
        """A package, or a word about what is wrong with it."""
        folder = self.root / "offload-1-linux/bin"
        folder.mkdir(parents=True)
        # The program itself is large, and takes long to pack.
        (folder / "offload").write_text(f'#!/bin/sh\nexec "{self.binary}" "$@"\n')
        (folder / "offload").chmod(0o755)
        package = self.root / "offload.tar.gz"
        subprocess.run(["tar", "-C", self.root, "-czf", package, "offload-1-linux"], check=True)
        install = f"{SOURCE}/action/install.sh"
        env = {"RUNNER_TEMP": str(self.root), "GITHUB_PATH": str(self.root / "path")}
        done = self.shell(install, OFFLOAD_PACKAGE=str(package), **env)
        self.assertRegex(done.stdout, r"^offload \d")
        installed = (self.root / "path").read_text().strip()
        self.shell(f"{installed}/offload --version")
        for given, said in (({"OFFLOAD_BINARY": "gone"}, "there is no program gone"),
                            ({"OFFLOAD_PACKAGE": "gone.deb"}, "there is no package gone.deb"),
                            ({"OFFLOAD_PACKAGE": "offload.toml"}, "neither .deb nor")):
            done = self.shell(install, status=1, **given, **env)
            self.assertIn("::error title=Offload could not be installed::", done.stdout)
            self.assertIn(said, done.stdout)
        key = self.shell(f"{SOURCE}/action/source-key.sh").stdout
        self.assertRegex(key, r"^key=[0-9a-f]{64}\n$")

    def packages(self):
        """One of each format, as they are released, but for the program: it would take long to pack."""
        program = f'#!/bin/sh\nexec "{self.binary}" "$@"\n'.encode()
        build = payload.Build("1.0.0", os.uname().machine, 1_700_000_001, (
            payload.Entry("bin/offload", 0o755, program),
            payload.Entry("share/bash-completion/completions/offload", 0o644, b"# no program\n"),
            payload.Entry("share/doc/offload/LICENSE", 0o644, b"free\n")))
        folder = self.root / "packages"
        folder.mkdir()
        return [kind.write(build, folder) for kind in (deb, wheel, tarball)]

    def test_the_action_runs_what_is_in_a_package(self):
        place = self.root / "offload-action"
        for package, where in zip(self.packages(), ("usr/bin", "bin", "offload-1.0.0-*/bin")):
            with self.subTest(package.suffix):
                shutil.rmtree(self.output_dir, ignore_errors=True)
                self.action({"package": str(package)})
                self.assertTrue((self.output_dir / "junit.xml").exists())
                # It is this one's, although another step has had another.
                [program] = place.glob(f"unpacked/{where}/offload")
                self.assertEqual((place / "bin/offload").resolve(), program)

    def test_a_package_that_is_none_is_named(self):
        for suffix, said in ((".deb", "cannot be unpacked"), (".whl", "cannot be installed"),
                             (".tar.gz", "cannot be unpacked")):
            broken = self.root / f"offload-1.0.0-py3-none-any{suffix}"
            broken.write_text("not this\n")
            done = self.action({"package": str(broken)}, status=1, fails_at="install.sh")
            self.assertIn("::error title=Offload could not be installed::", done.stdout)
            self.assertIn(said, done.stdout)

    @unittest.skipIf(shutil.which("openssl") is None or shutil.which("curl") is None,
                     "no openssl and curl here")
    def test_the_action_fetches_a_package(self):
        package = self.packages()[0]
        key, certificate = self.root / "key.pem", self.root / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        class Files(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Files, directory=str(package.parent)))
        self.addCleanup(server.server_close)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.env.update(CURL_CA_BUNDLE=str(certificate), no_proxy="localhost")
        place = f"https://localhost:{server.server_port}"
        self.action({"package": f"{place}/{package.name}?token=a/b"})
        self.expect_all_ran_once()
        done = self.action({"package": f"{place}/gone.deb"}, status=1, fails_at="install.sh")
        self.assertIn("gone.deb could not be fetched", done.stdout)

    def source_tree(self, build):
        """The action beside a source that is built quickly; `build` is what `./dev build` does."""
        tree = self.root / "source tree"
        for name in ("CMakeLists.txt", "CMakePresets.json", "assets/a", "cmake/c", "src/s", "web/w",
                     "docs/d"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name)
        shutil.copytree(SOURCE / "action", tree / "action")
        (tree / "dev").write_text(f'#!/bin/sh\n[ "$*" = build ] || exit 9\n{build}\n')
        (tree / "dev").chmod(0o755)
        return tree

    def test_the_action_builds_its_own_source(self):
        tree = self.source_tree(
            'mkdir -p build/release/bin && echo "$CCACHE_DIR" > cache && echo compiling\n'
            f'ln -sf "{self.binary}" build/release/bin/offload')
        self.action({}, source=tree)
        self.expect_all_ran_once()
        # What is kept for the next time is what the compiler's cache was told to use.
        steps = yaml.safe_load((SOURCE / "action.yml").read_text())["runs"]["steps"]
        kept = next(step["with"]["path"] for step in steps if "build" in step.get("with", {}).get("key", ""))
        self.assertEqual((tree / "cache").read_text().strip(), kept.replace("~", self.env["HOME"]))

        def key():
            return self.shell(f'"{tree}/action/source-key.sh"').stdout

        first = key()
        (tree / "docs/d").write_text("other")
        self.assertEqual(key(), first)
        (tree / "src/s").write_text("other")
        self.assertNotEqual(key(), first)

    def test_a_source_that_cannot_be_built_is_an_error_of_the_step(self):
        tree = self.source_tree("echo no compiler; exit 2")
        done = self.action({}, status=1, source=tree, fails_at="install.sh")
        self.assertRegex(done.stdout, r"(?s)::group::Building.*no compiler.*::endgroup::\n::error title=")

    # --- GitLab

    def gitlab(self, pipeline):
        for name, job in pipeline.items():
            if name == "default":
                continue
            count = job.get("parallel", 1)
            for index in range(1, count + 1):
                shutil.rmtree(self.output_dir, ignore_errors=True)
                env = {"GITLAB_CI": "true", "CI_NODE_INDEX": str(index), "CI_NODE_TOTAL": str(count)}
                self.shell(lines(job["script"]), **env)
                self.shell(lines(job.get("after_script", "")), **env)
                report = job["artifacts"].get("reports", {}).get("junit")
                self.assertTrue(report is None or (self.project / report).is_file())

    def test_gitlab_single(self):
        self.gitlab(self.file(".gitlab", sharded=False))
        self.expect_all_ran_once()

    def test_gitlab_shards(self):
        self.gitlab(self.file(".gitlab", sharded=True))
        self.expect_all_ran_once()

    # --- Buildkite

    def buildkite(self, pipeline):
        for step in pipeline["steps"]:
            count = step.get("parallelism", 1)
            for index in range(count if "command" in step else 0):
                shutil.rmtree(self.output_dir, ignore_errors=True)
                self.shell(lines(step["command"]).replace("$$", "$"), BUILDKITE="true",
                           BUILDKITE_PARALLEL_JOB=str(index),
                           BUILDKITE_PARALLEL_JOB_COUNT=str(count))

    def test_buildkite_single(self):
        self.buildkite(self.file(".buildkite", sharded=False))
        self.expect_all_ran_once()

    def test_buildkite_shards(self):
        self.buildkite(self.file(".buildkite", sharded=True))
        self.expect_all_ran_once()
