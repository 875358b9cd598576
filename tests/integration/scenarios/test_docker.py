"""Sandboxes of type "docker", on a Docker Engine that each scenario starts for itself."""

import json
import re
import shutil
import signal
import subprocess

from harness import Scenario, pytest_python, variables
from harness.docker import Engine, Podman
from harness.tools import SOURCE

IMAGE = "offload-test-base"


class EngineScenario(Scenario):
    timeout = 240.0
    engine_class = Engine
    provider_type = 'type = "docker"'

    def setUp(self):
        super().setUp()
        self.engine = self.engine_class(self.root / "docker")
        self.addCleanup(self.engine.stop)
        self.python = pytest_python(8)
        self.engine.import_python(self.python, IMAGE)
        self.env.update(self.engine.env, PYTHONDONTWRITEBYTECODE="1")
        # What this machine discovers with is not what the containers have.
        tools = self.root / "tools"
        tools.mkdir()
        (tools / "python3").write_text(f'#!/bin/sh\nexec {self.python} "$@"\n')
        (tools / "python3").chmod(0o755)
        self.env["PATH"] = f"{tools}:{self.env.get('PATH', '')}:/usr/sbin"

    def tearDown(self):
        self.engine.stop()  # which is no process that a run has left
        super().tearDown()

    def dockered(self, files, *, provider=f'image = "{IMAGE}"\ninclude_cwd = true', offload="",
                 retries=0, report="", **sections):
        self.write({f"tests/{name}": text for name, text in files.items()})
        self.config('type = "pytest"\ncommand = "python3 -m pytest"\npaths = ["tests"]',
                    {"all": f"retry_count = {retries}"},
                    offload='max_parallel = 2\ntest_timeout_secs = 120\n' + offload,
                    provider=f'{self.provider_type}\n{provider}\n', report=report, root="/app", **sections)

    def running_containers(self):
        return self.engine.docker("ps", "-q", "--no-trunc", "--filter", "label=offload.run")[1].split()

    def inspect(self, container):
        return json.loads(self.engine.docker("inspect", container)[1])[0]

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.com", *arguments],
                       cwd=self.project, check=True, capture_output=True)


