"""type = "modal", from the binary to the results."""

import hashlib
import os
import shutil
import signal
import unittest
from pathlib import Path

from modal_scenario import PYTEST, CargoScenario, ModalScenario, Status, variables

DOCKERFILE = "FROM python:3.11\n"
SLEEPER = """
import pathlib, pytest, time
@pytest.mark.parametrize("n", range({count}))
def test_it(n):
    time.sleep({seconds})
"""


def bridges(scenario):
    """Process IDs of the interpreters that serve the scenario's run."""
    found = []
    for pid in scenario.processes():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if words[-2:-1] == [b"serve"] and b"python" in words[0]:
            found.append(pid)
    return found


class Runs(ModalScenario):
    def test_passing_and_failing_tests(self):
        self.modal_project({
            "tests/test_a.py": """
                import os
                def test_in_app(): assert os.getcwd() == os.environ["OFFLOAD_ROOT"] == "/app"
                def test_bad(): assert "its words" == ""
                """,
        })
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"tests/test_a.py::test_in_app": "passed",
                             "tests/test_a.py::test_bad": "failure"})
        self.assertIn("its words", "".join(run.logs().values()))

    def test_fifty_sandboxes_run_a_real_suite(self):
        files = {f"tests/test_{i}.py": f"""
            import pytest, time
            @pytest.mark.parametrize("n", range(10))
            def test_case(n):
                time.sleep(0.2)
                assert (n, {i}) != (3, 7)
            """ for i in range(20)}
        self.modal_project(files, slots=50)
        run = self.offload("run", timeout=280).expect_exit(1)
        expected = {f"tests/test_{i}.py::test_case[{n}]": "passed"
                    for i in range(20) for n in range(10)}
        expected["tests/test_7.py::test_case[3]"] = "failure"
        run.expect_outcomes(expected)
        self.assertEqual(len(self.server.created), 50)

    def test_environment_and_resources_reach_the_sandbox(self):  # TRAPS 31
        self.modal_project(
            {"tests/test_env.py": """
                import os
                def test_env():
                    assert os.environ["ONE"] == "it's"
                    assert os.environ["TWO"] == "from the command line"
                    assert os.environ["OFFLOAD_SANDBOX_ID"].startswith("sb-")
                """},
            provider='include_cwd = true\nenv = { ONE = "it\'s", TWO = "config" }\ncpu_cores = 2.5\n'
                     'memory_gb = 3\nexperimental_options = { enable_docker = true }')
        self.offload("run", "--env", "TWO=from the command line").expect_exit(0)
        definition = self.server.sandboxes[self.server.created[0]].definition
        self.assertEqual(definition.resources.milli_cpu, 2500)
        self.assertEqual(definition.resources.memory_mb, 3072)
        self.assertEqual(dict(definition.experimental_options_v2), {"enable_docker": "True"})

    def test_what_a_setup_writes_reaches_the_sandbox(self):
        self.modal_project({"tests/test_a.py": variables.TEST}, offload=variables.setup(self))
        self.offload("run").expect_exit(0).expect_outcomes(
            {"tests/test_a.py::test_variables": "passed"})

    def test_two_workers_in_each_of_two_sandboxes(self):
        self.modal_project({f"tests/test_{i}.py": """
            import pathlib, time
            def test_it(worker_id):
                pathlib.Path(worker_id).touch()
                begin = time.monotonic()
                while len(list(pathlib.Path().glob("gw*"))) < 2: assert time.monotonic() - begin < 60
            """ for i in range(4)}, slots=2, offload='workers_per_sandbox = "auto"',
            provider="include_cwd = true\ncpu_cores = 2")
        self.offload("run").expect_exit(0)
        self.assertEqual(len(self.server.created), 2)

    def test_one_process_serves_all_sandboxes(self):
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=16, seconds=0.5)}, slots=8)
        process = self.start("run")
        self.wait_for(lambda: len(self.server.created) >= 4, "four sandboxes", 90)
        self.assertEqual(len(bridges(self)), 1)
        self.finish(process).expect_exit(0)

    def test_artefacts_come_back(self):
        self.modal_project(
            {"tests/test_a.py": """
                import pathlib
                def test_writes():
                    pathlib.Path("out/deep").mkdir(parents=True)
                    pathlib.Path("out/deep/data.bin").write_bytes(bytes(range(256)) * 1000)
                """},
            rest='[report]\ndownload_globs = ["out/**/*.bin"]')
        run = self.offload("run").expect_exit(0)
        found = list(self.output_dir.glob("sb-*/batch-*/out/deep/data.bin"))
        self.assertEqual(len(found), 1, run.describe())
        self.assertEqual(found[0].read_bytes(), bytes(range(256)) * 1000)

    def test_long_commands_arrive(self):  # TRAPS 28
        names = ["x" * 150 + str(i) for i in range(1500)]
        self.modal_project({"tests/test_long.py": f"""
            import pytest
            @pytest.mark.parametrize("n", {names!r})
            def test_long(n): pass
            """}, slots=2)
        run = self.offload("run", timeout=280).expect_exit(0)
        run.expect_outcomes({f"tests/test_long.py::test_long[{n}]": "passed" for n in names})

    def test_copied_folders_land_where_they_say(self):
        self.write({"data/one.txt": "one\n", "more/two.txt": "two\n"})
        self.modal_project(
            {"tests/test_c.py": """
                import pathlib
                def test_there():
                    assert pathlib.Path("/stuff/one.txt").read_text() == "one\\n"
                    assert pathlib.Path("/app/below/two.txt").read_text() == "two\\n"
                """, ".dockerignore": "data\nmore\n"},
            provider='include_cwd = true\ncopy_dirs = ["data:/stuff"]')
        self.offload("run", "--copy-dir", "more:below").expect_exit(0)


    def test_large_files_arrive_unharmed(self):
        """Too large for a message: they are uploaded beside, whole or in parts."""
        for part_length in (None, 5 << 20):
            with self.subTest(part_length=part_length):
                self.server.blobs.part_length = part_length
                self.large_files_arrive()

    def large_files_arrive(self):
        contents = {"data/large.bin": os.urandom(6 << 20), "context.bin": os.urandom(6 << 20),
                    "tree.bin": os.urandom(6 << 20)}
        places = {"/stuff/large.bin": "data/large.bin", "/built/context.bin": "context.bin",
                  "tree.bin": "tree.bin"}
        hashes = {place: hashlib.sha256(contents[name]).hexdigest()
                  for place, name in places.items()}
        self.modal_project({
            "Dockerfile": "FROM python:3.11\nCOPY context.bin /built/context.bin\n",
            ".dockerignore": "data\n", "tests/test_l.py": f"""
            import hashlib, pytest
            @pytest.mark.parametrize("path, digest", {sorted(hashes.items())!r},
                                     ids={sorted(hashes)!r})
            def test_it(path, digest):
                assert hashlib.sha256(open(path, "rb").read()).hexdigest() == digest
            """},
            provider='include_cwd = true\ndockerfile = "Dockerfile"\ncopy_dirs = ["data:/stuff"]')
        (self.project / "data").mkdir(exist_ok=True)
        for name, content in contents.items():
            (self.project / name).write_bytes(content)
        before = self.server.calls["BlobCreate"]
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"tests/test_l.py::test_it[{place}]": "passed" for place in places})
        self.assertGreaterEqual(self.server.calls["BlobCreate"] - before, 3)


