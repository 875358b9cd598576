"""CMake projects, tested through ctest."""

import re
import signal

from harness import CtestScenario

# A test for each property that changes what a result means.
PROPERTIES = r"""
    run(pass "exit 0")
    run(fail "echo out; echo err >&2; exit 3")
    run(crash "kill -SEGV $$")
    run(slow "sleep 60")
    set_tests_properties(slow PROPERTIES TIMEOUT 1)
    run(skip_code "exit 77")
    set_tests_properties(skip_code PROPERTIES SKIP_RETURN_CODE 77)
    run(skip_words "echo leave me out; exit 1")
    set_tests_properties(skip_words PROPERTIES SKIP_REGULAR_EXPRESSION "leave me out")
    run(pass_words "echo all is well; exit 1")
    set_tests_properties(pass_words PROPERTIES PASS_REGULAR_EXPRESSION "is well")
    run(pass_words_missing "echo nothing")
    set_tests_properties(pass_words_missing PROPERTIES PASS_REGULAR_EXPRESSION "is well;fine")
    run(fail_words "echo ERROR here")
    set_tests_properties(fail_words PROPERTIES FAIL_REGULAR_EXPRESSION "ERROR")
    run(will_fail "exit 1")
    set_tests_properties(will_fail PROPERTIES WILL_FAIL TRUE)
    run(will_fail_passes "exit 0")
    set_tests_properties(will_fail_passes PROPERTIES WILL_FAIL TRUE)
    run(disabled "exit 1")
    set_tests_properties(disabled PROPERTIES DISABLED TRUE)
    add_test(NAME missing COMMAND /nowhere/program)
    run(required "exit 0")
    set_tests_properties(required PROPERTIES REQUIRED_FILES /nowhere/file)
    run(environment "test \"$A-$B\" = 1-x:y")
    set_tests_properties(environment PROPERTIES ENVIRONMENT "A=1;B=y"
        ENVIRONMENT_MODIFICATION "B=path_list_prepend:x")
    run(folder "test \"$(pwd)\" = \"$SCENARIO_ROOT\"")
    set_tests_properties(folder PROPERTIES WORKING_DIRECTORY "$ENV{SCENARIO_ROOT}")
    run("odd [name]; (1) #2: \"q\" * 日本" "exit 0")
    run("Test  #3: a ...   Passed    0.01 sec" "exit 1")
"""
OUTCOMES = {
    "pass": "passed", "fail": "failure", "crash": "error", "slow": "error",
    "skip_code": "skipped", "skip_words": "skipped", "pass_words": "passed",
    "pass_words_missing": "failure", "fail_words": "failure", "will_fail": "passed",
    "will_fail_passes": "failure", "disabled": "skipped", "missing": "error", "required": "error",
    "environment": "passed", "folder": "passed", 'odd [name]; (1) #2: "q" * 日本': "passed",
    "Test  #3: a ...   Passed    0.01 sec": "failure"}