class Suites(EngineScenario):
    def test_suite_runs_in_containers_as_the_tree_stands(self):  # TRAPS 11, 24, 31, 41
        self.dockered({
            "test_tree.py": """
                import os, pathlib, pytest

                def test_files():
                    assert pathlib.Path("kept.txt").read_text() == "new"
                    assert pathlib.Path("untracked.txt").exists()
                    assert not pathlib.Path("gone.txt").exists()
                    assert not pathlib.Path("ignored.log").exists()
                    assert not pathlib.Path("left_out.txt").exists()
                    assert not pathlib.Path("test-results").exists()

                def test_surroundings():
                    assert os.getcwd() == os.environ["OFFLOAD_ROOT"] == "/app"
                    assert os.environ["ONE"] == "it's"
                    assert os.environ["TWO"] == "a b"
                    assert os.environ["OFFLOAD_SANDBOX_ID"]

                def test_writes():
                    pathlib.Path("reports/deep").mkdir(parents=True)
                    pathlib.Path("reports/deep/x.txt").write_text("from a container")

                @pytest.mark.skip(reason="why not")
                def test_skipped(): pass

                def test_fails(): assert 1 == 2
                """},
            provider=f'image = "{IMAGE}"\ninclude_cwd = true\nenv = {{ ONE = "it\'s" }}',
            report='download_globs = ["reports/**"]')
        self.write({"kept.txt": "old", "gone.txt": "x", "left_out.txt": "x",
                    ".gitignore": "*.log\n", ".dockerignore": "left_out.txt\n"})
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "one")
        (self.project / "kept.txt").write_text("new")
        (self.project / "gone.txt").unlink()
        self.write({"untracked.txt": "x", "ignored.log": "x"})
        for _ in range(2):  # the second finds everything built
            before = set(self.output_dir.glob("*/batch-*"))  # each run's files stay
            run = self.offload("run", "--env", "TWO=a b").expect_exit(1)
            run.expect_outcomes({
                "tests/test_tree.py::test_files": "passed",
                "tests/test_tree.py::test_surroundings": "passed",
                "tests/test_tree.py::test_writes": "passed",
                "tests/test_tree.py::test_skipped": "skipped",
                "tests/test_tree.py::test_fails": "failure"})
            written = [path for path in self.output_dir.glob("*/batch-*/reports/deep/x.txt")
                       if path.parents[2] not in before]
            self.assertEqual([path.read_text() for path in written], ["from a container"])
            self.assertEqual(self.engine.containers(), [])
        # Neither names that were needed for a moment, nor images of earlier runs pile up.
        (self.project / "kept.txt").write_text("newer")
        self.offload("run", "--env", "TWO=a b").expect_exit(1)
        self.assertEqual(len(self.engine.docker("images", "-q")[1].split()), 2, run.describe())

    def test_example_runs_its_suite(self):
        shutil.rmtree(self.project)
        shutil.copytree(SOURCE / "examples" / "containers", self.project,
                        ignore=shutil.ignore_patterns("test-results", "__pycache__"))
        self.env["BASE_IMAGE"] = IMAGE
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 6, run.describe())
        reports = list(self.output_dir.glob("*/batch-*/reports/stack.txt"))
        self.assertEqual([report.read_text() for report in reports], ["hello from the container\n"])

    def test_what_a_setup_writes_reaches_tests_in_containers(self):
        self.dockered({"test_a.py": variables.TEST}, offload=variables.setup(self))
        self.offload("run").expect_exit(0).expect_outcomes(
            {"tests/test_a.py::test_variables": "passed"})

    def test_image_from_a_dockerfile_with_all_that_containers_may_be_given(self):
        self.dockered({
            "test_all.py": """
                import os, pathlib, socket

                def test_image():
                    assert pathlib.Path("/built").read_text() == "red\\n"
                    assert pathlib.Path("/app/made").read_text() == "init\\n"
                    assert pathlib.Path("/data/deep/x").read_text() == "copied"
                    assert pathlib.Path("/app/one").read_text() == "single"

                def test_container():
                    assert socket.gethostname() == "named"
                    assert os.getuid() == 1234
                    pathlib.Path("tests/mine").write_text("x")
                """,
            "test_wait.py": """
                import pathlib, time

                def test_waits():
                    deadline = time.time() + 100
                    while not pathlib.Path("/tmp/go").exists() and time.time() < deadline:
                        time.sleep(0.05)
                """},
            provider='dockerfile = "image/Dockerfile"\ncontext = "image"\ninclude_cwd = true\n'
                     f'build_args = {{ COLOUR = "red", BASE = "{IMAGE}" }}\n'
                     'copy_dirs = ["../data:/data", "../single.txt:one"]\n'
                     'cpu_cores = 0.5\nmemory_gb = 0.25\nnetwork = "none"\nuser = "1234:1234"\n'
                     'run_args = ["--hostname", "named"]',
            offload='sandbox_init_cmd = "echo init > made"')
        self.write({"image/Dockerfile": "ARG BASE\nFROM $BASE\nARG COLOUR\nCOPY local /\n"
                                        "RUN echo $COLOUR > /built && mkdir -m 777 /app\n",
                    "image/local": "x", "../data/deep/x": "copied", "../single.txt": "single"})
        process = self.start("run", "--parallel", "1")
        container = self.wait_for(self.running_containers, "a container", 120)[0]
        limits = self.inspect(container)["HostConfig"]
        self.engine.docker("exec", container, "sh", "-c", "echo > /tmp/go")
        run = self.finish(process).expect_exit(0)
        self.assertEqual((limits["NanoCpus"], limits["Memory"], limits["NetworkMode"]),
                         (500_000_000, 256 << 20, "none"), run.describe())
        run.expect_outcomes({"tests/test_all.py::test_image": "passed",
                             "tests/test_all.py::test_container": "passed",
                             "tests/test_wait.py::test_waits": "passed"})
        self.assertEqual(self.engine.containers(), [])

    def test_crash_timeout_and_memory_are_each_the_tests_own(self):  # TRAPS 18, 19, 22
        self.dockered({
            "test_bad.py": """
                import os, time

                def test_good(): pass
                def test_crashes(): os._exit(3)
                def test_hangs(): time.sleep(3600)
                def test_eats():
                    held = []
                    while True:
                        held.append(b"x" * (8 << 20))
                def test_last(): pass
                """},
            provider=f'image = "{IMAGE}"\ninclude_cwd = true\nmemory_gb = 0.125',
            offload="test_timeout_secs = 20")
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace("test_timeout_secs = 120\n", ""))
        run = self.offload("run").expect_exit(1)
        cases = {name.split("::")[1]: case for name, case in run.junit().by_name.items()}
        self.assertEqual({name: case.outcome for name, case in cases.items()},
                         {"test_good": "passed", "test_last": "passed", "test_crashes": "error",
                          "test_hangs": "error", "test_eats": "error"}, run.describe())
        self.assertIn("137", cases["test_eats"].text, run.describe())
        self.assertEqual(self.engine.containers(), [])

    def test_two_workers_in_each_of_two_containers(self):
        self.dockered({f"test_{i}.py": """
            import os, pathlib, pytest, time
            def test_it(worker_id):
                pathlib.Path(worker_id).touch()
                begin = time.monotonic()
                while len(list(pathlib.Path().glob("gw*"))) < 2: assert time.monotonic() - begin < 60
                pytest.fail("in %s %s" % (os.uname().nodename, worker_id))
            """ for i in range(4)}, offload="workers_per_sandbox = 2\n")
        run = self.offload("run").expect_exit(1)
        told = [re.search(r"in (\S+) (gw\d)", case.text).groups() for case in run.junit().cases]
        self.assertEqual(sorted(worker for _, worker in told), ["gw0", "gw1", "gw2", "gw3"], run.describe())
        self.assertEqual(len({name for name, _ in told}), 2, told)
        self.assertEqual(self.engine.containers(), [])

    def test_twenty_containers_at_once(self):  # TRAPS 24, 25
        self.dockered({f"test_{i}.py": """
            import time

            def test_it(): time.sleep(2)
            """ for i in range(40)})
        process = self.start("run", "--parallel", "20")
        self.wait_for(lambda: len(self.running_containers()) >= 15, "most of the containers", 120)
        run = self.finish(process).expect_exit(0)
        self.assertEqual(len(run.junit().cases), 40)
        self.assertEqual(self.engine.containers(), [])


