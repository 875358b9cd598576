"""The pytest plugin against real pytest: run by CTest once for each supported version."""

import os
import shutil
import subprocess
import unittest

from harness import PYTHON, Case, available, pytest_version

PYTEST = pytest_version()


class Discovery(Case):
    def test_tells_every_id_with_its_file(self):
        self.write("tests/test_a.py", "def test_one(): pass\nclass TestK:\n    def test_two(self): pass\n")
        self.write("tests/test_b.py", "def test_three(): pass\n")
        told = self.collect("tests")
        self.assertEqual(
            told.files,
            {
                "tests/test_a.py::test_one": "tests/test_a.py",
                "tests/test_a.py::TestK::test_two": "tests/test_a.py",
                "tests/test_b.py::test_three": "tests/test_b.py",
            },
        )
        self.assertEqual(told.one("collected")["count"], 3)
        self.assertEqual(told.one("hello")["protocol"], 1)
        self.assertEqual(told.one("bye")["status"], 0)

    def test_a_test_finds_no_plan(self):
        self.write(
            "test_a.py",
            """
            import os, pathlib, sys
            def test_a():
                assert "OFFLOAD_PYTEST_PLAN" not in os.environ
                carried = pathlib.Path(sys.modules["offload_pytest"].__file__).parent
                assert [path.name for path in carried.iterdir() if "plan" in path.name] == []
                for descriptor in os.listdir("/proc/self/fd"):
                    try:
                        assert "plan" not in os.readlink("/proc/self/fd/" + descriptor)
                    except OSError:
                        pass
            """,
        )
        told = self.collect()
        ran = self.run_batch(told.ids, told.files)
        self.assertEqual([f["outcome"] for f in ran.kind("end")], ["passed"], ran.kind("end"))

    def test_odd_parameters_survive(self):  # TRAPS 1
        self.write(
            "test_odd.py",
            r"""
            import pytest
            @pytest.mark.parametrize("x", ["a b", "a::b", "[", "]", "it's", '"', "a,b", "ü", "a\nb",
                                           "\t", "$x", "`y`", "\\", "#", "-x", "%s", " lead"])
            def test_x(x): pass
            """,
        )
        told = self.collect()
        self.assertEqual(len(set(told.ids)), 17)
        self.assertIn("test_odd.py::test_x[a::b]", told.ids)
        self.assertIn("test_odd.py::test_x[ lead]", told.ids)
        ran = self.run_batch(told.ids, told.files)
        self.assertEqual([f["outcome"] for f in ran.kind("end")], ["passed"] * 17)
        self.assertEqual(sorted(f["n"] for f in ran.kind("end")), list(range(17)))

    def test_raw_non_ascii_newline_and_surrogate_parameters_survive(self):  # TRAPS 1
        self.write("pytest.ini", "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n")
        self.write(
            "test_raw.py",
            r"""
            import pytest
            @pytest.mark.parametrize("x", ["日本", "a\nb", "\ud800", "\udcff"])
            def test_x(x): pass
            """,
        )
        options = ["-p", "no:cacheprovider"]  # pytest 7 cannot write such IDs into its cache
        told = self.collect(*options, env={"PYTHONIOENCODING": "utf-8:backslashreplace"})
        self.assertIn("test_raw.py::test_x[日本]", told.ids)
        self.assertIn("test_raw.py::test_x[a\nb]", told.ids)
        self.assertIn(b"test_raw.py::test_x[\xff]", told.ids)
        self.assertIn(b"test_raw.py::test_x[\xed\xa0\x80]", told.ids)
        ran = self.run_batch(
            told.ids, told.files, *options, env={"PYTHONIOENCODING": "utf-8:backslashreplace"}
        )
        self.assertEqual(len(ran.kind("end")), 4, ran.visible + ran.err)

    def test_file_names_that_are_no_text(self):
        for name in (b"test_\xff.py", b"odd [x]/test_a.py", b"two::parts/test_b.py", b"test_\n.py"):
            self.write(name, "def test_x(): pass\n")
        env = {"PYTHONIOENCODING": "utf-8:surrogateescape"}
        told = self.collect(env=env)
        self.assertIn(b"test_\xff.py::test_x", told.ids)
        self.assertIn("odd [x]/test_a.py::test_x", told.ids)
        self.assertIn("two::parts/test_b.py::test_x", told.ids)
        self.assertEqual(len(told.ids), 4)
        for node_id in told.ids:
            ran = self.run_batch([node_id], told.files, env=env)
            self.assertEqual(ran.one("end")["outcome"], "passed")

    def test_project_options_change_nothing(self):  # TRAPS 1
        self.write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n")
        for addopts in ("-q -q", "-v -v", "-x", "--maxfail=1", "-n 2", "--co -q", "-p no:terminal", "-s"):
            self.write("pytest.ini", "[pytest]\naddopts = %s\n" % addopts)
            self.plugins = addopts.startswith("-n")
            if self.plugins and not available("xdist"):
                continue
            with self.subTest(addopts=addopts):
                told = self.collect()
                self.assertEqual(told.ids, ["test_a.py::test_a", "test_a.py::test_b"], told.err)
                ran = self.run_batch(told.ids, told.files)
                self.assertEqual(len(ran.kind("end")), 2, ran.visible + ran.err)
                self.assertEqual(ran.one("bye")["status"], 0)

    def test_broken_modules_do_not_hide_the_others(self):  # TRAPS 2
        self.write("test_a.py", "import nowhere_to_be_found\n")
        self.write("test_b.py", "def test_b(): pass\n")
        self.write("test_c.py", "def (\n")
        for extra in ([], ["-x"], ["--maxfail=1"]):
            told = self.collect(*extra)
            self.assertEqual(told.ids, ["test_b.py::test_b"])
            broken = {frame["id"]: frame for frame in told.kind("broken")}
            self.assertEqual(set(broken), {"test_a.py", "test_c.py"})
            self.assertEqual(broken["test_a.py"]["type"], "ModuleNotFoundError")
            self.assertEqual(
                broken["test_a.py"]["message"],
                "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
            )
            self.assertIn("nowhere_to_be_found", broken["test_a.py"]["details"])
            self.assertIn("SyntaxError", broken["test_c.py"]["message"])

    def test_module_that_skips_itself_is_told(self):  # TRAPS 7
        self.write("test_a.py", "import pytest\npytest.skip('not today', allow_module_level=True)\n")
        self.write("test_b.py", "def test_b(): pass\n")
        told = self.collect()
        self.assertEqual(told.one("skipped"), {"t": "skipped", "id": "test_a.py", "message": "not today"})
        self.assertEqual(told.one("collected")["count"], 1)

    def test_no_tests(self):
        told = self.collect()
        self.assertEqual(told.one("collected")["count"], 0)
        self.assertEqual(told.one("bye")["status"], 5)

    def test_filters(self):
        self.write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n")
        told = self.collect("-k", "test_b")
        self.assertEqual(told.ids, ["test_a.py::test_b"])
        self.assertEqual(told.one("collected")["deselected"], 1)

    def test_root_folder_elsewhere_and_testpaths(self):  # TRAPS 5
        self.write("pytest.ini", "[pytest]\ntestpaths = sub/tests\npythonpath = src\n")
        self.write("src/lib.py", "VALUE = 3\n")
        self.write("sub/tests/conftest.py", "import pytest\n@pytest.fixture\ndef three(): return 3\n")
        self.write("sub/tests/test_a.py", "import lib\ndef test_a(three): assert lib.VALUE == three\n")
        self.assertEqual(self.outcomes(), {"sub/tests/test_a.py::test_a": "passed"})
        self.cwd = self.root / "sub"
        self.assertEqual(self.outcomes("tests"), {"sub/tests/test_a.py::test_a": "passed"})
        self.cwd = self.base
        self.assertEqual(
            self.outcomes("--rootdir=project", "-c", "project/pytest.ini", "project/sub/tests/test_a.py::test_a"),
            {"sub/tests/test_a.py::test_a": "passed"},
        )

    def test_tests_that_need_each_other_are_told(self):
        self.write(
            "test_a.py",
            """
            import pytest
            def test_free(): pass
            @pytest.mark.xdist_group("one")
            @pytest.mark.parametrize("n", [1, 2])
            def test_grouped(n): pass
            @pytest.mark.xdist_group(name="two")
            def test_named(): pass
            @pytest.mark.dependency
            def test_dependency(): pass
            @pytest.mark.dependency(scope="session")
            def test_wide(): pass
            @pytest.mark.incremental
            class TestSteps:
                def test_step(self): pass
            """,
        )
        self.write("test_b.py", "def test_b(): pass\n")
        with_bonds, without = self.collect("-W", "ignore").kind("items")
        self.assertEqual(
            dict(zip(with_bonds["ids"], with_bonds["bonds"])),
            {
                "test_a.py::test_free": "",
                "test_a.py::test_grouped[1]": "group one",
                "test_a.py::test_grouped[2]": "group one",
                "test_a.py::test_named": "group two",
                "test_a.py::test_dependency": "dependency test_a.py",
                "test_a.py::test_wide": "dependency ",
                "test_a.py::TestSteps::test_step": "incremental test_a.py::TestSteps",
            },
        )
        self.assertNotIn("bonds", without)

    @unittest.skipIf(PYTEST >= (9, 2), "items cannot be renamed any more")
    def test_renaming_hooks_are_followed(self):
        self.write(
            "conftest.py",
            """
            def pytest_collection_modifyitems(items):
                for item in items:
                    item._nodeid = item.nodeid.encode().decode("unicode_escape")
            """,
        )
        self.write("test_a.py", "import pytest\n@pytest.mark.parametrize('x', ['ü', '日'])\ndef test_x(x): pass\n")
        self.assertEqual(
            self.outcomes(),
            {"test_a.py::test_x[ü]": "passed", "test_a.py::test_x[日]": "passed"},
        )

    def test_without_a_plan_nothing_runs(self):
        """What was to collect, by a command line that could as well run tests, must not run them."""
        self.write("test_a.py", "def test_a(): open('ran', 'w')\n")
        env = dict(os.environ, PYTHONPATH=str(self.base / "carried"))
        self.collect()
        process = subprocess.run(
            [PYTHON, "-m", "pytest", "-p", "offload_pytest"],
            cwd=self.root,
            env=env,
            capture_output=True,
        )
        self.assertEqual(process.returncode, 4)
        self.assertIn(b"no plan", process.stderr)
        self.assertNotIn(b"\x1e", process.stdout)
        self.assertFalse((self.root / "ran").exists())


