"""The files of docs/ci.md and the action, carried out as far as that goes without the services."""

import os
import re
import shutil
import subprocess

import yaml

from harness import Scenario
from harness.tools import SOURCE

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

    def action(self, given, status=0):
        """What the action's own steps do; those of others are told by what they would leave."""
        action = yaml.safe_load((SOURCE / "action.yml").read_text())
        self.assertLessEqual(set(given), set(action["inputs"]))
        inputs = {name: about["default"] for name, about in action["inputs"].items()}
        inputs.update(given, binary=str(self.binary))

        def filled(text):
            return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1]], text)

        github_path, output = self.root / "github-path", self.root / "github-output"
        for file in (github_path, output):  # each job has a machine of its own
            file.unlink(missing_ok=True)
        done = None
        for step in action["runs"]["steps"]:
            if "run" not in step or "inputs.binary == ''" in step.get("if", ""):
                continue
            env = {name: filled(text) for name, text in step.get("env", {}).items()}
            if github_path.exists():
                env["PATH"] = f"{github_path.read_text().strip()}:{os.environ['PATH']}"
            done = self.shell(
                filled(step["run"]), status if step.get("id") == "run" else 0,
                GITHUB_ACTION_PATH=str(SOURCE), GITHUB_PATH=str(github_path),
                GITHUB_OUTPUT=str(output), RUNNER_TEMP=str(self.root), **env)
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
