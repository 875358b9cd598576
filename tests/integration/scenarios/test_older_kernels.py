"""Runs on kernels that do not know the newer system calls, or not all of the others."""

import os
import pathlib
import sys
import unittest

from harness import PytestScenario, Scenario, with_pytest

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "support"
OLDER_KERNEL = (sys.executable, str(SUPPORT / "older_kernel.py"))


def on_known_machines(scenario):
    return unittest.skipUnless(os.uname().machine in ("x86_64", "aarch64"),
                               "the numbers of system calls are not known of this machine")(scenario)


class OlderKernels(Scenario):
    @on_known_machines
    def test_a_kernel_of_2018_costs_no_result_and_leaves_no_process(self):
        self.write({"run.sh": """
            #!/bin/sh
            setsid sleep 1000 >/dev/null 2>&1 &
            result=$1; shift
            [ "$1" != dies ] || kill -9 $$
            { echo '<testsuite>'
              for test; do echo "<testcase name='$test'/>"; done
              echo '</testsuite>'; } > "$result"
            """})
        self.config("""
            type = "default"
            discover_command = "printf '%s\\\\n' passes dies # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """, offload="max_parallel = 2",
            groups={"all": "retry_count = 0\nschedule_individual = true"})
        run = self.offload("run", under=OLDER_KERNEL).expect_exit(1)
        run.expect_outcomes({"passes": "passed", "dies": "error"})


class NoSubreaper(PytestScenario):
    @on_known_machines
    @with_pytest(8)
    def test_where_no_fork_could_be_adopted_none_is_asked_for(self):
        self.pytest_project({"tests/conftest.py": """
            import os
            def pytest_collection_finish():
                os.register_at_fork(after_in_child=lambda: open("forks", "a").write("."))
            """, "tests/test_a.py": "def test_1(): pass\ndef test_2(): pass\ndef test_3(): pass\n",
            "forks": ""}, framework='isolation = "file"\n', offload="max_parallel = 2")
        run = self.offload("run", under=(*OLDER_KERNEL, "--no-subreaper")).expect_exit(0)
        run.expect_outcomes({f"tests/test_a.py::test_{n}": "passed" for n in (1, 2, 3)})
        # The two by which the process that has collected stays behind, in vain.
        self.assertLessEqual(len((self.project / "forks").read_text()), 2, run.describe())

    @on_known_machines
    @with_pytest(8)
    def test_where_no_fork_could_be_adopted_workers_fork_for_their_own_tests(self):
        self.pytest_project({"starts": "", "tests/test_a.py": """
            import subprocess
            state = []
            with open("starts", "a") as file: file.write(".")
            def alone():
                state.append(1)
                assert len(state) == 1
            def test_1(): alone()
            def test_2(): subprocess.Popen(["sleep", "1000"])
            def test_3(): alone()
            def test_4(): alone()
            """}, framework='isolation = "test"\n', offload="max_parallel = 1")
        run = self.offload("run", under=(*OLDER_KERNEL, "--no-subreaper")).expect_exit(0)
        run.expect_outcomes({f"tests/test_a.py::test_{n}": "passed" for n in (1, 2, 3, 4)})
        self.assertEqual((self.project / "starts").read_text(), "..", run.describe())