class Outcomes(Case):
    def test_all_kinds(self):  # TRAPS 7
        self.write(
            "test_a.py",
            """
            import pytest, unittest
            def test_pass(): pass
            def test_fail(): assert 1 == 2, "because"
            @pytest.mark.skip(reason="marked")
            def test_marked(): pass
            @pytest.mark.skipif(True, reason="conditional")
            def test_conditional(): pass
            def test_runtime(): pytest.skip("runtime")
            @pytest.fixture
            def skips(): pytest.skip("in setup")
            def test_setup_skip(skips): pass
            @pytest.fixture
            def breaks(): raise OSError("no setup")
            def test_setup_error(breaks): pass
            @pytest.fixture
            def late():
                yield
                raise ValueError("no teardown")
            def test_teardown_error(late): pass
            def test_both(late): assert False
            @pytest.mark.xfail(reason="known")
            def test_xfail(): assert False
            @pytest.mark.xfail
            def test_xpass(): pass
            @pytest.mark.xfail(strict=True)
            def test_strict(): pass
            class TestU(unittest.TestCase):
                def test_ok(self): pass
                def test_bad(self): self.assertEqual(1, 2)
                @unittest.skip("unit")
                def test_skipped(self): pass
                def test_sub(self):
                    for i in range(3):
                        with self.subTest(i=i):
                            self.assertNotEqual(i, 1)
            """,
        )
        results = self.run_all()
        got = {k.split("::")[-1]: v for k, v in results.items()}
        expected = dict(
            test_pass="passed",
            test_fail="failed",
            test_marked="skipped",
            test_conditional="skipped",
            test_runtime="skipped",
            test_setup_skip="skipped",
            test_setup_error="errored",
            test_teardown_error="errored",
            test_both="errored",
            test_xfail="skipped",
            test_xpass="passed",
            test_strict="failed",
            test_ok="passed",
            test_bad="failed",
            test_skipped="skipped",
            test_sub="failed",
        )
        self.assertEqual({k: v["outcome"] for k, v in got.items()}, expected)
        self.assertEqual(got["test_fail"]["type"], "AssertionError")
        self.assertEqual(got["test_fail"]["message"], "AssertionError: because")
        self.assertIn("def test_fail", got["test_fail"]["details"])
        self.assertEqual(got["test_marked"]["message"], "marked")
        self.assertEqual(got["test_runtime"]["message"], "runtime")
        self.assertEqual(got["test_xfail"]["message"], "known")
        self.assertEqual(got["test_setup_error"]["message"], "setup failed: OSError: no setup")
        self.assertEqual(got["test_teardown_error"]["type"], "ValueError")
        self.assertEqual(len(self.told.kind("begin")), len(expected))

    @unittest.skipUnless(PYTEST >= (9, 0) or available("pytest_subtests"), "has no subtests")
    def test_subtests_fixture(self):
        self.plugins = PYTEST < (9, 0)
        self.write(
            "test_a.py",
            """
            def test_bad(subtests):
                for i in range(3):
                    with subtests.test("case", i=i):
                        print("hello", i)
                        assert i != 1
            def test_good(subtests):
                with subtests.test("case"): pass
            def test_skips(subtests):
                import pytest
                with subtests.test("case"): pytest.skip("one of them")
            """,
        )
        results = self.run_all()
        self.assertEqual(
            {k: v["outcome"] for k, v in results.items()},
            {
                "test_a.py::test_bad": "failed",
                "test_a.py::test_good": "passed",
                "test_a.py::test_skips": "passed",
            },
        )
        self.assertIn("[case] (i=1)", results["test_a.py::test_bad"]["message"].replace("'", ""))

    def test_output_and_properties(self):
        self.write(
            "test_a.py",
            """
            import logging, os, sys
            def test_a(record_property):
                print("to out"); print("to err", file=sys.stderr)
                os.write(1, b"raw\\n")
                logging.warning("to log")
                record_property("owner", 7)
                assert False
            def test_long(): print("x" * 3_000_000); assert False
            """,
        )
        results = self.run_all()
        a = results["test_a.py::test_a"]
        self.assertEqual(a["out"], "to out\nraw\n")
        self.assertIn("to err", a["err"])
        self.assertIn("to log", a["err"])
        self.assertEqual(a["properties"], [["owner", "7"]])
        long = results["test_a.py::test_long"]
        self.assertLess(len(long["out"]), 300_000)
        self.assertIn("characters left out", long["out"])

    def test_doctests_and_custom_items(self):  # TRAPS 5
        self.write("pytest.ini", "[pytest]\naddopts = --doctest-modules --doctest-glob=*.rst\n")
        self.write("pkg/__init__.py")
        self.write("pkg/mod.py", '''
            def f():
                """
                >>> 1 + 1
                2
                """
            def g():
                """
                >>> 1 + 1
                3
                """
            ''')
        self.write("docs/a.rst", ">>> 1\n1\n")
        self.write(
            "conftest.py",
            """
            import pytest
            def pytest_collect_file(parent, file_path):
                if file_path.suffix == ".case":
                    return CaseFile.from_parent(parent, path=file_path)
            class CaseFile(pytest.File):
                def collect(self):
                    for line in self.path.read_text().splitlines():
                        yield CaseItem.from_parent(self, name=line)
            class CaseItem(pytest.Item):
                def runtest(self):
                    assert "bad" not in self.name
                def reportinfo(self):
                    return self.path, 0, self.name
            """,
        )
        self.write("specs/x.case", "good one\nbad one\ntwin\ntwin\nbad twin\n")
        self.assertEqual(
            self.outcomes(),
            {
                "pkg/mod.py::pkg.mod.f": "passed",
                "pkg/mod.py::pkg.mod.g": "failed",
                "docs/a.rst::a.rst": "passed",
                "specs/x.case::good one": "passed",
                "specs/x.case::bad one": "failed",
                "specs/x.case::twin": "passed",
                "specs/x.case::bad twin": "failed",
            },
        )

    def test_rust_era_fixture_and_junit_families(self):  # TRAPS 5
        self.write(
            "conftest.py",
            """
            import pytest
            @pytest.fixture(autouse=True)
            def _id(request, record_xml_attribute):
                record_xml_attribute("name", request.node.nodeid)
            """,
        )
        self.write("test_a.py", "class TestA:\n    def test_a(self): pass\n")
        for family in ("xunit1", "xunit2"):
            self.write("pytest.ini", "[pytest]\njunit_family = %s\naddopts = --junitxml=mine.xml\n" % family)
            self.assertEqual(self.outcomes(), {"test_a.py::TestA::test_a": "passed"})
        self.assertFalse((self.root / "mine.xml").exists())

    def test_reports_of_the_ini_file_are_nobodys(self):
        """Each batch would put its own part in place of the others'."""
        self.write("pytest.ini", "[pytest]\naddopts = --html=a.html --json-report --clean-alluredir\n")
        self.write(
            "conftest.py",
            """
            def pytest_addoption(parser):
                parser.addoption("--html", dest="htmlpath")
                parser.addoption("--json-report", dest="json_report", action="store_true")
                parser.addoption("--clean-alluredir", dest="clean_alluredir", action="store_true")
            def pytest_configure(config):
                o = config.option
                print(o.htmlpath, o.json_report, o.clean_alluredir, file=open("seen", "a"))
            """,
        )
        self.write("test_a.py", "def test_a(): pass\n")
        self.assertEqual(self.outcomes(), {"test_a.py::test_a": "passed"})
        self.serve().run("test_a.py::test_a").finish()
        self.run_batch(["test_a.py::test_a"], {"test_a.py::test_a": "test_a.py"}, "--html=b.html")
        self.assertEqual(
            (self.root / "seen").read_text().splitlines(),
            ["None False True", "None False False", "None False False", "b.html False False"],
        )

    @unittest.skipUnless(available("pytest_rerunfailures"), "pytest-rerunfailures is not installed")
    def test_last_rerun_counts(self):
        self.plugins = True
        self.write(
            "test_a.py",
            """
            import pytest
            runs = []
            @pytest.mark.flaky(reruns=2)
            def test_a():
                runs.append(1)
                assert len(runs) == 2
            @pytest.mark.flaky(reruns=2)
            def test_b(): assert False
            """,
        )
        self.assertEqual(
            self.outcomes(), {"test_a.py::test_a": "passed", "test_a.py::test_b": "failed"}
        )
        self.assertEqual(len(self.told.kind("begin")), 2)

    @unittest.skipUnless(available("pytest_asyncio"), "pytest-asyncio is not installed")
    def test_asyncio(self):
        self.plugins = True
        self.write("pytest.ini", "[pytest]\nasyncio_mode = auto\n")
        self.write("test_a.py", "async def test_a(): pass\nasync def test_b(): assert False\n")
        self.assertEqual(
            self.outcomes(), {"test_a.py::test_a": "passed", "test_a.py::test_b": "failed"}
        )

    def test_an_option_that_makes_no_session_ends_as_ever(self):
        told = self.collect("--help")
        self.assertEqual((told.status, told.err), (0, ""))