class Archives(ModalScenario, CargoScenario):
    framework = "archive = true\n"

    def test_a_build_of_this_machine_runs_in_sandboxes(self):
        large = os.urandom(20 << 20)
        self.small_crate(f"""
            static LARGE: &[u8] = include_bytes!("../large.bin");
            #[test] fn passes() {{ assert_eq!(LARGE.iter().map(|b| *b as u64).sum::<u64>(), {sum(large)}) }}
            #[test] fn fails() {{ panic!("oh no") }}
            #[test] fn is_elsewhere() {{ assert!(env::current_dir().unwrap().starts_with("/app")) }}
            """, offload="max_parallel = 2", root="/app",
            provider=f'type = "modal"\ninclude_cwd = true\nenv = {{PATH = "{self.tools}:/usr/bin:/bin"}}')
        (self.project / "large.bin").write_bytes(large)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"small::it passes": "passed", "small::it fails": "failure",
                             "small::it is_elsewhere": "passed"})


class Troubles(ModalScenario):
    def test_interrupt_leaves_no_sandbox(self):  # TRAPS 24
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=40, seconds=5)}, slots=8)
        process = self.start("run")
        self.wait_for(lambda: len(self.server.created) >= 2, "sandboxes", 90)
        process.send_signal(signal.SIGINT)
        self.finish(process).expect_exit(130)

    def test_killed_run_leaves_no_sandbox(self):  # TRAPS 24
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=40, seconds=5)})
        process = self.start("run")
        self.wait_for(lambda: len(self.server.created) == 4, "sandboxes", 90)
        self.wait_for_names()
        process.kill()
        self.finish(process)
        self.wait_for(lambda: not self.server.alive(), "the bridge to clean up", 60)
        self.offload("cleanup").expect_exit(0)
        self.remove_what_sigkill_leaves()

    def test_cleanup_destroys_what_bridge_and_run_left(self):
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=40, seconds=5)})
        process = self.start("run")
        self.wait_for(lambda: len(self.server.created) == 4, "sandboxes", 90)
        self.wait_for_names()
        for pid in bridges(self):
            os.kill(pid, signal.SIGSTOP)
        process.kill()
        for pid in bridges(self):
            os.kill(pid, signal.SIGKILL)
        self.finish(process)
        self.assertEqual(len(self.server.alive()), 4)
        self.offload("cleanup").expect_exit(0)
        self.remove_what_sigkill_leaves()

    def remove_what_sigkill_leaves(self):
        for folder in self.tmp.glob("offload-*-discovery-*"):
            shutil.rmtree(folder)

    def test_cleanup_finds_what_the_journal_has_no_names_of(self):
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=40, seconds=5)})
        self.server.hold_creations = 4
        process = self.start("run")
        self.wait_for(lambda: len(self.server.created) == 4, "sandboxes", 90)
        serving = bridges(self)
        process.kill()
        for pid in serving:
            os.kill(pid, signal.SIGKILL)
        self.finish(process)
        self.assertEqual(len(self.server.alive()), 4)
        self.offload("cleanup").expect_exit(0)
        self.remove_what_sigkill_leaves()

    def wait_for_names(self):
        path = self.output_dir / "journal.ndjson"
        journal = lambda: path.read_text() if path.exists() else ""
        self.wait_for(lambda: all(one in journal() for one in self.server.created),
                      "the sandboxes' names in the journal", 60)

    def test_run_survives_the_death_of_its_bridge(self):
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=12, seconds=1)}, slots=3)
        process = self.start("run")
        self.wait_for(lambda: self.server.calls["TaskExecStart"] >= 3, "running batches", 90)
        for pid in bridges(self):
            os.kill(pid, signal.SIGKILL)
        run = self.finish(process).expect_exit(0)
        run.expect_outcomes({f"tests/test_s.py::test_it[{n}]": "passed" for n in range(12)})

    def test_dead_sandbox_is_replaced(self):  # TRAPS 23
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=12, seconds=1)}, slots=3)
        process = self.start("run")
        self.wait_for(lambda: self.server.calls["TaskExecStart"] >= 3, "running batches", 90)
        self.server.lose(self.server.created[0])
        run = self.finish(process).expect_exit(0)
        run.expect_outcomes({f"tests/test_s.py::test_it[{n}]": "passed" for n in range(12)})

    def test_hanging_test_times_out(self):  # TRAPS 18
        self.modal_project({"tests/test_h.py": """
            import time
            def test_quick(): pass
            def test_hangs(): time.sleep(600)
            """}, slots=1)
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace("test_timeout_secs = 120",
                                                     "test_timeout_secs = 8"))
        run = self.offload("run").expect_exit(1)
        outcomes = {"tests/test_h.py::test_quick": "passed", "tests/test_h.py::test_hangs": "error"}
        run.expect_outcomes(outcomes)

    def test_sandbox_whose_creation_was_answered_by_an_error_is_destroyed(self):  # TRAPS 24
        self.modal_project({"tests/test_s.py": SLEEPER.format(count=4, seconds=0)}, slots=1)
        losses = iter(["fails-after"])
        self.server.befall = \
            lambda method: next(losses, None) if method.startswith("SandboxCreate") else None
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"tests/test_s.py::test_it[{n}]": "passed" for n in range(4)})
        self.assertEqual(len(self.server.created), 2, run.describe())

    def test_no_token(self):
        self.modal_project({"tests/test_a.py": "def test_a(): pass\n"})
        for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
            del self.env[name]
        run = self.offload("run").expect_exit(1)
        run.expect_said("modal token new")

    def test_no_client_says_how_to_install_one(self):
        self.modal_project({"tests/test_a.py": "def test_a(): pass\n"})
        self.program("python3", f'exec {PYTEST} -I "$@"')
        self.program("python", f'exec {PYTEST} -I "$@"')
        run = self.offload("run").expect_exit(1)
        run.expect_said("install uv")
        run.expect_said("pip install modal")

    def test_uv_is_preferred(self):
        self.modal_project({"tests/test_a.py": "def test_a(): pass\n"})
        self.program("uv", 'echo "$@" >> "$SCENARIO_ROOT/uv.log"\n'
                           '[ "$1 $2 $3" = "run --quiet --script" ] && shift 3 && exec python3 "$@"')
        self.offload("run").expect_exit(0)
        self.assertRegex((self.root / "uv.log").read_text(),
                         r"^run --quiet --script \S*modal_sandbox-\S*\.py serve\n$")

    def test_rate_limit_is_waited_for(self):
        self.server.refuse["SandboxCreateV2"] = (3, Status.RESOURCE_EXHAUSTED, "slow down")
        self.modal_project({"tests/test_a.py": "def test_a(): pass\n"})
        self.offload("run").expect_exit(0)