# The shell of an image: its commands wait for a file before they begin, the container's own does not.
HOLDING_SHELL = """
    #!/usr/local/bin/python3
    import os, sys, time
    if os.getpid() != 1:
        open("/held", "w").close()
        while not os.path.exists("/go"):
            time.sleep(0.02)
    os.execv("/bin/true-sh", ["sh", *sys.argv[1:]])
    """


class Losses(EngineScenario):
    image = IMAGE

    def lose(self, how, mark, files, provider):
        """The first container is lost as soon as `mark` stands in it; the next may go on."""
        self.dockered(files, provider=provider)
        process = self.start("run", "--parallel", "1")

        def marked():
            return [one for one in self.running_containers() if self.has(one, mark)]

        lost = self.wait_for(marked, f"a container with {mark}", 120)[0]
        how(lost)
        other = self.wait_for(lambda: [one for one in marked() if one != lost],
                              f"another container with {mark}", 120)[0]
        self.assertEqual(self.engine.docker("exec", other, "python3", "-c",
                                            "open('/go', 'w')")[0], 0)
        run = self.finish(process).expect_exit(0)
        self.assertEqual(run.junit().outcomes(), {"tests/test_wait.py::test_waits": "passed",
                                                  "tests/test_wait.py::test_else": "passed"})
        self.assertEqual(self.engine.containers(), [])
        return run

    def has(self, container, path):
        return self.engine.docker("exec", container, "cat", path)[0] == 0

    def lose_before_tests(self, how):
        """While the shell of the exec has not said a word."""
        self.write({"image/Dockerfile":
                    f"FROM {self.image}\n"
                    "RUN [\"python3\", \"-c\", \"import os; os.rename('/bin/sh', '/bin/true-sh')\"]\n"
                    "COPY sh /bin/sh\n",
                    "image/sh": HOLDING_SHELL})
        run = self.lose(how, "/held", {"test_wait.py": """
            def test_waits(): pass
            def test_else(): pass
            """}, 'dockerfile = "image/Dockerfile"\ncontext = "image"\ninclude_cwd = true\n'
                  'network = "none"')
        return run.expect_said("the exec could not start")

    def lose_during_tests(self, how):
        run = self.lose(how, "/running", {"test_wait.py": """
            import pathlib, time

            def test_waits():
                pathlib.Path("/running").touch()
                deadline = time.monotonic() + 100
                while not pathlib.Path("/go").exists() and time.monotonic() < deadline:
                    time.sleep(0.02)
            def test_else(): pass
            """}, f'image = "{self.image}"\ninclude_cwd = true\nnetwork = "none"')
        return run.expect_said("the connection was lost while tests ran")

    def kill(self, container):
        self.engine.docker("kill", container)

    def remove(self, container):
        self.engine.docker("rm", "-f", container)

    def test_container_that_is_killed_before_its_tests_is_replaced(self):  # TRAPS 23
        self.lose_before_tests(self.kill).expect_said("something else has killed it")

    def test_container_that_is_killed_during_its_tests_is_replaced(self):  # TRAPS 23
        self.lose_during_tests(self.kill).expect_said("something else has killed it")

    # To be removed, it is killed first.
    def test_container_that_is_removed_before_its_tests_is_replaced(self):  # TRAPS 23
        self.lose_before_tests(self.remove).expect_matches("something else has (killed|removed) it")

    def test_container_that_is_removed_during_its_tests_is_replaced(self):  # TRAPS 23
        self.lose_during_tests(self.remove).expect_matches("something else has (killed|removed) it")

    def test_image_that_is_nowhere_is_named(self):
        self.dockered({"test_a.py": "def test_a(): pass"},
                      provider='image = "nowhere.invalid/no/such:image"')
        run = self.offload("run").expect_exit(1)
        run.expect_said("nowhere.invalid/no/such:image", "[provider] image")

    def test_dockerfile_that_fails_is_shown(self):  # TRAPS 9
        self.dockered({"test_a.py": "def test_a(): pass"}, provider='dockerfile = "Dockerfile"')
        self.write({"Dockerfile": f"FROM {IMAGE}\nRUN echo the reason >&2; exit 7\n"})
        run = self.offload("run").expect_exit(1)
        run.expect_said("the reason", "docker build failed")
        self.assertEqual(self.engine.containers(), [])


