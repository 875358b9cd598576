"""Streaming workers: one pytest process per sandbox that is told test by test what to run."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree

from harness import PytestScenario, with_pytest

IN_ORDER = "[pytest]\naddopts = -p no:randomly\n"

# Something of everything; nothing that ends the process, because plain pytest runs it as well.
MIXED = {
    "pytest.ini": "[pytest]\naddopts = -p no:randomly -x\nmarkers = slow\n",
    "tests/conftest.py": """
        import pytest
        @pytest.fixture(scope="session")
        def base(): return []
        @pytest.fixture
        def breaks(): raise OSError("no setup")
        @pytest.fixture
        def late():
            yield
            raise ValueError("no teardown")
        @pytest.fixture(scope="module")
        def module_late():
            yield
            raise ValueError("no teardown of the module")
        """,
    "tests/pkg/__init__.py": "",
    "tests/pkg/conftest.py": """
        import pytest
        @pytest.fixture(scope="package")
        def package(base):
            base.append("package")
            return base
        """,
    "tests/pkg/test_one.py": "def test_p(package): assert 'package' in package\n",
    "tests/pkg/test_two.py": "def test_p(package): assert 'package' in package\n",
    "tests/test_kinds.py": """
        import pytest, unittest
        def test_pass(): pass
        def test_fail(): assert 1 == 2
        @pytest.mark.skip(reason="marked")
        def test_marked(): pass
        def test_runtime(): pytest.skip("runtime")
        def test_setup_error(breaks): pass
        def test_teardown_error(late): pass
        @pytest.mark.xfail
        def test_xfail(): assert False
        @pytest.mark.xfail
        def test_xpass(): pass
        @pytest.mark.xfail(strict=True)
        def test_strict(): pass
        @pytest.mark.parametrize("x", ["a b", "c::d", "[e]", "f\\ng"])
        def test_param(x): assert x != "c::d"
        class TestU(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.ready = True
            def test_ok(self): assert self.ready
            def test_bad(self): self.fail("as it should")
            def test_sub(self):
                for i in range(3):
                    with self.subTest(i=i): self.assertNotEqual(i, 1)
        """,
    "tests/test_late.py": "def test_1(module_late): pass\ndef test_2(module_late): pass\n",
    "tests/test_z.py": "class TestZ:\n    def test_in_class(self): pass\ndef test_z(): pass\n",
}


class Workers(PytestScenario):
    def batches(self):
        """What the logs of the last run are called, in order."""
        return sorted(path.name for path in (self.project / "test-results/logs").iterdir())

    def plain_pytest(self, *arguments):
        """Outcomes by (classname, name), as pytest itself reports them: the worst of each."""
        subprocess.run(
            [self.python, "-m", "pytest", "-q", "--maxfail=1000", "--junitxml=plain.xml", *arguments],
            cwd=self.project, env=self.env, stdout=subprocess.DEVNULL, timeout=self.timeout)
        worst = {}
        order = ["passed", "skipped", "failure", "error"]
        for case in ElementTree.parse(self.project / "plain.xml").iter("testcase"):
            found = [tag for tag in order if case.find(tag) is not None] or ["passed"]
            key = (case.get("classname"), case.get("name"))
            worst[key] = max(worst.get(key, "passed"), found[-1], key=order.index)
        return worst

    @staticmethod
    def by_class(report):
        return {(case.classname, case.name.split("::", case.name.split("[")[0].count("::"))[-1]):
                case.outcome for case in report.cases}

    @with_pytest(7, 8, 9)
    def test_verdicts_are_those_of_batches_and_of_plain_pytest(self):
        self.pytest_project(MIXED)
        plain = self.plain_pytest("tests")
        self.assertGreater(len(plain), 20)
        for mode in ("auto", "off"):
            for slots in (1, 2):
                self.pytest_project(MIXED, framework=f'worker = "{mode}"\n',
                                    offload=f"max_parallel = {slots}")
                run = self.offload("run").expect_exit(1)
                found = self.by_class(run.junit())
                if slots > 1:  # whose last test of the module is whose depends on who runs it
                    late = [key for key in plain if key[0] == "tests.test_late"]
                    found.update({key: plain[key] for key in late})
                self.assertEqual(found, plain, run.describe())

    @with_pytest(7, 8, 9)
    def test_verdicts_of_forks_are_those_of_plain_pytest(self):
        self.pytest_project(MIXED)
        plain = self.plain_pytest("tests")
        mixed = {**MIXED, "tests/test_starts.py":
                 "with open('starts', 'a') as file: file.write('.')\ndef test_it(): pass\n"}
        self.pytest_project(mixed, framework='fork = "auto"\n', offload="max_parallel = 8")
        run = self.offload("run").expect_exit(1)
        found = self.by_class(run.junit())
        self.assertEqual(found.pop(("tests.test_starts", "test_it")), "passed")
        late = [key for key in plain if key[0] == "tests.test_late"]  # as above
        found.update({key: plain[key] for key in late})
        self.assertEqual(found, plain, run.describe())
        self.assertNotIn("cannot be forked", run.err)
        # One for each core collects from the beginning; all others are forks.
        starts = len((self.project / "starts").read_text())
        self.assertLessEqual(starts, max(1, len(os.sched_getaffinity(0))), run.describe())

    @with_pytest(8)
    def test_isolation_gives_each_test_or_file_a_process_of_its_own(self):
        file = """
            import os
            with open("starts", "a") as starts: starts.write(".")
            def test_1(): log()
            def test_2(): log()
            def log():
                with open("log", "a") as file: file.write(f"{__name__} {os.getpid()}\\n")
            """
        for isolation, processes in (("test", 4), ("file", 2), ("worker", 1)):
            with self.subTest(isolation, discover_in="sandbox"):
                self.pytest_project(
                    {"tests/test_a.py": file, "tests/test_b.py": file, "log": "", "starts": ""},
                    framework=f'isolation = "{isolation}"\ndiscover_in = "sandbox"\n',
                    offload="max_parallel = 1")
                self.offload("run").expect_exit(0)
                log = (self.project / "log").read_text().splitlines()
                self.assertEqual(len({line.split()[1] for line in log}), processes, log)
            for fork, starts in (("auto", 1), ("off", {"test": 5, "file": 3, "worker": 1}[isolation])):
                with self.subTest(isolation, fork=fork):
                    self.pytest_project(
                        {"tests/test_a.py": file, "tests/test_b.py": file, "log": "", "starts": ""},
                        framework=f'isolation = "{isolation}"\nfork = "{fork}"\n',
                        offload="max_parallel = 1")
                    run = self.offload("run").expect_exit(0)
                    log = [line.split() for line in (self.project / "log").read_text().splitlines()]
                    self.assertEqual(len(log), 4, run.describe())
                    self.assertEqual(len({pid for _, pid in log}), processes, run.describe())
                    if isolation == "file":
                        self.assertEqual(len({(name, pid) for name, pid in log}), 2)
                    files = 2  # each start imports both, or the one that it needs
                    self.assertLessEqual(len((self.project / "starts").read_text()),
                                         starts * files, run.describe())

    @with_pytest(8)
    def test_a_crash_in_isolation_is_the_tests_own_and_a_retry_is_a_fork(self):
        self.pytest_project({
            "starts": "",
            "tests/test_a.py": """
                import os
                with open("starts", "a") as file: file.write(".")
                def test_1(): os.kill(os.getpid(), 9)
                def test_2(): assert os.environ["OFFLOAD_ATTEMPT"] == "2"
                def test_3(): pass
                """}, framework='isolation = "file"\nfork = "auto"\n', offload="max_parallel = 2",
            groups={"all": "retry_count = 1"})
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"tests/test_a.py::test_1": "error", "tests/test_a.py::test_2": "passed",
                             "tests/test_a.py::test_3": "passed"})
        self.assertEqual((self.project / "starts").read_text(), ".", run.describe())

    @with_pytest(8)
    def test_each_end_in_isolation_is_the_tests_own(self):
        self.pytest_project({"tests/test_a.py": """
            import os, pytest, subprocess, sys, time
            def test_passes(): pass
            def test_fails(): assert 0
            def test_is_killed(): os.kill(os.getpid(), 9)
            def test_hangs(): time.sleep(1000)
            def test_is_flaky(): assert os.environ["OFFLOAD_ATTEMPT"] == "2"
            def test_exits(): os._exit(0)
            def test_stops_pytest(): pytest.exit("no more")
            def test_leaves_a_process(): subprocess.Popen(["sleep", "1000"])
            def test_ends_the_interpreter(): sys.exit(3)
            def test_passes_too(): pass
            """}, framework='isolation = "test"\n',
            offload="max_parallel = 2\ntest_timeout_secs = 3", groups={"all": "retry_count = 1"})
        self.offload("run").expect_exit(1).expect_outcomes({
            "tests/test_a.py::" + name: outcome for name, outcome in {
                "test_passes": "passed", "test_fails": "failure", "test_is_killed": "error",
                "test_hangs": "error", "test_is_flaky": "passed", "test_exits": "error",
                "test_stops_pytest": "error", "test_leaves_a_process": "passed",
                "test_ends_the_interpreter": "failure", "test_passes_too": "passed"}.items()})

    @with_pytest(8)
    def test_isolated_groups_are_forks_of_a_process_each(self):
        self.pytest_project({
            "pytest.ini": "[pytest]\nmarkers = slow\n",
            "starts": "",
            "tests/test_a.py": """
                import os, pytest
                with open("starts", "a") as file: file.write(".")
                @pytest.mark.slow
                def test_1(): pass
                def test_2(): pass
                def test_3(): pass
                """}, framework='isolation = "test"\n',
            groups={"slow": "filters = '-m slow'", "quick": "filters = '-m \"not slow\"'"})
        run = self.offload("run").expect_exit(0)
        self.assertEqual((self.project / "starts").read_text(), "..", run.describe())

    @with_pytest(8)
    def test_a_gate_at_the_end_of_an_isolated_tests_session_fails_the_run(self):
        self.pytest_project({
            "conftest.py": """
                import pytest
                leaked = []
                @pytest.hookimpl(trylast=True)
                def pytest_sessionfinish(session):
                    if leaked: session.exitstatus = 1
                """,
            "tests/test_a.py": """
                import conftest
                def test_1(): pass
                def test_2(): conftest.leaked.append(1)
                def test_3(): pass
                """}, framework='isolation = "test"\n')
        run = self.offload("run").expect_exit(1)
        self.assertIn("exit status 1", run.err)
        outcomes = {key: value for key, value in run.junit().outcomes().items() if "test_a.py" in key}
        self.assertEqual(outcomes, {f"tests/test_a.py::test_{n}": "passed" for n in (1, 2, 3)})

    @with_pytest(8)
    def test_without_forks_isolated_tests_find_what_they_find_with_them(self):
        files = {
            "conftest.py": "import socket\nleft = socket.socket()\n",
            "tests/test_a.py": """
                import sys
                def test_1(): assert "offload_test_b" in sys.modules
                """,
            "tests/test_b.py": """
                import sys
                sys.modules["offload_test_b"] = sys
                def test_1(): pass
                """}
        for isolation in ("test", "file"):
            self.pytest_project(files, framework=f'isolation = "{isolation}"\n')
            run = self.offload("run").expect_exit(0)
            self.assertIn(f"each {isolation} has a process that collects by itself", run.err)

    @with_pytest(8)
    def test_long_tests_wait_behind_no_other_while_there_is_a_sandbox_for_each(self):
        # Each ends when all three have begun.
        together = """
            import os, time, pytest
            @pytest.mark.parametrize("name", ["x", "y", "z"])
            def test_long(name):
                if os.path.exists("alone"):
                    return time.sleep(3)
                open(name, "w").close()
                until = time.monotonic() + 60
                while not all(os.path.exists(other) for other in "xyz"):
                    assert time.monotonic() < until
                    time.sleep(0.02)
            """
        quick = """
            import pytest
            @pytest.mark.parametrize("n", range(20))
            def test_quick(n): pass
            """
        begun = [self.project / name for name in "xyz"]
        with self.subTest("nothing is known of them, and there is nothing else"):
            self.pytest_project({"tests/test_a.py": together}, offload="max_parallel = 4")
            self.offload("run").expect_exit(0)
        with self.subTest("it is known that they take long"):
            for file in begun:
                file.unlink()
            self.pytest_project({"alone": "", "tests/test_a.py": together, "tests/test_b.py": quick},
                                offload="max_parallel = 4")
            self.offload("run").expect_exit(0)
            (self.project / "alone").unlink()
            self.offload("run").expect_exit(0)

    @with_pytest(7, 8, 9)
    def test_a_fork_takes_the_place_of_a_worker_that_has_crashed(self):
        self.pytest_project({
            "pytest.ini": IN_ORDER,
            "tests/test_a.py": """
                import os
                with open("starts", "a") as file: file.write(".")
                def test_1(): os.kill(os.getpid(), 9)
                def test_2(): os._exit(3)
                def test_3(): pass
                """}, framework='fork = "auto"\n', offload="max_parallel = 1")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"tests/test_a.py::test_1": "error", "tests/test_a.py::test_2": "error",
                             "tests/test_a.py::test_3": "passed"})
        self.assertEqual((self.project / "starts").read_text(), ".", run.describe())

    @with_pytest(7, 8, 9)
    def test_a_process_that_must_not_be_forked_is_not_and_a_note_says_why(self):
        self.pytest_project({
            "tests/test_a.py": "import socket\nleft = socket.socket()\n"
                               + "".join(f"def test_{n}(): pass\n" for n in range(9))},
            offload="max_parallel = 3")
        run = self.offload("run").expect_exit(0)
        self.assertNotIn("cannot be forked", run.err)
        run = self.offload("run", "-v").expect_exit(0)
        self.assertIn("cannot be forked: socket:", run.err)

    @with_pytest(7, 8, 9)
    def test_one_life_per_sandbox_and_each_fixture_once_in_it(self):
        files = {f"tests/test_{n:02}.py": "\n".join(
            f"def test_{i}(module, session): pass" for i in range(10)) + "\n" for n in range(8)}
        self.pytest_project({**files, "pytest.ini": IN_ORDER, "tests/conftest.py": """
            import os, pytest
            def log(what):
                with open("log", "a") as file: file.write(f"{what}\\n")
            @pytest.fixture(scope="session")
            def session():
                log("session"); yield; log("/session")
            @pytest.fixture(scope="module")
            def module(request):
                log(request.node.name); yield
            """}, offload="max_parallel = 1")
        run = self.offload("run").expect_exit(0)
        log = (self.project / "log").read_text().split()
        self.assertEqual(log.count("session"), 1, run.describe())
        self.assertEqual(log[-1], "/session")
        self.assertEqual(len(log), len(set(log)), "a module's fixture was set up twice")
        self.assertEqual(self.batches(), ["batch-0.success"])

    @with_pytest(7, 8, 9)
    def test_what_discovery_imported_is_not_imported_again(self):
        self.pytest_project({
            "conftest.py": "open('starts', 'a').write('.')\n",
            "tests/test_a.py": "open('imports', 'a').write('a')\ndef test_1(): pass\ndef test_2(): pass\n",
            "tests/test_b.py": "open('imports', 'a').write('b')\ndef test_1(): pass\n",
            "tests/test_c.py": "import no_such_module\n",
            }, offload="max_parallel = 1")
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"tests/test_a.py::test_1": "passed", "tests/test_a.py::test_2": "passed",
                             "tests/test_b.py::test_1": "passed", "tests/test_c.py": "error"})
        self.assertEqual((self.project / "starts").read_text(), ".", run.describe())
        self.assertEqual((self.project / "imports").read_text(), "ab", run.describe())
        self.assertEqual(self.batches(), ["batch-0.success"])

    @with_pytest(8)
    def test_a_discovery_with_arguments_of_its_own_ends(self):
        """`run_args` might break it, or choose other tests."""
        for words, starts in (('run_args = "--no-header"\n', ".."), ('discovery_args = "-v"\n', ".."),
                              ('run_args = "-v"\ndiscovery_args = "-v"\n', ".")):
            with self.subTest(words):
                self.pytest_project({"conftest.py": "open('starts', 'a').write('.')\n",
                                     "tests/test_a.py": "def test_1(): pass\n"},
                                    framework=words, offload="max_parallel = 1")
                (self.project / "starts").unlink(missing_ok=True)
                run = self.offload("run").expect_exit(0)
                self.assertEqual((self.project / "starts").read_text(), starts, run.describe())

    @with_pytest(8)
    def test_off_means_batches(self):
        files = {"pytest.ini": IN_ORDER, "tests/test_a.py": """
            import os
            def test_a(): assert not os.environ.get("OFFLOAD_PYTEST_PLAN")
            def test_b(): open("ids", "a").write(f"{os.getpid()}\\n")
            """}
        self.pytest_project(files, framework='worker = "off"\n',
                            groups={"all": "schedule_individual = true"})
        self.offload("run").expect_exit(0)
        self.assertEqual(self.batches(), ["batch-0.success", "batch-1.success"])

    @with_pytest(7, 8, 9)
    def test_a_hang_shows_its_stack_and_the_rest_goes_on(self):  # TRAPS 18, 22
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": """
            import time
            def test_a(): pass
            def the_place_where_it_hangs(): time.sleep(3600)
            def test_b(): the_place_where_it_hangs()
            def test_c(): pass
            """}, offload="max_parallel = 1\ntest_timeout_secs = 5")
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({"tests/test_x.py::test_a": "passed",
                                      "tests/test_x.py::test_b": "error",
                                      "tests/test_x.py::test_c": "passed"})
        case = report["tests/test_x.py::test_b"]
        self.assertEqual(case.type, "timeout", run.describe())
        self.assertIn("the_place_where_it_hangs", case.text, run.describe())

    @with_pytest(8)
    def test_the_time_limit_is_each_tests_own(self):
        tests = "import time\n" + "".join(
            f"def test_{n}(): time.sleep(1.5)\n" for n in range(6))
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": tests},
                            offload="max_parallel = 1\ntest_timeout_secs = 7")
        self.offload("run").expect_exit(0)
        self.assertEqual(self.batches(), ["batch-0.success"])

    @with_pytest(8)
    def test_a_module_that_hangs_when_imported_is_found(self):  # TRAPS 18
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_a.py": """
            import os, time
            if "OFFLOAD_BATCH" in os.environ: time.sleep(3600)
            def test_a(): pass
            """, "tests/test_b.py": "def test_b(): pass\n"},
            framework='discovery_args = "-v"\n',  # so that another process than the worker does it
            offload="max_parallel = 1\ntest_timeout_secs = 5")
        run = self.offload("run").expect_exit(1)
        report = run.junit()
        self.assertEqual(report["tests/test_a.py::test_a"].type, "timeout", run.describe())
        self.assertEqual(report["tests/test_b.py::test_b"].outcome, "passed", run.describe())

    @with_pytest(7, 8, 9)
    def test_crashes_take_nobody_with_them(self):  # TRAPS 19
        endings = ["os._exit(0)", "os._exit(7)", "os.kill(os.getpid(), signal.SIGSEGV)",
                   "os.kill(os.getpid(), signal.SIGKILL)", "pytest.exit('enough')",
                   "raise KeyboardInterrupt"]
        body = "import os, pytest, signal\n"
        for n, ending in enumerate(endings):
            body += f"def test_before_{n}(): pass\ndef test_dies_{n}():\n    {ending}\n"
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": body})
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({
            f"tests/test_x.py::test_{word}_{n}": outcome
            for n in range(len(endings)) for word, outcome in (("before", "passed"), ("dies", "error"))})

    @with_pytest(8)
    def test_retries_know_their_attempt(self):
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": """
            import os
            def test_a(): assert os.environ["OFFLOAD_ATTEMPT"] == "1"
            def test_b(): assert os.environ["OFFLOAD_ATTEMPT"] == "3"
            """}, groups={"all": "retry_count = 3"})
        run = self.offload("run").expect_exit(2)
        report = run.expect_outcomes({"tests/test_x.py::test_a": "passed",
                                      "tests/test_x.py::test_b": "passed"})
        self.assertEqual(report["tests/test_x.py::test_b"].count("flakyFailure"), 2, run.describe())

    @with_pytest(8)
    def test_a_loop_of_a_plugin_is_respected(self):
        self.pytest_project({"tests/test_x.py": "def test_a(): pass\ndef test_b(): pass\n",
                             "conftest.py": """
            def pytest_runtestloop(session):
                open("looped", "a").close()
            """})
        run = self.offload("run").expect_exit(0)
        run.expect_said("loop of its own")
        self.assertTrue((self.project / "looped").exists())

    @with_pytest(8)
    def test_in_sandboxes_that_pass_standard_input(self):
        provider = """
            type = "default"
            create_command = "echo box"
            exec_command = "sh -c {command}"
            destroy_command = "true"
            exec_stdin = true
            """
        tests = "import os\n" + "".join(
            f"def test_{n}(): open('pids', 'a').write(f'{{os.getpid()}}\\n')\n" for n in range(40))
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": tests},
                            provider=provider, offload="max_parallel = 1")
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 40)
        pids = (self.project / "pids").read_text().split()
        self.assertEqual((len(pids), len(set(pids))), (40, 1), run.describe())
        self.assertEqual(self.batches(), ["batch-0.success"])

    @with_pytest(8)
    def test_tests_are_found_in_a_sandbox_where_this_machine_has_no_pytest(self):
        provider = f"""
            type = "default"
            create_command = "echo box"
            exec_command = "PATH={os.path.dirname(self.python)}:$PATH sh -c {{command}}"
            destroy_command = "true"
            exec_stdin = {{stdin}}
            """
        self.pytest_project({
            "tests/test_x.py": "def test_a(): pass\ndef test_b(): assert 0\n",
            "tests/test_broken.py": "import nowhere\n",
        }, framework='discover_in = "sandbox"\n', provider=provider.replace("{stdin}", "true"))
        config = self.project / "offload.toml"
        config.write_text(config.read_text().replace(self.python + " -m", "python -m"))
        nowhere = {"PATH": "/usr/bin:/bin"}
        for stdin in ("true", "false"):
            config.write_text(config.read_text().replace("exec_stdin = true", f"exec_stdin = {stdin}"))
            run = self.offload("run", env=nowhere).expect_exit(1)
            run.expect_outcomes({"tests/test_x.py::test_a": "passed",
                                 "tests/test_x.py::test_b": "failure",
                                 "tests/test_broken.py": "error"})

    @with_pytest(8)
    def test_a_wrapper_that_swallows_standard_input_gets_batches(self):
        self.pytest_project({"pytest.ini": IN_ORDER, "tests/test_x.py": "".join(
            f"def test_{n}(): pass\n" for n in range(20)),
            "wrapper": f"#!/bin/sh\nexec {self.python} -m pytest \"$@\" < /dev/null\n"})
        text = (self.project / "offload.toml").read_text()
        self.assertIn("command = ", text)
        lines = ["command = \"./wrapper\"" if line.startswith("command = ") else line
                 for line in text.splitlines()]
        (self.project / "offload.toml").write_text("\n".join(lines) + "\n")
        run = self.offload("run").expect_exit(0)
        run.expect_said("before their first test")
        self.assertEqual(len(run.junit().cases), 20)
