"""discover_in = "sandbox": this machine has none of the tools that the tests need."""

import os
import shutil

from harness import (CargoScenario, CtestScenario, PytestScenario, Scenario, VitestScenario, with_pytest,
                     with_vitest)

IN_SANDBOXES = 'discover_in = "sandbox"\n'


class Elsewhere:
    """Sandboxes find programs where this machine's do not look."""

    def elsewhere(self, path=None, before=""):
        """`before`: shell text before each command."""
        return (f'type = "default"\ncreate_command = "echo box"\ndestroy_command = "true"\n'
                f'exec_command = "{before}PATH={path or self.env["PATH"]} /bin/sh -c {{command}}"\n')

    def run_without_tools(self, *arguments):
        here = self.root / "here"
        here.mkdir(exist_ok=True)
        for tool in ("sh", "mkdir"):
            if not (here / tool).exists():
                (here / tool).symlink_to(shutil.which(tool))
        return self.offload(*arguments, env={**self.env, "PATH": str(here)})


class Commands(Elsewhere, Scenario):
    def project_of(self, discover, **options):
        self.write({"tools/list-tests": f"#!/bin/sh\n{discover}\n", "tools/run-test": """\
            #!/bin/sh
            [ $2 = b ] && result="<failure/>"
            echo "<testsuite><testcase name='$2'>$result</testcase></testsuite>" > "$1"
            """})
        for tool in (self.project / "tools").iterdir():
            tool.chmod(0o755)
        self.config("""
            type = "default"
            discover_command = "list-tests {filters}"
            run_command = "run-test {result_file} {tests}"
            test_id_format = "{name}"
            """ + IN_SANDBOXES, {"all": "schedule_individual = true\nretry_count = 0"},
            provider=self.elsewhere(f"{self.project}/tools:/usr/bin:/bin", **options))

    def test_the_sandbox_alone_can_list(self):
        self.project_of("printf 'a\\nb\\nc\\n'")
        self.run_without_tools("validate").expect_exit(0)
        run = self.run_without_tools("run").expect_exit(1)
        run.expect_outcomes({"a": "passed", "b": "failure", "c": "passed"})

    def test_a_lost_sandbox_gives_way_to_another(self):
        self.project_of("echo a", before="mkdir first 2>/dev/null && exit 255; ")
        run = self.run_without_tools("run").expect_exit(0)
        run.expect_said("discovery goes on in another sandbox")
        run.expect_outcomes({"a": "passed"})

    def test_what_cannot_be_listed_is_told_with_its_words(self):
        self.project_of("echo 'no module named x' >&2; exit 3")
        self.run_without_tools("run").expect_exit(1).expect_said("exit status 3", "no module named x")

    def test_listing_that_hangs_has_its_limit(self):
        self.project_of("echo waiting for the database >&2; exec sleep 1000")
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(
            "[offload]\n", "[offload]\ndiscovery_timeout_secs = 2\n"))
        run = self.run_without_tools("run").expect_exit(1)
        run.expect_said("discovery did not end within 2 s", "waiting for the database")


class Ctest(Elsewhere, CtestScenario):
    def test_tests_are_found_where_they_were_built(self):
        self.cmake_project('run(good "exit 0")\nrun(bad "exit 1")\n', framework=IN_SANDBOXES,
                           provider=self.elsewhere())
        self.run_without_tools("validate").expect_exit(0)
        self.run_without_tools("run").expect_exit(1).expect_outcomes(
            {"good": "passed", "bad": "failure"})


    def test_ctest_in_sandboxes_on_this_machine(self):
        self.cmake_project('run(good "exit 0")\n', framework=IN_SANDBOXES)
        self.offload("run").expect_exit(0).expect_outcomes({"good": "passed"})


class Cargo(Elsewhere, CargoScenario):
    def test_this_machine_has_no_rust(self):
        self.small_crate("""
            #[test] fn good() {}
            #[test] fn bad() { panic!("oh"); }
            """)
        self.config('type = "cargo"\n' + IN_SANDBOXES, offload="max_parallel = 1",
                    provider=self.elsewhere())
        run = self.run_without_tools("run").expect_exit(1)
        run.expect_outcomes({"small::it good": "passed", "small::it bad": "failure"})

    def test_sandboxes_on_this_machine_go_on_with_what_was_built(self):
        self.small_crate("#[test] fn good() {}\n")
        self.config('type = "cargo"\n' + IN_SANDBOXES, offload="max_parallel = 2")
        self.offload("run").expect_exit(0).expect_outcomes({"small::it good": "passed"})


class Vitest(Elsewhere, VitestScenario):
    @with_vitest(4)
    def test_this_machine_has_no_node(self):
        self.vitest_project({"a.test.ts": """
            import { expect, test } from 'vitest';
            test('good', () => {});
            test('bad', () => { expect(1).toBe(2); });
            """}, framework=IN_SANDBOXES, provider=self.elsewhere())
        run = self.run_without_tools("run").expect_exit(1)
        run.expect_outcomes({"a.test.ts > good": "passed", "a.test.ts > bad": "failure"})


    @with_vitest(4)
    def test_vitest_in_sandboxes_on_this_machine(self):
        self.vitest_project({"a.test.ts": """
            import { test } from 'vitest';
            test('good', () => {});
            """}, framework=IN_SANDBOXES)
        self.offload("run").expect_exit(0).expect_outcomes({"a.test.ts > good": "passed"})


class Pytest(Elsewhere, PytestScenario):
    @with_pytest(8)
    def test_by_commands_where_nothing_passes_standard_input(self):
        self.pytest_project({
            "tests/test_x.py": "def test_a(): pass\ndef test_b(): assert 0\n",
            "tests/test_broken.py": "import nowhere\n",
        }, framework=IN_SANDBOXES, groups={"one": "", "two": "filters = '-k a'"},
            provider=self.elsewhere(f"{os.path.dirname(self.python)}:/usr/bin:/bin"))
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(self.python + " -m", "python -m"))
        run = self.run_without_tools("run").expect_exit(1)
        run.expect_outcomes({"tests/test_x.py::test_a": "passed", "tests/test_x.py::test_b": "failure",
                             "tests/test_broken.py": "error"})
