"""The examples with real sandboxes elsewhere: containers of a Docker Engine, logins over ssh."""

import os
import pathlib
import shutil
import signal

from harness import Scenario, pytest_python
from harness.docker import Engine
from harness.sshd import Sshd
from harness.tools import SOURCE


class ExampleScenario(Scenario):
    timeout = 240.0

    def use(self, example, **env):
        """Runs in a copy of the example; pytest 8 is the python3 that discovery finds."""
        shutil.rmtree(self.project)
        shutil.copytree(SOURCE / "examples" / example, self.project,
                        ignore=shutil.ignore_patterns("test-results", "__pycache__"))
        self.python = pytest_python(8)
        tools = self.root / "tools"
        tools.mkdir()
        (tools / "python3").write_text(f'#!/bin/sh\nexec {self.python} "$@"\n')
        (tools / "python3").chmod(0o755)
        self.env.update(env, PYTHONDONTWRITEBYTECODE="1",
                        PATH=f"{tools}:{os.environ.get('PATH', '')}:/usr/sbin")

    def hang(self):
        """Adds a test that never ends."""
        (self.project / "tests" / "test_hang.py").write_text(
            "import time\n\ndef test_hangs():\n    time.sleep(3600)\n")


class Docker(ExampleScenario):
    def setUp(self):
        super().setUp()
        self.engine = Engine(self.root / "docker")
        self.addCleanup(self.engine.stop)
        self.use("docker", **self.engine.env, BASE_IMAGE="offload-test-base")
        self.engine.import_python(self.python, "offload-test-base")

    def test_docker_example_runs_its_suite_and_leaves_no_container(self):  # TRAPS 24, 31, 40
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 11, run.describe())
        self.assertEqual(sorted(set(run.junit().outcomes().values())), ["passed", "skipped"])
        self.assertEqual(self.engine.containers(), [])
        reports = list(self.output_dir.glob("*/batch-*/reports/greeting.txt"))
        self.assertEqual([r.read_text() for r in reports], ["hello from the container\n"])

    def test_docker_container_that_is_killed_is_replaced(self):  # TRAPS 23
        (self.project / "tests" / "test_wait.py").write_text(
            "import pathlib, time\n\ndef test_waits():\n"
            "    if pathlib.Path('/app/second-chance').exists(): return\n"
            "    time.sleep(5)\n")
        process = self.start("run", "--parallel", "1")
        found = self.wait_for(self.engine.sandboxes, "a container", 120)
        self.engine.docker("kill", found[0])
        run = self.finish(process).expect_exit(0)
        self.assertEqual(len(run.junit().cases), 12, run.describe())
        self.assertEqual(self.engine.containers(), [])

    def test_docker_cleanup_removes_what_a_killed_run_left(self):  # TRAPS 24
        self.hang()
        process = self.start("run")
        self.wait_for(lambda: len(self.engine.sandboxes()) >= 2, "containers", 120)
        process.kill()
        process.wait()
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(self.engine.containers(), [])


class Ssh(ExampleScenario):
    def setUp(self):
        super().setUp()
        self.sshd = Sshd(self.root / "sshd")
        self.addCleanup(self.sshd.stop)
        self.elsewhere = self.root / "elsewhere"
        self.use("ssh", SSH_CONFIG=str(self.sshd.config), HOSTS="box",
                 REMOTE_FOLDER=str(self.elsewhere), PYTHON=pytest_python(8))

    def own_folders(self):
        """What sandboxes left in the temporary folder of the machine."""
        journal = (self.output_dir / "journal.ndjson").read_text()
        run_id = journal.split('"run_id":"', 1)[1].split('"', 1)[0]
        return list(pathlib.Path("/tmp").glob(f"offload-{run_id}-*"))

    def test_ssh_example_runs_its_suite(self):  # TRAPS 29, 31, 40
        run = self.offload("run").expect_exit(0)
        outcomes = run.junit().outcomes()
        self.assertEqual(set(outcomes.values()), {"passed"}, run.describe())
        self.assertEqual(len(outcomes), 9)
        self.assertTrue((self.elsewhere / "tests" / "test_machine.py").exists())
        self.assertEqual(self.own_folders(), [])

    def test_ssh_machine_that_does_not_answer_leaves_the_work_to_the_others(self):  # TRAPS 23
        config = self.sshd.config
        config.write_text(config.read_text() + "Host away\n  HostName 127.0.0.1\n  Port 1\n")
        script = self.project / "machines.sh"
        script.write_text(script.read_text().replace("for host in $hosts", "for host in box"))
        run = self.offload("run", env={"HOSTS": "away box"}).expect_exit(0)
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"}, run.describe())

    def test_ssh_connection_that_is_cut_costs_nobody_a_result(self):  # TRAPS 23
        (self.project / "tests" / "test_cut.py").write_text(
            "import os, pathlib, signal\n\ndef test_cuts_its_own_connection_once():\n"
            "    mark = pathlib.Path(os.environ['OFFLOAD_ROOT'], 'cut')\n"
            "    if mark.exists(): return\n"
            "    mark.touch()\n"
            "    pid = os.getpid()\n"
            "    while True:\n"
            "        pid = int(pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')')[-1].split()[1])\n"
            "        name = pathlib.Path(f'/proc/{pid}/comm').read_text().strip()\n"
            "        if name.startswith('sshd'): break\n"
            "    os.kill(pid, signal.SIGKILL)\n"
            "    signal.pause()\n")
        run = self.offload("run", "--parallel", "1").expect_exit(0)
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"}, run.describe())
        self.assertTrue((self.elsewhere / "cut").exists())

    def test_ssh_ctrl_c_leaves_nothing(self):  # TRAPS 24
        self.hang()
        process = self.start("run")
        self.wait_for(lambda: "test_started" in (self.output_dir / "journal.ndjson").read_text()
                      if (self.output_dir / "journal.ndjson").exists() else False,
                      "a test to begin", 60)
        os.kill(process.pid, signal.SIGINT)
        run = self.finish(process, timeout=90).expect_exit(130)
        self.assertEqual(self.own_folders(), [], run.describe())