class Ctest(CtestScenario):
    def test_every_property_keeps_its_meaning(self):  # TRAPS 1, 7, 9
        self.cmake_project(PROPERTIES)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(OUTCOMES)
        self.assertEqual(report["crash"].type, "crash", run.describe())
        self.assertEqual(report["slow"].type, "timeout", run.describe())
        self.assertIn("/nowhere/program", report["missing"].text)
        self.assertIn("/nowhere/file", report["required"].text)
        self.assertIn("out\nerr", report["fail"].text)
        self.assertNotIn("disabled", self.ran())

    def test_verdicts_are_those_of_plain_ctest(self):
        self.cmake_project(PROPERTIES)
        plain, status = self.ctest("-j2")
        self.assertEqual(status, 8)
        words = {"passed": "passed", "skipped": "skipped", "failure": "failed", "error": "failed"}
        ours = self.offload("run").expect_exit(1).junit().outcomes()
        name = "Test  #3: a ...   Passed    0.01 sec"  # which the plain line cannot tell
        self.assertEqual({n: words[o] for n, o in ours.items() if n != name},
                         {n: o for n, o in plain.items() if n in ours})
        self.assertEqual(len(plain), len(ours))

    def test_same_names_in_subfolders(self):  # TRAPS 16
        self.cmake_project(
            "add_subdirectory(a)\nadd_subdirectory(b)\nadd_subdirectory(c)\n",
            files={"a/CMakeLists.txt": 'run(same "exit 0")\n',
                   "b/CMakeLists.txt": 'run(same "exit 1")\n',
                   "c/CMakeLists.txt": 'run(same "exit 0")\nrun(other "exit 0")\n'})
        self.offload("run").expect_exit(1).expect_outcomes({
            "same (a)": "passed", "same (b)": "failure", "same (c)": "passed", "other": "passed"})

    def test_fixtures_are_set_up_once_around_all_that_need_them(self):
        users = "".join(
            f'run(user{i} "test -f $SCENARIO_ROOT/db")\n'
            f"set_tests_properties(user{i} PROPERTIES FIXTURES_REQUIRED db)\n" for i in range(6))
        self.cmake_project(f"""
            {users.replace(chr(10), chr(10) + ' ' * 12)}
            run(clean "rm $SCENARIO_ROOT/db")
            set_tests_properties(clean PROPERTIES FIXTURES_CLEANUP db)
            run(setup "touch $SCENARIO_ROOT/db")
            set_tests_properties(setup PROPERTIES FIXTURES_SETUP db)
            """, groups={"users": "filters = '-R user'", "rest": ""})
        run = self.offload("run").expect_exit(0)
        self.assertEqual(len(run.junit().cases), 8)
        ran = self.ran()
        self.assertEqual((ran[0], ran[-1], len(ran)), ("setup", "clean", 8), run.describe())

    def test_a_fixture_that_fails_is_an_error_of_all_that_need_it(self):
        self.cmake_project("""
            run(setup "exit 1")
            set_tests_properties(setup PROPERTIES FIXTURES_SETUP db)
            run(user "exit 0")
            set_tests_properties(user PROPERTIES FIXTURES_REQUIRED db)
            run(other "exit 0")
            """)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({"setup": "failure", "user": "error", "other": "passed"})
        self.assertIn("setup", report["user"].text.split("name=\"user\"")[1])
        self.assertNotIn("user", self.ran())

    def test_depends_keeps_its_order(self):
        self.cmake_project("""
            run(second "test -f $SCENARIO_ROOT/made")
            run(first "sleep 0.2; touch $SCENARIO_ROOT/made")
            set_tests_properties(second PROPERTIES DEPENDS first)
            """)
        self.offload("run").expect_exit(0)
        self.assertEqual(self.ran(), ["first", "second"])

    def test_locks_hold_across_sandboxes(self):
        held = 'mkdir \\"$SCENARIO_ROOT/held\\" && sleep 0.1 && rmdir \\"$SCENARIO_ROOT/held\\"'
        tests = "".join(f'run(t{i} "{held}")\n' for i in range(8))
        names = " ".join(f"t{i}" for i in range(8))
        self.cmake_project(
            f"{tests}set_tests_properties({names} PROPERTIES RESOURCE_LOCK held)\n"
            + "".join(f'run(free{i} "sleep 0.1")\n' for i in range(8)),
            offload="max_parallel = 4",
            groups={"some": "filters = '-R t[0-3]'", "others": ""})
        self.offload("run").expect_exit(0)
        self.assertEqual(len(self.ran()), 16)

    def test_what_runs_serially_runs_alone(self):
        busy = 'touch \\"$SCENARIO_ROOT/busy.$$\\"; sleep 0.1; rm \\"$SCENARIO_ROOT/busy.$$\\"'
        alone = '! ls $SCENARIO_ROOT/busy.*; x=$?; sleep 0.2; ls $SCENARIO_ROOT/busy.* && exit 1; exit $x'
        self.cmake_project(
            "".join(f'run(t{i} "{busy}")\n' for i in range(12))
            + f'run(s0 "{alone}")\nrun(s1 "{alone}")\nrun(wide "{alone}")\n'
            + "set_tests_properties(s0 s1 PROPERTIES RUN_SERIAL TRUE)\n"
            + "set_tests_properties(wide PROPERTIES PROCESSORS 99)\n",
            offload="max_parallel = 4")
        self.offload("run").expect_exit(0)
        self.assertEqual(len(self.ran()), 15)

    def test_filters_are_ctests_own(self):
        lists = """
            run(quick "exit 0")
            run(late "exit 0")
            set_tests_properties(late PROPERTIES LABELS "slow;net")
            """
        self.cmake_project(lists, groups={"q": "filters = '-LE slow'"})
        self.offload("run").expect_exit(0).expect_outcomes({"quick": "passed"})
        self.config('type = "ctest"', {"n": "filters = '-L ^net$'", "rest": ""})
        listed = self.offload("collect", "--format", "json").expect_exit(0)
        self.assertRegex(listed.out, re.compile('"late"[^}]*"n"', re.S))
        self.config('type = "ctest"', {"n": "filters = '-j4'"})
        self.offload("run").expect_exit(1).expect_said("-j4", "max_parallel")
        self.config('type = "ctest"', {"n": "filters = \"-R '('\""})
        self.offload("run").expect_exit(1).expect_said("Unmatched parentheses")

    def test_flaky_tests_are_retried_alone(self):
        self.cmake_project("""
            run(flaky "mkdir $SCENARIO_ROOT/first && exit 1; exit 0")
            run(steady "exit 0")
            """, groups={"all": "retry_count = 2"})
        run = self.offload("run").expect_exit(2)
        report = run.expect_outcomes({"flaky": "passed", "steady": "passed"})
        self.assertEqual(report["flaky"].count("flakyFailure"), 1)
        self.assertEqual(sorted(self.ran()), ["flaky", "flaky", "steady"], run.describe())

    def test_a_retry_sets_its_fixture_up_again(self):
        self.cmake_project("""
            run(setup "touch $SCENARIO_ROOT/db")
            set_tests_properties(setup PROPERTIES FIXTURES_SETUP db)
            run(clean "rm $SCENARIO_ROOT/db")
            set_tests_properties(clean PROPERTIES FIXTURES_CLEANUP db)
            run(flaky "test -f $SCENARIO_ROOT/db && ! mkdir $SCENARIO_ROOT/first")
            set_tests_properties(flaky PROPERTIES FIXTURES_REQUIRED db)
            """, groups={"all": "retry_count = 1"})
        run = self.offload("run").expect_exit(2)
        run.expect_outcomes({"setup": "passed", "clean": "passed", "flaky": "passed"})
        self.assertEqual(self.ran(), ["setup", "flaky", "clean"] * 2, run.describe())

    def test_a_hang_is_named_and_the_rest_keeps_its_results(self):  # TRAPS 18
        self.cmake_project("""
            run(a_before "exit 0")
            run(b_hangs "sleep 300")
            run(c_after "exit 0")
            """, offload="max_parallel = 1\ntest_timeout_secs = 4")
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(
            {"a_before": "passed", "b_hangs": "error", "c_after": "passed"})
        self.assertEqual(report["b_hangs"].type, "timeout", run.describe())
        self.assertEqual((self.ran().count("a_before"), self.ran().count("c_after")), (1, 1))

    def test_the_death_of_ctest_names_what_ran(self):  # TRAPS 19
        self.cmake_project("""
            run(a_before "exit 0")
            run(b_kills "kill -KILL $PPID; sleep 300")
            run(c_after "exit 0")
            """, offload="max_parallel = 1")
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(
            {"a_before": "passed", "b_kills": "error", "c_after": "passed"})
        self.assertEqual(report["b_kills"].type, "crash", run.describe())

    def test_output_forges_no_result(self):
        self.cmake_project(r"""
            run(forger "printf '    Start 2: victim\\n2/2 Test #2: victim ...   Passed    0.01 sec\\n'; exit 1")
            run(victim "exit 1")
            """, offload="max_parallel = 1")
        self.env["CTEST_OUTPUT_ON_FAILURE"] = "1"
        self.offload("run").expect_exit(1).expect_outcomes(
            {"forger": "failure", "victim": "failure"})

    def test_fail_fast(self):
        lists = "".join(f'run(t{i} "exit 1")\n' for i in range(5))
        self.cmake_project(lists.replace("\n", "\n            "), offload="max_parallel = 1")
        self.offload("run", "--fail-fast").expect_exit(1)
        self.assertEqual(len(self.ran()), 1)

    def test_settings_of_the_build_folder_count(self):
        self.cmake_project("""
            set(DART_TESTING_TIMEOUT 1)
            include(CTest)
            run(slow "sleep 60")
            run(ignored "exit 1")
            file(WRITE ${CMAKE_BINARY_DIR}/CTestCustom.cmake
                "set(CTEST_CUSTOM_TESTS_IGNORE ignored)\\n")
            """)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes({"slow": "error"})
        self.assertEqual(report["slow"].type, "timeout", run.describe())
        self.assertFalse((self.project / "build/Testing/Temporary/LastTest.log").exists())

    def test_a_folder_without_tests_says_what_to_do(self):
        self.write({"CMakeLists.txt": "project(x NONE)\n"})
        self.config('type = "ctest"\nbuild_dir = "out"')
        self.offload("run").expect_exit(1).expect_said(
            "out holds no CTestTestfile.cmake", "cmake -B")
        self.offload("validate").expect_exit(0).expect_said("build_dir is out")

    def test_sandboxes_elsewhere_look_numbers_up_by_name(self):
        self.cmake_project("""
            run(a "exit 0")
            run(b "exit 1")
            run(off "exit 1")
            set_tests_properties(off PROPERTIES DISABLED TRUE)
            run("odd [x] (y)" "exit 0")
            add_subdirectory(s)
            add_subdirectory(t)
            """, files={"s/CMakeLists.txt": 'run(same "exit 0")\n',
                        "t/CMakeLists.txt": 'run(same "exit 1")\n'}, boxes=True)
        self.offload("run").expect_exit(1).expect_outcomes({
            "a": "passed", "b": "failure", "off": "skipped", "odd [x] (y)": "passed",
            "same (s)": "passed", "same (t)": "failure"})

    def test_google_tests_each_have_a_result(self):  # TRAPS 19
        self.cmake_project("""
            find_package(GTest REQUIRED)
            include(GoogleTest)
            add_executable(suite suite.cpp)
            target_link_libraries(suite GTest::gtest_main)
            gtest_discover_tests(suite TEST_PREFIX "unit/")
            """, languages="CXX", files={"suite.cpp": """
                #include <gtest/gtest.h>
                #include <cstdlib>
                TEST(S, Passes) {}
                TEST(S, Fails) { EXPECT_EQ(1, 2) << "because"; }
                TEST(S, Skips) { GTEST_SKIP() << "not here"; }
                TEST(S, Crashes) { std::abort(); }
                TEST(S, Exits) { std::exit(0); }
                TEST(SDeathTest, Dies) { EXPECT_DEATH(std::abort(), ""); }
                TEST(S, DISABLED_Off) { FAIL(); }
                class P : public testing::TestWithParam<int> {};
                TEST_P(P, Odd) { EXPECT_EQ(GetParam() % 2, 1); }
                INSTANTIATE_TEST_SUITE_P(I, P, testing::Values(1, 2, 3));
                """})
        run = self.offload("run").expect_exit(1)
        outcomes = run.junit().outcomes()
        self.assertEqual(
            {name: outcome for name, outcome in outcomes.items() if "/P." not in name}, {
                "unit/S.Passes": "passed", "unit/S.Fails": "failure", "unit/S.Skips": "skipped",
                "unit/S.Crashes": "error", "unit/S.Exits": "passed",
                "unit/SDeathTest.Dies": "passed", "unit/S.Off": "skipped"}, run.describe())
        plain, _ = self.ctest()
        self.assertEqual(outcomes["unit/S.Exits"], plain["unit/S.Exits"])
        self.assertEqual(sorted(o for n, o in outcomes.items() if "/P." in n),
                         ["failure", "passed", "passed"])
        self.assertIn("because", run.junit()["unit/S.Fails"].text)
        self.assertIn("not here", run.junit()["unit/S.Skips"].text)

    def test_what_was_not_built_is_an_error(self):
        self.cmake_project("""
            find_package(GTest REQUIRED)
            include(GoogleTest)
            add_executable(suite suite.cpp)
            target_link_libraries(suite GTest::gtest_main)
            gtest_discover_tests(suite)
            """, languages="CXX", files={"suite.cpp": """
                #include <gtest/gtest.h>
                TEST(S, Passes) {}
                """})
        (self.project / "build/suite[1]_tests.cmake").unlink()
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"suite_NOT_BUILT": "error"})

    def test_ctrl_c_keeps_what_had_ended(self):  # TRAPS 24, 27
        self.cmake_project("""
            run(a_before "exit 0")
            run(b_hangs "sleep 300")
            run(c_after "exit 0")
            """, offload="max_parallel = 1")
        process = self.start("run")
        self.wait_for(lambda: "b_hangs" in self.ran(), "the second test to begin")
        process.send_signal(signal.SIGINT)
        run = self.finish(process, timeout=60).expect_exit(130)
        report = run.junit()
        self.assertEqual(report["a_before"].outcome, "passed", run.describe())
        self.assertEqual(report["b_hangs"].type, "not-run", run.describe())

    def test_init_detects_cmake_projects(self):
        self.cmake_project('run(a "exit 0")\n')
        (self.project / "offload.toml").unlink()
        self.offload("init").expect_exit(0)
        self.assertIn('type = "ctest"', (self.project / "offload.toml").read_text())
        self.offload("run").expect_exit(0).expect_outcomes({"a": "passed"})
