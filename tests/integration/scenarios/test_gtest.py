"""Cases of GoogleTest programs that share a process: verdicts are those of plain ctest."""

import textwrap

from harness import CtestScenario

LISTS = """
    find_package(GTest REQUIRED)
    include(GoogleTest)
    function(suite name)
        add_executable(${name} ${name}.cpp)
        target_link_libraries(${name} GTest::gtest_main)
        gtest_discover_tests(${name} ${ARGN})
    endfunction()
"""
# Each process notes its ID with the case that it runs.
SOURCE = r"""
#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <string>
static void note(const char* name) {
    const std::string path = std::string(std::getenv("SCENARIO_ROOT")) + "/ran.log";
    std::FILE* log = std::fopen(path.c_str(), "a");
    std::fprintf(log, "%d %s\n", static_cast<int>(getpid()), name);
    std::fclose(log);
}
#define CASE(suite, name) TEST(suite, name) { note(#suite "." #name);
#define END }
"""


def source(text):
    return SOURCE + textwrap.dedent(text)


class Gtest(CtestScenario):
    def suites(self, lists="suite(one)", together=True, framework="", **sources):
        self.cmake_project(
            LISTS + textwrap.indent(textwrap.dedent(lists), "    ") + "\n", languages="CXX",
            files={f"{name}.cpp": source(text) for name, text in sources.items()},
            framework=framework + ("gtest_batches = true\n" if together else ""),
            offload="max_parallel = 1\nmax_batch_duration_secs = 100000")

    def runs(self):
        """{case: [process IDs that ran it]}"""
        runs = {}
        for line in self.ran():
            process, _, name = line.partition(" ")
            runs.setdefault(name, []).append(process)
        return runs

    def expect_verdicts_of_ctest(self, run):
        words = {"passed": "passed", "skipped": "skipped", "failure": "failed", "error": "failed"}
        ours = {name: words[outcome] for name, outcome in run.junit().outcomes().items()}
        self.forget()
        plain, _ = self.ctest()
        self.assertEqual(ours, plain, run.describe())

    def test_passes_of_a_program_come_from_one_process(self):  # TRAPS 40
        self.suites(one="""
            CASE(S, A) END
            CASE(S, B) END
            CASE(T, C) RecordProperty("key", "value"); END
            """)
        run = self.offload("run").expect_exit(0)
        run.expect_outcomes({"S.A": "passed", "S.B": "passed", "T.C": "passed"})
        runs = self.runs()
        self.assertEqual(runs["S.A"], runs["S.B"], run.describe())
        self.assertEqual(len(runs["S.A"]), 1)
        self.assertEqual(runs["T.C"][0], runs["S.A"][0])

    def test_each_case_has_its_own_process_unless_asked(self):
        self.suites(together=False, one="CASE(S, A) END\nCASE(S, B) END\n")
        self.offload("run").expect_exit(0)
        runs = self.runs()
        self.assertNotEqual(runs["S.A"], runs["S.B"])

    def test_verdicts_of_every_kind_of_case(self):  # TRAPS 7, 13, 16, 19
        self.suites("""
            suite(one TEST_PREFIX unit/)
            suite(two)
            """, one="""
            CASE(S, Passes) END
            CASE(S, Crashes) *static_cast<volatile int*>(nullptr) = 1; END
            CASE(S, Fails) EXPECT_EQ(1, 2) << "because"; END
            CASE(S, Skips) GTEST_SKIP() << "not here"; END
            CASE(S, Exits) std::exit(0); END
            CASE(S, ExitsBadly) std::exit(3); END
            CASE(S, Throws) throw 1; END
            CASE(S, LooksSkipped) std::puts("[  SKIPPED ]"); END
            CASE(S, Forges) std::puts("[       OK ] S.Fails (0 ms)"); END
            CASE(S, DISABLED_Off) FAIL(); END
            CASE(SDeathTest, Dies) EXPECT_DEATH(std::abort(), ""); END
            CASE(SDeathTest, DiesThreadsafe)
                testing::GTEST_FLAG(death_test_style) = "threadsafe";
                EXPECT_DEATH(std::abort(), "");
            END
            class P : public testing::TestWithParam<std::string> {};
            TEST_P(P, Short) { EXPECT_LT(GetParam().size(), 3u); }
            INSTANTIATE_TEST_SUITE_P(I, P, testing::Values("a", "b\\n\\"<c>", "[x] y"));
            template <typename T> class Typed : public testing::Test {};
            using Types = testing::Types<int, char>;
            TYPED_TEST_SUITE(Typed, Types);
            TYPED_TEST(Typed, Small) { EXPECT_EQ(sizeof(TypeParam), 1u); }
            CASE(S, Last) END
            """, two="CASE(S, Passes) END\nCASE(S, Last) END\n")
        run = self.offload("run").expect_exit(1)
        report = run.junit()
        self.assertEqual(report["unit/S.Crashes"].type, "crash", run.describe())
        self.assertIn("because", report["unit/S.Fails"].text)
        self.assertIn("not here", report["unit/S.Skips"].text)
        runs = self.runs()
        self.assertLess(set(runs["S.Last"]), set(runs["S.Passes"]), f"never alone: {runs}")
        self.assertEqual(len(runs["S.Crashes"]), 2, "its crash is confirmed alone")
        self.expect_verdicts_of_ctest(run)

    def test_what_state_of_the_process_breaks_passes_alone(self):  # TRAPS 13
        self.suites(one="""
            static int runs = 0;
            CASE(S, A) EXPECT_EQ(++runs, 1); END
            CASE(S, B) EXPECT_EQ(++runs, 1); END
            CASE(S, C) EXPECT_EQ(++runs, 1); END
            CASE(S, D) END
            """)
        run = self.offload("run").expect_exit(0)
        self.expect_verdicts_of_ctest(run)

    def test_a_process_that_ends_badly_proves_nothing(self):  # TRAPS 51
        self.suites(one="""
            struct Leak { ~Leak() { if (leaked) _exit(23); } bool leaked = false; } leak;
            CASE(S, Passes) END
            CASE(S, Leaks) leak.leaked = true; END
            CASE(S, PassesToo) END
            """)
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes({"S.Passes": "passed", "S.Leaks": "failure", "S.PassesToo": "passed"})
        self.expect_verdicts_of_ctest(run)

    def test_a_hang_is_found_and_the_others_pass(self):  # TRAPS 18
        self.suites("suite(one PROPERTIES TIMEOUT 2)", one="""
            CASE(S, A) END
            CASE(S, Hangs) for (;;) { std::puts("still"); std::fflush(stdout); usleep(100000); } END
            CASE(S, B) END
            CASE(S, C) END
            """)
        run = self.offload("run").expect_exit(1)
        report = run.expect_outcomes(
            {"S.A": "passed", "S.Hangs": "error", "S.B": "passed", "S.C": "passed"})
        self.assertEqual(report["S.Hangs"].type, "timeout", run.describe())
        runs = self.runs()
        self.assertEqual(len(runs["S.Hangs"]), 2, runs)
        self.assertEqual(runs["S.B"], runs["S.C"], runs)

    def test_properties_keep_their_meaning(self):
        self.suites("""
            suite(one PROPERTIES WILL_FAIL TRUE)
            suite(two PROPERTIES ENVIRONMENT "A=1 2" WORKING_DIRECTORY /)
            suite(three PROPERTIES FAIL_REGULAR_EXPRESSION ERROR)
            """, one="CASE(One, A) END\nCASE(One, B) FAIL(); END\n", two="""
            CASE(Two, A) EXPECT_STREQ(std::getenv("A"), "1 2"); END
            CASE(Two, B)
                char path[99];
                EXPECT_STREQ(getcwd(path, sizeof path), "/");
            END
            """, three='CASE(Three, A) END\nCASE(Three, B) std::puts("ERROR"); END\n')
        run = self.offload("run").expect_exit(1)
        runs = self.runs()
        self.assertEqual(runs["Two.A"], runs["Two.B"])
        self.assertNotEqual(runs["One.A"], runs["One.B"])
        self.assertNotEqual(runs["Three.A"], runs["Three.B"])
        self.expect_verdicts_of_ctest(run)

    def test_options_of_the_users_in_the_environment_are_theirs(self):
        self.suites(one="CASE(S, A) END\nCASE(S, B) END\n")
        self.offload("run", env={"GTEST_REPEAT": "2"}).expect_exit(0)
        runs = self.runs()
        self.assertEqual([len(runs["S.A"]), len(runs["S.B"])], [2, 2])
        self.assertNotEqual(runs["S.A"], runs["S.B"])

    def test_thousands_of_cases(self):  # TRAPS 28
        self.suites(one="""
            class P : public testing::TestWithParam<int> {};
            TEST_P(P, HasANameThatMakesFiltersLongerThanOneArgumentOfACommandMayBe) {}
            INSTANTIATE_TEST_SUITE_P(All, P, testing::Range(0, 2000));
            CASE(S, Fails) FAIL(); END
            CASE(S, Passes) END
            """)
        run = self.offload("run").expect_exit(1)
        outcomes = run.junit().outcomes()
        self.assertEqual(len(outcomes), 2002)
        self.assertEqual([name for name, outcome in outcomes.items() if outcome != "passed"],
                         ["S.Fails"])

    def test_sandboxes_elsewhere_share_processes_too(self):
        self.cmake_project(LISTS + "    suite(one)\n", languages="CXX", boxes=True,
                           framework="gtest_batches = true\n", offload="max_parallel = 1",
                           files={"one.cpp": source("""
                               CASE(S, A) END
                               CASE(S, B) END
                               CASE(S, Fails) FAIL(); END
                               CASE(S, C) END
                               """)})
        run = self.offload("run").expect_exit(1)
        run.expect_outcomes(
            {"S.A": "passed", "S.B": "passed", "S.Fails": "failure", "S.C": "passed"})
        runs = self.runs()
        self.assertEqual(runs["S.A"][-1], runs["S.B"][-1], run.describe())
