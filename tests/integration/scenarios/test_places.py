"""workers_per_sandbox: several workers or batches side by side in one sandbox."""

import os
import signal

from harness import BoxScenario, pytest_python
from harness.boxes import PROVIDER

# As many meet as run at the same time; each tells who and where it is.
MEET = """
    import os, pathlib, time

    def meet(count):
        pathlib.Path("met", os.environ["PYTEST_XDIST_WORKER"]).write_text(
            os.environ["OFFLOAD_SANDBOX_ID"] + " " + os.environ["OFFLOAD_SANDBOX_FOLDER"])
        begin = time.monotonic()
        while len(os.listdir("met")) < count:
            assert time.monotonic() - begin < 60, os.listdir("met")
            time.sleep(0.01)
"""


class InBoxes(BoxScenario):
    def in_boxes(self, files, *, workers, provider="exec_stdin = true\n", framework="", parallel=2,
                 groups=None, limit=120, **script):
        self.write({"met/.keep": "", **files})
        (self.project / "met/.keep").unlink()
        self.config(f'type = "pytest"\ncommand = "{pytest_python(8)} -m pytest"\npaths = ["tests"]\n{framework}',
                    groups, offload=f"max_parallel = {parallel}\nworkers_per_sandbox = {workers}\n"
                            f"test_timeout_secs = {limit}",
                    provider=PROVIDER + provider)
        self.box_script(**script)

    def met(self):
        """By worker: the sandbox and the folder that it had there."""
        return {path.name: path.read_text().split() for path in (self.project / "met").iterdir()}


class Places(InBoxes):
    def expect_four_in_two(self, workers, provider="exec_stdin = true\n", **more):
        self.in_boxes({f"tests/test_{i}.py": MEET + "\n    def test_it(worker_id): meet(4)\n"
                       for i in range(4)}, workers=workers, provider=provider, **more)
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"tests/test_{i}.py::test_it": "passed" for i in range(4)})
        met = self.met()
        self.assertEqual(sorted(met), ["gw0", "gw1", "gw2", "gw3"])
        self.assertEqual(len({sandbox for sandbox, _ in met.values()}), 2, met)
        self.assertEqual(len({folder for _, folder in met.values()}), 4, met)
        self.assertEqual(len(self.calls("create")), 2)
        self.expect_each_destroyed_once(run)
        return run

    def test_two_workers_in_each_of_two_sandboxes(self):
        self.expect_four_in_two("2")

    def test_as_many_as_a_sandbox_has_cores(self):
        self.expect_four_in_two('"auto"', provider="exec_stdin = true\ncpu_cores = 2.5\n")

    def test_batches_share_sandboxes_as_well(self):
        self.expect_four_in_two("2", provider="", groups={"all": "schedule_individual = true"})

    def test_a_creation_that_fails_is_tried_again_for_all(self):
        self.in_boxes({"tests/test_a.py": "import pytest\n@pytest.mark.parametrize('n', range(8))\n"
                                          "def test_it(n): pass\n"},
                      workers=4, on_create="mkdir first 2>/dev/null && { echo 'HTTP 503' >&2; exit 1; }")
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({f"tests/test_a.py::test_it[{n}]": "passed" for n in range(8)})
        self.assertEqual(self.boxes(), [])

    def test_a_worker_that_hangs_takes_no_other_with_it(self):
        self.in_boxes({"tests/test_a.py": """
            import pathlib, time
            def test_hangs():
                pathlib.Path("hangs").touch()
                time.sleep(600)
            """, "tests/test_b.py": """
            import pathlib, time
            def test_waits():
                while not pathlib.Path("hangs").exists(): time.sleep(0.01)
                time.sleep(2)
            def test_more(): pass
            """}, workers=2, parallel=1, limit=12)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"tests/test_a.py::test_hangs": "error", "tests/test_b.py::test_waits": "passed",
                             "tests/test_b.py::test_more": "passed"})
        self.expect_each_destroyed_once(run)

    def test_what_a_killed_run_leaves_is_destroyed_once(self):  # TRAPS 24
        self.in_boxes({f"tests/test_{i}.py": MEET + "\n    def test_it():\n        meet(4)\n"
                       "        time.sleep(600)\n" for i in range(4)}, workers=2)
        process = self.start("run")
        self.wait_for(lambda: len(self.met()) == 4, "four tests", 60)
        process.kill()
        process.wait()
        self.assertEqual(len(self.boxes()), 2)
        self.offload("cleanup").expect_exit(0)
        self.assertEqual(self.boxes(), [])
        self.assertEqual(len(self.calls("destroy")), 2)

    def test_ctrl_c_ends_all_of_them(self):  # TRAPS 24
        self.in_boxes({f"tests/test_{i}.py": MEET + "\n    def test_it():\n        meet(4)\n"
                       "        time.sleep(600)\n" for i in range(4)}, workers=2)
        process = self.start("run")
        self.wait_for(lambda: len(self.met()) == 4, "four tests", 60)
        os.kill(process.pid, signal.SIGINT)
        self.expect_each_destroyed_once(self.finish(process, timeout=90).expect_exit(130))


