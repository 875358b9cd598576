"""Scenarios for CMake projects, tested with the real ctest."""

import subprocess
import textwrap

from .boxes import PROVIDER, BoxScenario

# What a project begins with. `run(NAME TEXT)` adds a test that runs a shell text; it notes its name
# in ran.log first.
PREAMBLE = """\
cmake_minimum_required(VERSION 3.21)
project(small {languages})
enable_testing()
set(log "$ENV{{SCENARIO_ROOT}}/ran.log")
function(run name text)
    add_test(NAME "${{name}}" COMMAND sh -c "echo '${{name}}' >> '${{log}}'; ${{text}}")
endfunction()
"""


class CtestScenario(BoxScenario):
    def cmake_project(self, lists, *, languages="NONE", files=None, framework="", boxes=False,
                      **options):
        """Writes, configures and builds a project whose CMakeLists.txt goes on with `lists`."""
        preamble = PREAMBLE.format(languages=languages)
        self.write({"CMakeLists.txt": preamble + textwrap.dedent(lists), **(files or {})})
        self.cmake("-S", ".", "-B", "build")
        if languages != "NONE":
            self.cmake("--build", "build")
        if boxes:
            options["provider"] = PROVIDER
        self.config('type = "ctest"\n' + framework, **{"offload": "max_parallel = 2", **options})
        if boxes:
            self.box_script()

    def cmake(self, *arguments):
        done = subprocess.run(["cmake", *arguments], cwd=self.project, env=self.env,
                              capture_output=True, text=True, timeout=250)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def ctest(self, *arguments):
        """{name: "passed" | "failed" | "skipped"} as plain ctest sees it, and its exit status."""
        done = subprocess.run(
            ["ctest", "--test-dir", "build", *arguments], cwd=self.project, env=self.env,
            capture_output=True, text=True, timeout=250)
        outcomes = {}
        for line in done.stdout.splitlines():
            head, mark, rest = line.partition(" Test ")
            if not mark or "/" not in head:
                continue
            name, _, status = rest.partition(": ")[2].partition(" ...")
            skipped = "***Skipped" in status or "(Disabled)" in status
            outcomes[name] = ("skipped" if skipped else
                              "passed" if "   Passed " in status else "failed")
        return outcomes, done.returncode

    def ran(self):
        """The names of the run()s, in the order of their starts."""
        path = self.root / "ran.log"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self):
        (self.root / "ran.log").unlink(missing_ok=True)
