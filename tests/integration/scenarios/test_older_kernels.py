"""Runs on kernels that do not know the newer system calls."""

import os
import pathlib
import sys

from harness import Scenario

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "support"
OLDER_KERNEL = (sys.executable, str(SUPPORT / "older_kernel.py"))


class OlderKernels(Scenario):
    def test_a_kernel_of_2018_costs_no_result_and_leaves_no_process(self):
        if os.uname().machine not in ("x86_64", "aarch64"):
            self.skipTest("which system calls are newer is not known of this machine")
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