class Images(ModalScenario):
    ONE = {"tests/test_a.py": "def test_a(): pass\n"}

    def runs(self):
        """How many RUN commands a run of Offload has made the server carry out."""
        before = len(self.server.built)
        self.offload("run").expect_exit(0)
        return self.server.built[before:]

    def test_missing_dockerfile(self):
        self.modal_project(self.ONE, provider='dockerfile = "nowhere/Dockerfile"')
        run = self.offload("run").expect_exit(1)
        run.expect_said("nowhere/Dockerfile")
        self.assertEqual(self.server.created, [])

    def test_failing_build_shows_its_log(self):
        self.modal_project({**self.ONE, "Dockerfile": """
            FROM python:3.11
            RUN echo the compiler says no >&2; exit 3
            """}, provider='dockerfile = "Dockerfile"')
        run = self.offload("run").expect_exit(1)
        run.expect_said("the compiler says no")
        run.expect_said("the image could not be built")
        self.assertFalse((self.project / ".offload-image-cache").exists())  # TRAPS 12

    def test_edited_source_never_runs_on_the_old_image(self):  # TRAPS 11
        self.modal_project({"tests/test_a.py": "def test_a(): pass\n", "gone.txt": "x\n",
                            "made.txt": "", ".gitignore": "made.txt\n/test-results\n"})
        self.commit_all()
        self.offload("run").expect_exit(0)
        (self.project / "gone.txt").unlink()
        self.write({"new.txt": "new\n", "tests/test_a.py": """
            import pathlib
            def test_a():
                assert pathlib.Path("new.txt").read_text() == "new\\n"
                assert not pathlib.Path("gone.txt").exists()
                assert not pathlib.Path("made.txt").exists()
            """})
        self.offload("run").expect_exit(0)

    def test_unchanged_tree_is_not_built_again(self):
        self.modal_project({**self.ONE, "Dockerfile": DOCKERFILE + "RUN true\n"},
                           provider='include_cwd = true\ndockerfile = "Dockerfile"')
        self.assertEqual(len(self.runs()), 2)
        self.assertEqual(self.runs(), [])
        (self.project / "tests/test_a.py").write_text("def test_a(): assert 1\n")
        self.assertEqual(self.runs(), ["sh /.offload/build/apply.sh"])

    def test_no_cache_builds_afresh(self):
        self.modal_project({**self.ONE, "Dockerfile": DOCKERFILE + "RUN true\n"},
                           provider='include_cwd = true\ndockerfile = "Dockerfile"')
        self.offload("run").expect_exit(0)
        before = len(self.server.built)
        self.offload("run", "--no-cache").expect_exit(0)
        self.assertEqual(len(self.server.built) - before, 2)

    def test_vanished_image_is_built_again(self):  # TRAPS 32
        self.modal_project(self.ONE)
        self.offload("run").expect_exit(0)
        self.server.forget_images()
        run = self.offload("run").expect_exit(0)
        run.expect_said("is gone and is built again")

    def test_image_that_vanishes_after_its_check_is_built_again(self):  # TRAPS 32
        self.modal_project(self.ONE)
        self.server.forget_before_create = 1
        self.offload("run").expect_exit(0)

    def test_dockerignore_links_and_modes(self):
        self.write({"tool.sh": "#!/bin/sh\necho ran\n"})
        os.symlink("tool.sh", self.project / "link.sh")
        os.symlink("tests", self.project / "folder-link")
        self.modal_project({".dockerignore": "# no secrets\nsecret*\n!secret-but-wanted\n",
                            "secret.txt": "s", "secret-but-wanted": "w", "tests/test_a.py": """
            import os, subprocess
            def test_a():
                assert subprocess.check_output(["./link.sh"]) == b"ran\\n"
                assert os.readlink("folder-link") == "tests"
                assert not os.path.exists("secret.txt")
                assert os.path.exists("secret-but-wanted")
            """})
        self.offload("run").expect_exit(0)

    def test_init_command_runs_after_the_sources(self):
        self.modal_project({"tests/test_a.py": """
            def test_a(): assert open("made").read() == "made of input\\n"
            """, "input": "input\n"},
            offload="""sandbox_init_cmd = 'echo "made of $(cat input)" > made'""")
        self.offload("run").expect_exit(0)

    CHECKPOINT = ('sandbox_init_cmd = "cat requirements.txt > /app/installed; echo once >> /app/log"\n'
                  'post_patch_cmd = """echo ${OFFLOAD_PATCH_FILE:-none} > /app/patched\n'
                  'cat ${OFFLOAD_PATCH_FILE:-/dev/null} > /app/patch"""\n')

    def test_checkpoint_keeps_the_expensive_layers(self):
        self.modal_project({
            "requirements.txt": "one\n", "old/gone.txt": "x\n", ".gitignore": "test-results\n"
            ".offload-image-cache\n",
            "Dockerfile": DOCKERFILE + "RUN echo expensive\nCOPY . /app\n",
            "tests/test_a.py": "def test_a(): assert open('installed').read() == 'one\\n'\n"},
            provider='dockerfile = "Dockerfile"', offload=self.CHECKPOINT,
            rest='[checkpoint]\nbuild_inputs = ["Dockerfile", "requirements.txt"]')
        self.commit_all()
        apply = "sh /.offload/build/apply.sh"
        self.assertEqual(self.runs(), ["echo expensive", apply, apply])
        (self.project / "old/gone.txt").unlink()
        self.write({"new/file.txt": "new\n", "tests/test_a.py": """
            import os
            def test_a():
                assert not os.path.exists("old")
                assert open("new/file.txt").read() == "new\\n"
                assert open("installed").read() == "one\\n"
                assert open("patched").read().endswith("source.patch\\n")
                patch = open("patch").read()
                assert "+++ b/new/file.txt" in patch and "--- a/old/gone.txt" in patch
            """})
        self.assertEqual(self.runs(), [apply])
        self.write({"requirements.txt": "two\n", "tests/test_a.py": """
            def test_a(): assert open("installed").read() == "two\\n"
            """})
        self.assertEqual(self.runs(), ["echo expensive", apply, apply])


if __name__ == "__main__":
    unittest.main()