class Running(Case):
    def test_only_the_batch_runs_in_definition_order(self):
        self.write("test_a.py", "def test_1(): pass\ndef test_2(): pass\ndef test_3(): pass\n")
        self.write("test_b.py", "raise RuntimeError('not to be imported')\n")
        files = {"test_a.py::test_%d" % n: "test_a.py" for n in (1, 2, 3)}
        told = self.run_batch(["test_a.py::test_3", "test_a.py::test_1"], files)
        self.assertEqual([f["n"] for f in told.kind("end")], [1, 0])
        self.assertEqual(told.one("bye")["status"], 0)
        self.assertNotIn("not to be imported", told.visible)

    def test_what_pytest_did_not_run_because_a_plugin_stopped_it_is_refused(self):  # TRAPS 51
        self.write("test_a.py", "def test_1(): pass\ndef test_2(): assert 0\ndef test_3(): pass\n")
        self.write(
            "conftest.py",
            """
            import os
            def pytest_runtest_teardown(item):
                if item.name == os.environ["STOP_AFTER"]:
                    item.session.shouldstop = "enough"
            """,
        )
        files = {"test_a.py::test_%d" % n: "test_a.py" for n in (1, 2, 3)}
        told = self.run_batch(list(files), files, env={"STOP_AFTER": "test_1"})
        reason = "pytest stopped before this test: enough"
        self.assertEqual([(f["n"], f["reason"]) for f in told.kind("refused")], [(1, reason), (2, reason)])
        # What failed explains the end: the others may run elsewhere.
        told = self.run_batch(list(files), files, env={"STOP_AFTER": "test_2"})
        self.assertEqual(told.kind("refused"), [])

    def test_module_fixture_is_set_up_once(self):
        self.write(
            "test_a.py",
            """
            import pytest
            @pytest.fixture(scope="module")
            def once(): open("log", "a").write("x")
            def test_1(once): pass
            def test_2(once): pass
            def test_3(once): pass
            """,
        )
        self.outcomes()
        self.assertEqual((self.root / "log").read_text(), "x")

    def test_packages_keep_their_fixtures(self):
        self.write("pkg/__init__.py")
        self.write("pkg/sub/__init__.py")
        self.write("pkg/conftest.py", "import pytest\n@pytest.fixture(scope='package')\ndef p(): return 1\n")
        self.write("pkg/sub/test_a.py", "from . import __name__ as n\ndef test_a(p): assert n == 'pkg.sub'\n")
        self.write("pkg/test_b.py", "def test_b(p): assert p == 1\n")
        self.assertEqual(
            self.outcomes(), {"pkg/sub/test_a.py::test_a": "passed", "pkg/test_b.py::test_b": "passed"}
        )
        self.assertEqual(
            self.outcomes("pkg/test_b.py", "pkg/sub"),
            {"pkg/sub/test_a.py::test_a": "passed", "pkg/test_b.py::test_b": "passed"},
        )

    def test_blocked_xdist_with_its_options_in_addopts(self):
        self.plugins = True
        self.write("pytest.ini", "[pytest]\naddopts = -n 2 --dist loadfile --max-worker-restart=0\n")
        self.write("test_a.py", "def test_a(): pass\n")
        files = {"test_a.py::test_a": "test_a.py"}
        told = self.run_batch(list(files), files, "-p", "no:xdist")
        self.assertEqual(told.one("end")["outcome"], "passed", told.err)

    def test_limits_on_failures_do_not_stop_a_batch(self):
        self.write("pytest.ini", "[pytest]\naddopts = -x --lf --sw\n")
        self.write("test_a.py", "def test_1(): assert 0\ndef test_2(): assert 0\ndef test_3(): pass\n")
        files = {"test_a.py::test_%d" % n: "test_a.py" for n in (1, 2, 3)}
        for _ in range(2):
            told = self.run_batch(list(files), files)
            self.assertEqual(
                sorted((f["n"], f["outcome"]) for f in told.kind("end")),
                [(0, "failed"), (1, "failed"), (2, "passed")],
            )

    def test_fail_fast_stops(self):
        self.write("test_a.py", "def test_1(): assert 0\ndef test_2(): assert 0\n")
        files = {"test_a.py::test_%d" % n: "test_a.py" for n in (1, 2)}
        told = self.run_batch(list(files), files, fail_fast=True)
        self.assertEqual([f["n"] for f in told.kind("begin")], [0])
        self.assertIn("stopping after 1 failures", told.one("bye")["reason"])

    def test_deselected_here_is_named(self):  # TRAPS 8
        self.write("pytest.ini", "[pytest]\nmarkers = slow\naddopts = -m 'not slow'\n")
        self.write("test_a.py", "import pytest\n@pytest.mark.slow\ndef test_s(): pass\ndef test_a(): pass\n")
        files = {"test_a.py::test_s": "test_a.py", "test_a.py::test_a": "test_a.py",
                 "test_a.py::test_gone": "test_a.py", "gone/test_x.py::test_x": "gone/test_x.py"}
        told = self.run_batch(list(files), files)
        self.assertEqual(told.one("end")["n"], 1)
        reasons = {f["n"]: f["reason"] for f in told.kind("refused")}
        self.assertEqual(set(reasons), {0, 2, 3})
        self.assertEqual(reasons[0], "deselected here (-m 'not slow')")
        self.assertIn("did not collect it here", reasons[2])
        self.assertIn("gone/test_x.py does not exist here", reasons[3])

    def test_module_that_breaks_or_skips_here_is_named(self):  # TRAPS 7, 8
        self.write("test_a.py", "import gone_module\n")
        self.write("test_b.py", "import pytest\npytest.importorskip('gone_module')\n")
        self.write("test_c.py", "def test_c(): pass\n")
        files = {"test_%s.py::test_%s" % (n, n): "test_%s.py" % n for n in "abc"}
        told = self.run_batch(list(files), files)
        self.assertEqual(told.one("refused")["n"], 0)
        self.assertIn("No module named 'gone_module'", told.one("refused")["reason"])
        self.assertEqual(
            sorted((f["n"], f["outcome"]) for f in told.kind("end")), [(1, "skipped"), (2, "passed")]
        )

    def test_argument_that_is_not_there_takes_only_its_own_tests(self):
        self.write("tests/test_a.py", "def test_a(): pass\n")
        files = {"tests/test_a.py::test_a": "tests/test_a.py", "more/test_b.py::test_b": "more/test_b.py"}
        told = self.run_batch(list(files), files, "tests", "more")
        self.assertEqual(told.one("end")["n"], 0)
        self.assertEqual(told.one("refused")["n"], 1)
        told = self.run_batch(list(files), files, "more")
        self.assertEqual([f["n"] for f in told.kind("refused")], [0, 1])
        self.assertIn("not found: more", told.kind("refused")[0]["reason"])

    def test_crash_leaves_begin_without_end(self):  # TRAPS 19
        self.write("test_a.py", "import os\ndef test_1(): pass\ndef test_2(): os._exit(7)\ndef test_3(): pass\n")
        files = {"test_a.py::test_%d" % n: "test_a.py" for n in (1, 2, 3)}
        told = self.run_batch(list(files), files)
        self.assertEqual([f["n"] for f in told.kind("begin")], [0, 1])
        self.assertEqual([f["n"] for f in told.kind("end")], [0])
        self.assertEqual((told.status, told.kind("bye")), (7, []))

    def test_exit_from_a_test_is_its_error(self):
        for statement, kind in (("pytest.exit('enough')", "pytest.exit"), ("raise KeyboardInterrupt", "KeyboardInterrupt")):
            self.write("test_a.py", "import pytest\ndef test_1(): %s\ndef test_2(): pass\n" % statement)
            files = {"test_a.py::test_%d" % n: "test_a.py" for n in (1, 2)}
            told = self.run_batch(list(files), files)
            self.assertEqual(told.one("end")["outcome"], "errored")
            self.assertEqual(told.one("end")["type"], kind)
            self.assertEqual(told.one("bye")["status"], 2)

    def test_forked_children_and_nested_pytest_stay_silent(self):
        self.write(
            "test_a.py",
            """
            import os, subprocess, sys
            pytest_plugins = "pytester"
            def test_fork():
                pid = os.fork()
                if pid == 0:
                    try:
                        raise SystemExit(0)
                    finally:
                        os._exit(0)
                os.waitpid(pid, 0)
            def test_environment():
                assert "OFFLOAD_PYTEST_PLAN" not in os.environ
                assert "PYTHONPATH" not in os.environ
            def test_inside(pytester):
                pytester.makepyfile("def test_1(): pass\\ndef test_2(): assert 0")
                pytester.runpytest_inprocess().assert_outcomes(passed=1, failed=1)
                pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)
            """,
        )
        results = self.run_all()
        self.assertEqual({v["outcome"] for v in results.values()}, {"passed"}, results)
        self.assertEqual(len(self.told.kind("begin")), 3)
        self.assertEqual(len(self.told.kind("bye")), 1)

    def test_frames_survive_uncaptured_output_of_others(self):
        self.write(
            "test_a.py",
            """
            import subprocess, sys
            def test_noise():
                noise = subprocess.Popen([sys.executable, "-c", "for _ in range(20000): print('n' * 50, flush=True)"])
                try:
                    assert False, "y" * 200000
                finally:
                    noise.wait()
            def test_quiet(): pass
            """,
        )
        results = self.run_all("-s")
        self.assertEqual(results["test_a.py::test_noise"]["outcome"], "failed")
        self.assertEqual(results["test_a.py::test_quiet"]["outcome"], "passed")

    @unittest.skipUnless(available("pytest_cov"), "pytest-cov is not installed")
    def test_coverage_is_measured_per_batch(self):
        self.plugins = True
        self.write("pytest.ini", "[pytest]\naddopts = --cov=lib --cov-fail-under=100 --cov-report=xml\n")
        self.write("lib.py", "def f():\n    return 1\ndef g():\n    return 2\n")
        self.write("test_a.py", "import lib\ndef test_a(): assert lib.f() == 1\n")
        self.assertEqual(self.outcomes(), {"test_a.py::test_a": "passed"})
        self.assertEqual(self.told.one("bye")["status"], 0)
        self.assertFalse((self.root / "coverage.xml").exists())
        names = sorted(path.name for path in self.root.glob(".coverage*"))
        self.assertEqual(names, [".coverage.offload-t-%d" % self.number])

    @unittest.skipUnless(available("pytest_randomly"), "pytest-randomly is not installed")
    def test_randomly(self):
        self.plugins = True
        self.write("test_a.py", "import pytest\n@pytest.mark.parametrize('x', range(40))\ndef test_x(x): pass\n")
        self.randomly = True
        self.assertEqual(len(self.outcomes()), 40)

    def test_basetemp_is_not_shared(self):  # TRAPS 10
        self.write("pytest.ini", "[pytest]\naddopts = --basetemp=scratch\n")
        self.write("test_a.py", "def test_a(tmp_path): (tmp_path / 'f').write_text('x')\n")
        self.outcomes()
        self.outcomes()
        self.assertEqual(len(list((self.root / "scratch").iterdir())), 2)

    def test_no_call_is_no_pass(self):
        self.write("test_a.py", "def test_a(): assert False\n")
        files = {"test_a.py::test_a": "test_a.py"}
        told = self.run_batch(list(files), files, "--setup-plan")
        self.assertEqual((told.kind("end"), told.one("refused")["n"]), ([], 0))