class Endings(EngineScenario):
    def hang(self):
        self.dockered({f"test_{i}.py": "import time\ndef test_hangs(): time.sleep(3600)\n"
                       for i in range(2)})
        process = self.start("run")
        self.wait_for(lambda: len(self.running_containers()) == 2, "two containers", 120)
        return process

    def test_interrupted_run_leaves_nothing(self):  # TRAPS 24
        process = self.hang()
        process.send_signal(signal.SIGINT)
        self.finish(process).expect_exit(130)
        self.assertEqual(self.engine.containers(), [])

    def test_cleanup_finds_what_a_killed_run_left(self):  # TRAPS 24, 25
        process = self.hang()
        live = self.offload("cleanup").expect_exit(0)
        live.expect_said("still goes on")
        self.assertEqual(len(self.running_containers()), 2)
        process.kill()
        process.wait()
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(self.engine.containers(), [])

    def test_cleanup_needs_no_journal(self):  # TRAPS 24, 25
        process = self.hang()
        self.engine.docker("run", "-d", "--label", "offload.run=another", "--label",
                           "offload.project=/another", IMAGE, "sleep", "300")
        aside = self.root / "aside"
        shutil.move(self.output_dir, aside)
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(len(self.running_containers()), 3, "a run that goes on lost its containers")
        process.kill()
        process.wait()
        cleanup = self.offload("cleanup").expect_exit(0)
        self.assertEqual(cleanup.out.count("destroyed "), 2, cleanup.describe())
        self.assertEqual(len(self.engine.containers()), 1, "another project's container is gone")
        self.offload("cleanup").expect_exit(0).expect_said("nothing was left behind")


class OnPodman(EngineScenario):
    engine_class = Podman

    @property
    def provider_type(self):
        return f'type = "docker"\nengine = "podman"\nhost = "{self.engine.address}"'

    def test_podman_runs_a_suite_and_leaves_no_container(self):  # TRAPS 24, 31
        self.dockered({
            "test_a.py": """
                import os, pathlib, pytest

                @pytest.mark.parametrize("number", range(20))
                def test_many(number): assert os.environ["ONE"] == "1"

                def test_writes():
                    pathlib.Path("reports").mkdir()
                    pathlib.Path("reports/x").write_text("from podman")

                def test_fails(): assert not pathlib.Path("/built").exists()
                """},
            provider=f'dockerfile = "Dockerfile"\nbuild_args = {{ BASE = "localhost/{IMAGE}" }}\n'
                     'include_cwd = true\nnetwork = "none"\nenv = { ONE = "1" }',
            report='download_globs = ["reports/*"]')
        self.write({"Dockerfile": "ARG BASE\nFROM $BASE\nCOPY Dockerfile /built\n"})
        run = self.offload("run").expect_exit(1)
        outcomes = run.junit().outcomes()
        self.assertEqual(outcomes.pop("tests/test_a.py::test_fails"), "failure", run.describe())
        self.assertEqual((len(outcomes), set(outcomes.values())), (21, {"passed"}), run.describe())
        written = list(self.output_dir.glob("*/batch-*/reports/x"))
        self.assertEqual([path.read_text() for path in written], ["from podman"])
        self.assertEqual(self.engine.containers(), [])

    def test_podman_cleanup_finds_what_a_killed_run_left(self):  # TRAPS 24
        self.dockered({"test_a.py": "import time\ndef test_hangs(): time.sleep(3600)\n"},
                      provider=f'image = "localhost/{IMAGE}"\ninclude_cwd = true\nnetwork = "none"')
        process = self.start("run")
        self.wait_for(self.running_containers, "a container", 120)
        process.kill()
        process.wait()
        shutil.rmtree(self.output_dir)
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(self.engine.containers(), [])


class WithoutEngine(Scenario):
    def test_engine_that_is_not_there_is_said_at_once(self):
        self.write({"tests/test_a.py": "def test_a(): pass"})
        self.config(f'type = "pytest"\ncommand = "{pytest_python(8)} -m pytest"',
                    provider='type = "docker"\nimage = "x"\nhost = "unix:///nowhere/docker.sock"')
        run = self.offload("run").expect_exit(1)
        run.expect_said("/nowhere/docker.sock", "systemctl start docker")
