"""isolation = "test" or "file" where workers are no forks of the process that has discovered: elsewhere,
and where tests ask who they are. A worker collects once and forks for each of its tests or files."""

from harness import BoxScenario, PytestScenario, pytest_python, with_pytest
from harness.boxes import PROVIDER

CONFTEST = """
    import os
    with open("starts", "a") as file: file.write(f"{os.getppid()}\\n")
    WORKER = os.environ.get("PYTEST_XDIST_WORKER")
    state = []
    def alone():
        state.append(1)
        assert len(state) == 1
    """
MANY = """
    import os, pytest
    from conftest import *
    @pytest.mark.parametrize("n", range(6))
    def test_it(n, worker_id):
        alone()
        assert WORKER == worker_id == os.environ["PYTEST_XDIST_WORKER"]
        assert n != 3
    def test_is_flaky():
        alone()
        assert os.environ["OFFLOAD_ATTEMPT"] == "2"
    """
MANY_ENDS = {**{f"tests/test_a.py::test_it[{n}]": "failure" if n == 3 else "passed" for n in range(6)},
             "tests/test_a.py::test_is_flaky": "passed"}
ENDS = """
    import os, pytest, subprocess, sys, time
    from conftest import alone
    def test_passes(): alone()
    def test_is_killed(): os.kill(os.getpid(), 9)
    def test_hangs(): time.sleep(1000)
    def test_exits(): os._exit(0)
    def test_stops_pytest(): pytest.exit("no more")
    def test_leaves_a_process(): subprocess.Popen(["sleep", "1000"])
    def test_ends_the_interpreter(): sys.exit(3)
    def test_passes_too(): alone()
    """
ENDS_OF_ENDS = {"tests/test_a.py::" + name: outcome for name, outcome in {
    "test_passes": "passed", "test_is_killed": "error", "test_hangs": "error", "test_exits": "error",
    "test_stops_pytest": "error", "test_leaves_a_process": "passed",
    "test_ends_the_interpreter": "failure", "test_passes_too": "passed"}.items()}
FILE = """
    import os
    def log():
        with open("log", "a") as file:
            file.write("%s %s %d\\n" % (__name__, os.environ["OFFLOAD_ATTEMPT"], os.getpid()))
    def test_1(): log()
    def test_2(): log()
    def test_is_flaky():
        log()
        assert os.environ["OFFLOAD_ATTEMPT"] == "2"
    """
DIES = FILE + """
    def test_dies(): os.kill(os.getpid(), 9)
    def test_after_it(): pass
    """


class Isolation:
    """What holds wherever they are; `isolated(test file, conftest)` makes the project."""

    def starts(self):
        return (self.project / "starts").read_text().split()

    def expect_one_collection_each(self, workers=2):
        self.isolated(MANY)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes(MANY_ENDS)
        # One for discovery; a worker may have left before there is something to be retried.
        self.assertLessEqual(len(self.starts()), 1 + workers + 2, run.describe())
        self.assertNotIn("cannot be forked", run.err)

    def expect_one_process_for_each_file(self, workers=2):
        self.isolated(FILE, isolation="file", files=("a", "b", "c", "d"))
        run = self.offload("run").expect_exit(2)
        self.assertEqual(set(run.junit().outcomes().values()), {"passed"}, run.describe())
        self.assertEqual(len(run.junit().outcomes()), 4 * 3)
        self.assertLessEqual(len(self.starts()), 1 + workers + 2, run.describe())
        self.assertNotIn("cannot be forked", run.err)
        ran = [line.split() for line in (self.project / "log").read_text().splitlines()]
        self.assertEqual(len(ran), 4 * (3 + 1), run.describe())
        shares = {(module, attempt, process) for module, attempt, process in ran}
        self.assertEqual((len(shares), len({process for _, _, process in ran})), (8, 8), run.describe())
        self.isolated(DIES, isolation="file", files=("a", "b"))
        run = self.offload("run").expect_exit(1)
        self.assertEqual({name.partition("::")[2]: outcome for name, outcome in run.junit().outcomes().items()},
                         {"test_1": "passed", "test_2": "passed", "test_is_flaky": "passed",
                          "test_dies": "error", "test_after_it": "passed"}, run.describe())

    def expect_each_end(self):
        self.isolated(ENDS)
        self.offload("run").expect_exit(1).expect_outcomes(ENDS_OF_ENDS)

    def expect_starts_where_there_can_be_no_forks(self):
        self.isolated(MANY, CONFTEST + "me = os.getpid()\n")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes(MANY_ENDS)
        run.expect_said("cannot be forked: conftest asks for the number of its process")
        # Seven tests, of which two once more, and discovery.
        self.assertGreaterEqual(len(self.starts()), 7 + 2 + 1, run.describe())


