"""Results whose names are not those that discovery printed."""

from harness import Scenario


class UnknownResults(Scenario):
    def test_unknown_result_is_reported_and_never_guessed(self):  # TRAPS 6
        self.fake_project({"test_alpha": "rename-test_alphb", "other": "pass"})
        run = self.offload("run").expect_exit(1)
        run.expect_said("test_alphb", "test_alpha")
        report = run.junit()
        self.assertEqual(report["other"].outcome, "passed")
        self.assertEqual(report["test_alpha"].outcome, "error", run.describe())

    def test_the_format_that_would_have_matched_is_named(self):
        self.write({"run.sh": """
            #!/bin/sh
            result=$1
            echo '<testsuite><testcase classname="pkg.mod" name="t"/></testsuite>' > "$result"
            """})
        self.config("""
            type = "default"
            discover_command = "echo pkg.mod::t # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run").expect_exit(1)
        run.expect_said("{classname}::{name}", "pkg.mod::t")

    def test_ids_that_are_files_take_the_worst_of_their_cases(self):
        self.write({"run.sh": """
            #!/bin/sh
            cat > "$1" <<XML
            <testsuites><testsuite name="s" file="web/a.test.js"><testcase name="adds"/>
            <testcase name="subtracts"><failure message="1 != 2"/></testcase></testsuite>
            <testsuite name="web/b.test.js"><testcase name="works"/></testsuite></testsuites>
            XML
            """})
        self.config("""
            type = "default"
            discover_command = "printf 'web/a.test.js\\nweb/b.test.js\\n' # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        run = self.offload("run", "--parallel", "1").expect_exit(1)
        run.expect_outcomes({"web/a.test.js": "failure", "web/b.test.js": "passed"})

    def test_a_test_that_appears_twice_takes_its_worst_outcome(self):
        self.write({"run.sh": """
            #!/bin/sh
            echo '<testsuite><testcase name="t"/><testcase name="t"><error message="teardown"/>
            </testcase></testsuite>' > "$1"
            """})
        self.config("""
            type = "default"
            discover_command = "echo t # {filters}"
            run_command = "./run.sh {result_file} {tests}"
            test_id_format = "{name}"
            """)
        self.offload("run").expect_exit(1).expect_outcomes({"t": "error"})

    def test_entities_in_names(self):  # TRAPS 16
        test = """a[<x> & "y" 'z']"""
        self.fake_project({test: "pass"})
        self.offload("run").expect_exit(0).expect_outcomes({test: "passed"})
