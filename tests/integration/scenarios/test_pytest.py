"""Projects tested with pytest: what is found, what is run, what is said of it."""

import json

from harness import PytestScenario, with_pytest

THREE = {"tests/test_three.py": """
    def test_a(): pass
    def test_b(): pass
    def test_c(): pass
    """}
PASSED = {f"tests/test_three.py::test_{x}": "passed" for x in "abc"}

FIXTURE = """
    import pytest

    @pytest.fixture(autouse=True)
    def name_by_id(request, record_xml_attribute):
        record_xml_attribute("name", request.node.nodeid)
    """

ODD = """
    # -*- coding: utf-8 -*-
    import pytest

    @pytest.mark.parametrize("x", [
        "two words", "a,b", "[brackets]", "quo'te", 'dou"ble', "a::b", "größe-日本",
        "$HOME `id` $(id)", "back\\\\slash", "line\\nbreak", "<tag>&amp;", "-x", "a/b.py::c",
        "", " ", "#hash", "{tests}", "*?", "tab\\t", "nul\\0"], ids=lambda x: x)
    def test_odd(x): pass
    """

SKIPS = {
    "tests/test_skips.py": """
        import pytest

        @pytest.mark.skip(reason="marked")
        def test_marked(): pass

        @pytest.mark.skipif(True, reason="conditional")
        def test_conditional(): pass

        def test_runtime(): pytest.skip("at runtime")

        @pytest.fixture
        def unavailable(): pytest.skip("in setup")

        def test_setup(unavailable): pass

        @pytest.mark.xfail
        def test_xfail(): assert False

        @pytest.mark.xfail
        def test_xpass(): pass

        @pytest.mark.xfail(strict=True)
        def test_strict_xpass(): pass
        """,
    "tests/test_module.py": """
        import pytest
        pytestmark = pytest.mark.skip(reason="the module is marked")
        def test_in_module(): assert False
        """,
    "tests/test_gone.py": """
        import pytest
        pytest.skip("not here", allow_module_level=True)
        def test_never(): assert False
        """,
}


def ids(file, names, outcome="passed"):
    return {f"{file}::{name}": outcome for name in names}