def project_of(tests, conftest, files):
    return {"tests/conftest.py": conftest, **{"tests/test_%s.py" % name: tests for name in files}}


class Elsewhere(Isolation, BoxScenario):
    def isolated(self, tests, conftest=CONFTEST, places=1, isolation="test", files=("a",), more=""):
        self.write(project_of(tests, conftest, files))
        self.config(f'type = "pytest"\ncommand = "{pytest_python(8)} -m pytest"\npaths = ["tests"]\n'
                    f'isolation = "{isolation}"\n{more}', {"all": "retry_count = 1"},
                    offload=f"max_parallel = 2\nworkers_per_sandbox = {places}\ntest_timeout_secs = 5",
                    provider=PROVIDER + "exec_stdin = true\n")
        self.box_script()

    def test_a_worker_elsewhere_collects_once_for_tests_that_are_apart(self):
        self.expect_one_collection_each()
        self.assertEqual(self.boxes(), [])

    def test_a_worker_elsewhere_gives_each_file_a_process(self):
        self.expect_one_process_for_each_file()
        self.assertEqual(self.boxes(), [])

    def test_what_discovers_elsewhere_runs_no_test_that_is_to_be_apart(self):
        self.isolated(MANY, more='discover_in = "sandbox"\n')
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes(MANY_ENDS)

    def test_each_end_elsewhere_is_the_tests_own(self):
        self.expect_each_end()
        self.assertEqual(self.boxes(), [])

    def test_what_cannot_be_forked_elsewhere_is_started_for_each_test(self):
        self.expect_starts_where_there_can_be_no_forks()


class SideBySide(Elsewhere):
    """Workers in one sandbox are forks of the first of them, and fork for their tests."""

    def isolated(self, tests, conftest=CONFTEST, places=2, **more):
        super().isolated(tests, conftest, places, **more)

    def test_a_worker_that_is_a_fork_elsewhere_keeps_tests_apart(self):
        self.isolated(MANY.replace("WORKER == worker_id", "worker_id"), CONFTEST.replace("WORKER =", "#"))
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes(MANY_ENDS)
        self.assertLessEqual(len(self.starts()), 1 + 2 + 2, run.describe())

    def test_workers_in_one_sandbox_that_know_who_they_are_keep_tests_apart(self):
        self.expect_one_collection_each(workers=4)

    def test_workers_in_one_sandbox_give_each_file_a_process(self):
        self.expect_one_process_for_each_file(workers=4)

    def test_each_end_beside_others_is_the_tests_own(self):
        self.expect_each_end()
        self.assertEqual(self.boxes(), [])


class WhoAsksWhoItIs(Isolation, PytestScenario):
    def isolated(self, tests, conftest=CONFTEST, isolation="test", files=("a",)):
        self.pytest_project(project_of(tests, conftest, files),
                            framework=f'isolation = "{isolation}"\n', groups={"all": "retry_count = 1"},
                            offload="max_parallel = 2\ntest_timeout_secs = 5")

    @with_pytest(8)
    def test_who_asks_who_it_is_collects_once_for_tests_that_are_apart(self):
        self.expect_one_collection_each()

    @with_pytest(8)
    def test_who_asks_who_it_is_collects_once_for_files_that_are_apart(self):
        self.expect_one_process_for_each_file()

    @with_pytest(8)
    def test_each_end_of_who_asks_who_it_is_is_the_tests_own(self):
        self.expect_each_end()

    @with_pytest(8)
    def test_what_cannot_be_forked_is_started_for_each_test(self):
        self.expect_starts_where_there_can_be_no_forks()