TELLS_REWRITING = """
    from _pytest.assertion import rewrite
    original = rewrite.rewrite_asserts
    def rewrite_asserts(module, source, path, config):
        if path.endswith("test_a.py"):
            with open("rewritten", "a") as file:
                file.write("x")
        original(module, source, path, config)
    rewrite.rewrite_asserts = rewrite_asserts
"""


class Bytecode(Case):
    """What pytest has compiled is kept where the environment forbids files beside the sources."""

    def setUp(self):
        super().setUp()
        self.bytecode = self.base / "bytecode"
        self.write("conftest.py", TELLS_REWRITING)

    def rewritten(self):
        path = self.root / "rewritten"
        return len(path.read_text()) if path.exists() else 0

    def test_is_compiled_once_in_a_run(self):
        self.write("test_a.py", "def test_a():\n    x = 1\n    assert x == 2\n")
        result = self.run_all()["test_a.py::test_a"]
        self.assertIn("assert 1 == 2", result["message"])
        self.assertEqual(self.rewritten(), 1)
        self.assertEqual(list(self.root.rglob("*.pyc")), [])
        worker = self.serve()
        told = worker.run("test_a.py::test_a").last().finish()
        self.assertIn("assert 1 == 2", told.one("end")["message"])
        self.assertEqual(self.rewritten(), 1)

    def test_is_compiled_each_time_without_a_folder(self):
        self.bytecode = None
        self.write("test_a.py", "def test_a(): assert True\n")
        self.outcomes()
        self.assertEqual(self.rewritten(), 2)

    def test_is_not_used_for_another_state_of_the_file(self):
        self.write("test_a.py", "def test_a(): assert 1 == 1\n")
        found = self.collect()
        times = os.stat(self.root / "test_a.py")
        self.write("test_a.py", "def test_a(): assert 1 == 2\n")
        os.utime(self.root / "test_a.py", ns=(times.st_atime_ns, times.st_mtime_ns))
        told = self.run_batch(found.ids, found.files)
        self.assertEqual(told.one("end")["outcome"], "failed")

    def test_holds_nothing_of_a_pytest_inside_a_test(self):
        self.write("inner/test_inner.py", "def test_inner(): assert True\n")
        self.write(
            "test_a.py",
            """
            import pytest
            def test_a():
                assert pytest.main(["-p", "no:cacheprovider", "inner"]) == 0
            """,
        )
        files = {"test_a.py::test_a": "test_a.py"}
        self.collect("test_a.py")
        before = sorted(self.bytecode.rglob("*"))
        told = self.run_batch(list(files), files, "test_a.py")
        self.assertEqual(told.one("end")["outcome"], "passed", told.visible)
        self.assertEqual(sorted(self.bytecode.rglob("*")), before)

    def test_a_folder_that_cannot_be_used_does_no_harm(self):
        self.bytecode.mkdir()
        self.write("test_a.py", "def test_a(): assert True\n")
        found = self.collect()
        kept = list(self.bytecode.rglob("*.pyc"))
        self.assertTrue(kept)
        for path in kept:
            path.write_bytes(b"no bytecode")
        told = self.run_batch(found.ids, found.files)
        self.assertEqual(told.one("end")["outcome"], "passed")
        shutil.rmtree(self.bytecode)
        self.bytecode.write_bytes(b"no folder")
        told = self.run_batch(found.ids, found.files)
        self.assertEqual(told.one("end")["outcome"], "passed")
        self.bytecode.unlink()
        told = self.run_batch(found.ids, found.files)
        self.assertEqual(told.one("end")["outcome"], "passed")