class Pytest(PytestScenario):
    # --- IDs -----------------------------------------------------------------------------------

    @with_pytest(7, 8, 9)
    def test_odd_ids_all_run(self):  # TRAPS 1, 16, 29
        self.pytest_project({"tests/test_odd.py": ODD, **THREE})
        run = self.offload("run").expect_exit(0)
        report = run.junit()
        self.assertEqual(len(report.cases), 23, run.describe())
        self.assertEqual(set(report.outcomes().values()), {"passed"}, run.describe())
        self.assertEqual(report.total("tests"), 23)

    @with_pytest(7, 8, 9)
    def test_quiet_in_addopts_hides_nothing(self):  # TRAPS 1
        self.pytest_project({**THREE, "pytest.ini": "[pytest]\naddopts = -q -q --no-header\n"})
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)

    @with_pytest(7, 8, 9)
    def test_names_match_whatever_the_project_writes_into_its_report(self):  # TRAPS 5
        for family in ("xunit1", "xunit2"):
            for conftest in (FIXTURE, ""):
                self.pytest_project({
                    **THREE,
                    "conftest.py": conftest,
                    "pytest.ini": f"[pytest]\njunit_family = {family}\npythonpath = tests\n"})
                self.offload("run").expect_exit(0).expect_outcomes(PASSED)

    @with_pytest(7, 8, 9)
    def test_rootdir_below_the_working_directory(self):  # TRAPS 5
        self.pytest_project(
            {"sub/pytest.ini": "[pytest]\n", "sub/tests/test_x.py": "def test_x(): pass\n"},
            paths='["sub/tests"]')
        self.offload("run").expect_exit(0).expect_outcomes({"tests/test_x.py::test_x": "passed"})

    @with_pytest(8)
    def test_custom_items(self):  # TRAPS 5
        self.pytest_project({"conftest.py": """
            import pytest

            def pytest_collect_file(parent, file_path):
                if file_path.suffix == ".case":
                    return Cases.from_parent(parent, path=file_path)

            class Cases(pytest.File):
                def collect(self):
                    for line in self.path.read_text().splitlines():
                        yield Case.from_parent(self, name=line)

            class Case(pytest.Item):
                def runtest(self):
                    assert self.name != "bad one"
            """, "tests/some.case": "good\nbad one\n"})
        self.offload("run").expect_exit(1).expect_outcomes(
            {"tests/some.case::good": "passed", "tests/some.case::bad one": "failure"})

    @with_pytest(8)
    def test_tests_of_one_name(self):  # TRAPS 16
        body = "class TestX:\n    def test_x(self): pass\ndef test_x(): assert False\n"
        self.pytest_project({
            "tests/one/__init__.py": "", "tests/two/__init__.py": "",
            "tests/one/test_x.py": body, "tests/two/test_x.py": body.replace("False", "True")})
        self.offload("run").expect_exit(1).expect_outcomes({
            "tests/one/test_x.py::TestX::test_x": "passed",
            "tests/one/test_x.py::test_x": "failure",
            "tests/two/test_x.py::TestX::test_x": "passed",
            "tests/two/test_x.py::test_x": "passed"})

    # --- discovery -------------------------------------------------------------------------------

    @with_pytest(7, 8, 9)
    def test_broken_module_is_an_error_and_others_run(self):  # TRAPS 2
        self.pytest_project({**THREE, "tests/test_broken.py": "import no_such_module_at_all\n"})
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({**PASSED, "tests/test_broken.py": "error"})
        self.assertIn("no_such_module_at_all", report["tests/test_broken.py"].text)

    @with_pytest(8)
    def test_only_a_broken_module(self):  # TRAPS 2, 9
        self.pytest_project({"tests/test_broken.py": "def test_x(:\n"})
        run = self.offload("run").expect_exit(1)
        run.expect_said("tests/test_broken.py")

    @with_pytest(7, 8, 9)
    def test_skips_are_outcomes_of_their_own(self):  # TRAPS 7
        self.pytest_project(SKIPS)
        run = self.offload("run").expect_exit(1)
        expected = ids("tests/test_skips.py", [
            "test_marked", "test_conditional", "test_runtime", "test_setup", "test_xfail"],
            "skipped")
        expected["tests/test_skips.py::test_xpass"] = "passed"
        expected["tests/test_skips.py::test_strict_xpass"] = "failure"
        expected["tests/test_module.py::test_in_module"] = "skipped"
        run.expect_outcomes(expected).total("skipped")
        self.assertEqual(run.junit().total("skipped"), 6, run.describe())
        run.expect_said("tests/test_gone.py")

    @with_pytest(8)
    def test_no_tests_at_all(self):  # TRAPS 9, 15
        self.pytest_project({"tests/test_none.py": "x = 1\n"})
        self.offload("run").expect_exit(1).expect_said("--collect-only")

    @with_pytest(8)
    def test_empty_group_is_a_notice(self):  # TRAPS 15
        self.pytest_project(THREE, groups={"all": "", "none": 'filters = "-k nothing_like_it"'})
        self.offload("run").expect_exit(0).expect_said("none").expect_outcomes(PASSED)

    @with_pytest(8)
    def test_collect_prints_json(self):
        self.pytest_project(THREE)
        run = self.offload("collect", "-f", "json").expect_exit(0)
        told = json.loads(run.out)
        self.assertEqual({t["id"] for t in told}, set(PASSED), run.describe())
        self.assertEqual({t["group"] for t in told}, {"all"})

    @with_pytest(8)
    def test_duration_report_and_colour_in_addopts(self):
        self.pytest_project({**THREE, "pytest.ini":
                             "[pytest]\naddopts = -ra --durations=3 --color=yes -p no:cacheprovider\n"})
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)

    # --- options of the project and of the config --------------------------------------------------

    @with_pytest(7, 8, 9)
    def test_xdist_in_addopts(self):
        self.pytest_project({**THREE, "pytest.ini": "[pytest]\naddopts = -n 2\n"})
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)

    @with_pytest(8)
    def test_xdist_in_addopts_and_blocked_in_run_args(self):
        self.pytest_project({**THREE, "pytest.ini": "[pytest]\naddopts = -n 2\n"},
                            framework='run_args = "-p no:xdist"\n')
        self.offload("run").expect_exit(0).expect_outcomes(PASSED)

    @with_pytest(7, 8, 9)
    def test_stop_at_the_first_failure_in_addopts(self):
        self.pytest_project({
            "tests/test_x.py": "def test_a(): assert 0\ndef test_b(): pass\ndef test_c(): pass\n",
            "pytest.ini": "[pytest]\naddopts = -x -p no:randomly\n"},
            offload="max_parallel = 1")
        self.offload("run").expect_exit(1).expect_outcomes({
            "tests/test_x.py::test_a": "failure", "tests/test_x.py::test_b": "passed",
            "tests/test_x.py::test_c": "passed"})

    @with_pytest(8)
    def test_deselecting_addopts_hold_in_both(self):  # TRAPS 8
        self.pytest_project({**THREE, "pytest.ini": '[pytest]\naddopts = -k "not test_b"\n'})
        self.offload("run").expect_exit(0).expect_outcomes(
            {k: v for k, v in PASSED.items() if not k.endswith("_b")})

    @with_pytest(8)
    def test_tests_that_the_batch_deselects_are_named(self):  # TRAPS 8
        self.pytest_project(THREE, framework='run_args = "--deselect tests/test_three.py::test_b"\n')
        run = self.offload("run").expect_exit(1).expect_said("tests/test_three.py::test_b")
        self.assertEqual(run.junit()["tests/test_three.py::test_b"].type, "not-run",
                         run.describe())
        self.assertEqual(len(run.junit().cases), 3, run.describe())

    @with_pytest(8)
    def test_words_that_do_not_parse_are_an_error(self):  # TRAPS 17
        for framework, groups in (('run_args = "-k \'open"\n', None),
                                  ("", {"all": 'filters = "-k \'open"'})):
            self.pytest_project(THREE, framework=framework, groups=groups)
            self.offload("run").expect_exit(1).expect_matches(r"offload\.toml:\d+:\d+")
            self.assertFalse((self.output_dir / "junit.xml").exists())  # nothing was begun

    @with_pytest(7, 8, 9)
    def test_config_of_0_4(self):
        self.write({
            "tests/test_x.py": """
                import sys, pytest
                def test_mode(): assert sys.flags.utf8_mode == 1
                @pytest.mark.slow
                def test_slow(): assert False
                """,
            "pytest.ini": "[pytest]\nmarkers = slow: takes long\n"})
        self.config(f"""
            type = "pytest"
            python = "{self.python}"
            extra_args = ["-X", "utf8"]
            markers = "not slow"
            """)
        self.offload("run").expect_exit(0).expect_outcomes({"tests/test_x.py::test_mode": "passed"})

    @with_pytest(8)
    def test_markers_give_way_to_filters(self):
        self.write(THREE)
        self.config(f'type = "pytest"\npython = "{self.python}"\nmarkers = "nothing"',
                    {"some": 'filters = "-k test_a"'})
        self.offload("run").expect_exit(0).expect_outcomes(
            {"tests/test_three.py::test_a": "passed"})

    @with_pytest(7, 8, 9)
    def test_batches_see_their_environment(self):
        self.pytest_project({"tests/test_env.py": """
            import os
            def test_env():
                for name in ("RUN_ID", "SANDBOX_ID", "BATCH", "PARALLEL_INDEX", "ATTEMPT", "ROOT"):
                    assert os.environ["OFFLOAD_" + name], name
                assert os.environ["FROM_CONFIG"] == "a 'b' $c"
                assert os.environ["FROM_FLAG"] == "x=y z"
            """}, provider='type = "local"\nenv = { FROM_CONFIG = "a \'b\' $c", FROM_FLAG = "no" }')
        self.offload("run", "--env", "FROM_FLAG=x=y z").expect_exit(0)

    # --- groups, selection, retries ------------------------------------------------------------------

    @with_pytest(8)
    def test_overlapping_groups_run_a_test_once(self):  # TRAPS 14
        self.pytest_project(
            {"tests/test_x.py": """
                import os
                def test_a(): open("log", "a").write("a\\n")
                def test_b(): open("log", "a").write("b\\n")
                """},
            groups={"first": 'filters = "-k test_a"', "second": "retry_count = 1"})
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes(ids("tests/test_x.py", ["test_a", "test_b"]))
        self.assertEqual(sorted((self.project / "log").read_text().split()), ["a", "b"])
        run.expect_said("second")

    MARKED = {
        "pytest.ini": "[pytest]\nmarkers =\n    slow\n    odd\n",
        "conftest.py": """
            import sys
            if "offload_pytest" in sys.modules:
                open("sessions", "a").write("x")
            """,
        "tests/test_x.py": """
            import pytest
            @pytest.mark.slow
            def test_slow(): assert 0
            @pytest.mark.odd
            def test_odd(): pass
            def test_other(request): assert request.config.option.markexpr == "not slow and not odd"
            """,
    }
    MARK_GROUPS = {
        name: f'filters = "-m \'{marks}\'"\nretry_count = 0'
        for name, marks in {"slow": "slow", "odd": "odd", "rest": "not slow and not odd",
                            "none": "slow and odd"}.items()
    }

    def expect_marked(self):
        """Each test belongs to its group, and runs as there."""
        run = self.offload("collect", "-f", "json").expect_exit(0)
        self.assertEqual(
            {t["id"].split("::")[1]: t["group"] for t in json.loads(run.out)},
            {"test_slow": "slow", "test_odd": "odd", "test_other": "rest"})
        self.offload("run").expect_exit(1).expect_outcomes({
            "tests/test_x.py::test_slow": "failure",
            "tests/test_x.py::test_odd": "passed",
            "tests/test_x.py::test_other": "passed"})

    @with_pytest(7, 8, 9)
    def test_groups_that_differ_in_marks_are_collected_once(self):  # TRAPS 39
        self.pytest_project(self.MARKED, groups=self.MARK_GROUPS, framework='worker = "off"\n')
        self.expect_marked()
        # Twice for discovery, and once for each batch.
        self.assertEqual((self.project / "sessions").read_text(), "xx" + 3 * "x")

    @with_pytest(8)
    def test_groups_are_collected_apart_where_the_marks_mean_more(self):
        self.pytest_project(
            {**self.MARKED, "tests/conftest.py": """
                def pytest_collection_modifyitems(config, items):
                    if config.getoption("-m") == "slow":
                        items[:] = [item for item in items if item.name == "test_slow"]
                """},
            groups=self.MARK_GROUPS)
        self.expect_marked()

    @with_pytest(7, 8, 9)
    def test_tests_that_need_each_other_run_in_one_process(self):
        needed = {f"tests/test_{name}.py": f"""
            import os, time
            import pytest
            @pytest.mark.xdist_group("pair")
            def test_needed(): os.environ["DONE_BY_{name}"] = "1"
            def test_takes_time(): time.sleep(0.2)
            """ for name in "abcd"}
        self.pytest_project({**needed, "tests/test_z.py": """
            import os
            import pytest
            @pytest.mark.xdist_group("pair")
            def test_needs_all(): assert {f"DONE_BY_{name}" for name in "abcd"} <= set(os.environ)
            """, "pytest.ini": "[pytest]\naddopts = -p no:randomly\nmarkers = xdist_group\n"},
            offload="max_parallel = 4")
        for worker in ("auto", "off"):
            for _ in range(2):  # nothing known, and durations known
                self.offload("run").expect_exit(0)
            config = self.project / "offload.toml"
            config.write_text(config.read_text().replace("[framework]", '[framework]\nworker = "off"'))

    @with_pytest(8)
    def test_positional_ids(self):
        self.pytest_project(THREE)
        wanted = "tests/test_three.py::test_b"
        self.offload("run", wanted).expect_exit(0).expect_outcomes({wanted: "passed"})

    FLAKY = {"tests/test_flaky.py": """
        import os
        def test_flaky():
            with open("log", "a") as log: log.write("x")
            assert os.path.getsize("log") > 1, "the first time fails"
        def test_steady():
            with open("steady", "a") as log: log.write("x")
        """}

    @with_pytest(7, 8, 9)
    def test_flaky_exits_2(self):  # TRAPS 13, 33
        self.pytest_project(self.FLAKY, groups={"all": "retry_count = 3"})
        run = self.offload("run").expect_exit(2)
        report = run.expect_outcomes(ids("tests/test_flaky.py", ["test_flaky", "test_steady"]))
        self.assertEqual(report["tests/test_flaky.py::test_flaky"].count("flakyFailure"), 1)
        self.assertEqual((self.project / "steady").read_text(), "x")
        self.assertEqual((self.project / "log").read_text(), "xx")

    @with_pytest(8)
    def test_without_retries_a_first_failure_is_final(self):  # TRAPS 13
        self.pytest_project(self.FLAKY)
        run = self.offload("run").expect_exit(1)
        self.assertEqual(run.junit()["tests/test_flaky.py::test_flaky"].outcome, "failure")
        self.assertEqual((self.project / "log").read_text(), "x")

    @with_pytest(8)
    def test_fail_fast(self):
        self.pytest_project(
            {"tests/test_x.py": "def test_a(): assert 0\n"
             + "".join(f"def test_z{i}(): pass\n" for i in range(9)),
             "pytest.ini": "[pytest]\naddopts = -p no:randomly\n"}, offload="max_parallel = 1")
        run = self.offload("run", "--fail-fast").expect_exit(1)
        outcomes = run.junit().outcomes()
        self.assertEqual(outcomes["tests/test_x.py::test_a"], "failure", run.describe())
        self.assertEqual(len(outcomes), 10, run.describe())
        self.assertIn("not-run", {case.type for case in run.junit().cases}, run.describe())

    @with_pytest(8)
    def test_errors_around_a_test(self):
        self.pytest_project({"tests/test_x.py": """
            import pytest
            @pytest.fixture
            def bad_setup(): raise RuntimeError("setup <&> broke")
            @pytest.fixture
            def bad_teardown():
                yield
                raise RuntimeError("teardown broke")
            def test_setup(bad_setup): pass
            def test_teardown(bad_teardown): pass
            """})
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(ids("tests/test_x.py", ["test_setup", "test_teardown"], "error"))
        self.assertIn("teardown broke", report["tests/test_x.py::test_teardown"].text)
        logs = self.offload("logs", "--errors").expect_exit(0)
        logs.expect_said("=== tests/test_x.py::test_setup [ERRORED] ===")

    @with_pytest(8)
    def test_logs_of_failures(self):
        self.pytest_project({**THREE, "tests/test_bad.py": """
            def test_bad():
                print("said before it failed")
                assert 1 == 2
            """})
        self.offload("run").expect_exit(1)
        logs = self.offload("logs", "--failures").expect_exit(0)
        logs.expect_said("=== tests/test_bad.py::test_bad [FAILED] ===", "assert 1 == 2")
        logs.expect_said("said before it failed").expect_not_said("test_three.py")