class Kin(InBoxes):
    """Workers in one sandbox collect once."""

    CONFTEST = """
        import os
        with open("imported", "a") as file: file.write("here\\n")
        """

    def imported(self):
        return (self.project / "imported").read_text().split()

    def test_others_are_forks_of_the_first(self):
        self.in_boxes({"tests/conftest.py": self.CONFTEST,
                       **{f"tests/test_{i}.py": MEET + "\n    def test_it(worker_id):\n        meet(6)\n"
                          "        assert worker_id == os.environ['PYTEST_XDIST_WORKER'] == "
                          "'gw' + os.environ['OFFLOAD_PARALLEL_INDEX']\n" for i in range(6)}},
                      workers=3)
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 6)
        met = self.met()
        self.assertEqual(sorted(met), [f"gw{i}" for i in range(6)])
        self.assertEqual(len({folder for _, folder in met.values()}), 6, met)
        self.assertEqual(len(self.imported()), 3, run.describe())  # discovery, and two firsts
        self.expect_each_destroyed_once(run)

    def test_one_that_dies_is_replaced_by_a_fork(self):
        self.in_boxes({"tests/conftest.py": self.CONFTEST, "tests/test_a.py": """
            import os, pathlib, pytest, signal
            @pytest.mark.parametrize("n", range(6))
            def test_dies(n):
                if n % 2: os.kill(os.getpid(), signal.SIGKILL)
                if n == 2: os._exit(3)
            """}, workers=2, parallel=1)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({f"tests/test_a.py::test_dies[{n}]": "error" if n in (1, 2, 3, 5) else "passed"
                             for n in range(6)})
        self.assertEqual({case.type for case in run.junit().cases} - {""}, {"crash"}, run.describe())
        self.assertEqual(len(self.imported()), 2, self.imported())

    def test_what_cannot_be_forked_collects_by_itself(self):
        self.in_boxes({"tests/conftest.py": self.CONFTEST + "import threading, time\n        "
                       "threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()\n",
                       **{f"tests/test_{i}.py": MEET + "\n    def test_it(): meet(2)\n" for i in range(2)}},
                      workers=2, parallel=1)
        run = self.offload("run", "-v").expect_exit(0)
        run.expect_said("a thread runs before the first test")
        self.assertEqual(len(self.imported()), 3)

    def test_who_asks_for_its_number_is_started_with_it(self):
        self.in_boxes({"tests/conftest.py": self.CONFTEST + "WORKER = os.environ.get('PYTEST_XDIST_WORKER')\n",
                       **{f"tests/test_{i}.py": MEET + "\n    from conftest import WORKER\n"
                          "    def test_it(worker_id):\n        meet(2)\n        assert WORKER == worker_id\n"
                          for i in range(2)}}, workers=2, parallel=1)
        self.offload("run").expect_exit(0)
        self.assertEqual(len(self.imported()), 3)


class Images(BoxScenario):
    def test_images_are_made_whatever_runs_in_a_sandbox(self):
        self.boxed({"a": "pass"}, offload="workers_per_sandbox = 4")
        self.offload("build").expect_exit(0).expect_said("image-1")


class OneResultFile(BoxScenario):
    def test_one_result_file_for_all_is_refused(self):
        self.boxed({"a": "pass", "b": "pass"}, run="fixed.xml {tests}",
                   framework='result_file = "fixed.xml"\n',
                   offload="max_parallel = 2\nworkers_per_sandbox = 2")
        run = self.offload("run").expect_exit(1)
        run.expect_said("workers_per_sandbox", "put {result_file} into run_command")
        self.assertEqual(self.calls("create"), [])

    def test_a_word_that_it_does_not_know_is_named(self):
        self.boxed({"a": "pass"}, offload='workers_per_sandbox = "many"')
        self.offload("validate").expect_exit(1).expect_said(
            "workers_per_sandbox", 'an integer of at least 1, or "auto"')