# Whoever rewrites the first file waits until the last one has been rewritten.
WAITS_FOR_THE_LAST = """
    import os
    import time
    from _pytest.assertion import rewrite

    original = rewrite.rewrite_asserts
    deadline = time.monotonic() + 60
    def rewrite_asserts(module, source, path, config):
        name = os.path.basename(path)
        while name == "test_00.py" and not os.path.exists("rewritten-test_39.py"):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        original(module, source, path, config)
        with open("rewritten-" + name, "a") as file:
            file.write("%d\\n" % os.getpid())
    rewrite.rewrite_asserts = rewrite_asserts
"""
WRITES = {"PYTHONDONTWRITEBYTECODE": ""}


@unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "there is no other processor")
class Ahead(Case):
    """Other processes rewrite what pytest has not come to yet, and nothing else shows of it."""

    def setUp(self):
        super().setUp()
        self.bytecode = self.base / "bytecode"
        self.ahead = True
        for number in range(40):
            tests = ("def test_%d():\n    x = %d\n    assert x != 7, 'seven'\n" % (n, n) for n in range(40))
            self.write("test_%02d.py" % number, "".join(tests))

    def rewriters(self, number):
        return (self.root / ("rewritten-test_%02d.py" % number)).read_text().split()

    def assert_no_process_is_left(self):
        for number in range(40):
            for process in self.rewriters(number):
                self.assertFalse(os.path.exists("/proc/" + process))

    def test_the_last_files_are_rewritten_while_the_first_one_is(self):
        self.write("conftest.py", WAITS_FOR_THE_LAST)
        found = self.collect()
        self.assertEqual(len(found.ids), 1600)
        self.assertNotEqual(self.rewriters(39), self.rewriters(0))
        met = 3  # files at most, at which they meet
        self.assertLessEqual(sum(len(self.rewriters(number)) for number in range(40)), 40 + met)
        told = self.run_batch(found.ids, found.files)
        failed = {found.ids[end["n"]] for end in told.kind("end") if end["outcome"] != "passed"}
        self.assertEqual(failed, {"test_%02d.py::test_7" % number for number in range(40)})
        self.assertEqual(list(self.root.rglob("*.pyc")), [])
        self.assert_no_process_is_left()

    def test_only_what_is_collected_has_bytecode_beside_it(self):
        self.write("conftest.py", WAITS_FOR_THE_LAST)
        self.collect("--ignore=test_38.py", env=WRITES)
        kept = {path.name.split(".")[0] for path in self.root.rglob("*-pytest-*.pyc")}
        self.assertEqual(kept - {"conftest"}, {"test_%02d" % n for n in range(40) if n != 38})
        before = len(self.rewriters(0))
        self.assertEqual(len(self.collect(env=WRITES).ids), 1600)
        self.assertEqual(len(self.rewriters(0)), before)

    def test_what_pytest_warns_of_is_heard(self):
        self.write("conftest.py", WAITS_FOR_THE_LAST)
        self.write("test_39.py", "def test_a(): assert (1, 'always')\n")
        self.write("test_38.py", "def test_a(): assert '\\d'\n")
        broken = self.collect("-W", "error").kind("broken")
        self.assertEqual({frame["id"] for frame in broken}, {"test_38.py", "test_39.py"})

    def test_one_that_hangs_is_not_waited_for(self):
        hangs = WAITS_FOR_THE_LAST.replace("original(module", "hang(name); original(module")
        self.write(
            "conftest.py",
            hangs + """
    collector = os.getpid()
    def hang(name):
        while name == "test_30.py" and os.getpid() != collector:
            with open("hangs-" + str(os.getpid()), "w"):
                time.sleep(1)
""",
        )
        self.assertEqual(len(self.collect().ids), 1600)
        for path in self.root.glob("hangs-*"):
            self.assertFalse(os.path.exists("/proc/" + path.name.split("-")[1]))

    def test_nobody_is_asked_where_all_has_bytecode(self):
        self.collect(env=WRITES)
        self.assertTrue((self.bytecode / "ahead").exists())
        shutil.rmtree(self.bytecode)
        self.collect(env=WRITES)
        self.assertFalse((self.bytecode / "ahead").exists())

    def test_nobody_is_asked_where_a_thread_runs(self):
        self.write("conftest.py", """
            import threading
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        """)
        self.assertEqual(len(self.collect().ids), 1600)
        self.assertFalse((self.bytecode / "ahead").exists())

    def test_whoever_waits_for_any_child_does_no_harm(self):
        self.write("test_20.py", """
            import os
            try:
                os.wait()
            except ChildProcessError:
                pass
            def test_a(): pass
        """)
        self.assertEqual(len(self.collect().ids), 1561)


if __name__ == "__main__":
    unittest.main()
