#include "offload/report/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offload/base/file.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class SummaryTest : public testing::Test {
  protected:
    void add(std::string id, Status status, std::vector<TestResult> attempts = {},
             std::string reason = {}) {
        const auto index = table.add(std::move(id), GroupIndex(0)).test.index;
        Verdict verdict{.test = index, .status = status, .attempts = {}, .not_run_reason = reason};
        for (auto& result : attempts) {
            verdict.attempts.push_back(
                make_attempt({.test = index.value(),
                              .number = static_cast<int>(verdict.attempts.size()) + 1,
                              .result = std::move(result)}));
        }
        summary.verdicts.push_back(std::move(verdict));
        auto& c = summary.counts;
        std::size_t* const counters[]{&c.passed, &c.flaky,   &c.skipped,
                                      &c.failed, &c.errored, &c.not_run};
        ++*counters[static_cast<std::size_t>(status)];
    }
    std::string render(SummaryExtras extras = {}) {
        return render_summary(summary, table, options, extras);
    }
    TestTable table;
    RunSummary summary;
    SummaryOptions options;
};

// TRAPS 44
TEST_F(SummaryTest, CountsStandInLinesThatScriptsLookFor) {
    add("a", Status::Passed, {passed()});
    add("b", Status::Failed, {failed()});
    add("c", Status::Failed, {failed()});
    summary.exit_status = 1;
    for (const bool colour : {false, true}) {
        options.colour = colour;
        EXPECT_THAT(render(), HasSubstr("  Failed:  2"));
        EXPECT_THAT(render(), HasSubstr("  Passed:  1"));
    }
    options.colour = false;
    EXPECT_THAT(render(), HasSubstr("\n  Failed:  2\n"));
    EXPECT_THAT(render(), HasSubstr("\n  Total:   3\n"));
    EXPECT_THAT(render(), HasSubstr("\n  Not run: 0\n"));
}

TEST_F(SummaryTest, ManyTestsThatWereNotRunForOneReasonAreOneLine) {
    for (int i = 0; i < 200; ++i) {
        add("t" + std::to_string(i), Status::NotRun, {},
            "the machine is gone:\nlog\nfan is broken");
    }
    add("other", Status::NotRun, {}, "interrupted");
    summary.exit_status = 1;
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("Not run:\n"
                                "  200 tests: the machine is gone: […] fan is broken\n"
                                "    t0, t1 and 198 more: offload logs --filter 'last(not-run)'\n"
                                "      log\n      fan is broken\n"
                                "  other: interrupted\n"));
    EXPECT_THAT(text, Not(HasSubstr("t150")));
}

TEST_F(SummaryTest, RunThatDidNothingSaysSoWithoutCounts) {
    summary.exit_status = 1;
    SummaryExtras nothing;
    nothing.nothing_was_run = true;
    summary.failure = "no tests found\n  hint: check paths";
    options.output_dir = "out";
    EXPECT_EQ(render(nothing),
              "\nerror: no tests found\n  hint: check paths\n\nFAILED: see the error above\n"
              "Nothing was run: reports of earlier runs stay as they are\n");
    options.errors_stand_above = true;
    EXPECT_EQ(render(nothing),
              "\nFAILED: see the error above\n"
              "Nothing was run: reports of earlier runs stay as they are\n");
}

TEST_F(SummaryTest, ErrorThatStandsAboveIsBrief) {
    add("a", Status::Passed, {passed()});
    summary.exit_status = 1;
    summary.failure = "create_command failed: exit status 4:\nthe quota is used up\n  hint: wait";
    options.errors_stand_above = true;
    EXPECT_THAT(render(),
                HasSubstr("error: create_command failed: exit status 4: the quota is used up\n"));
    EXPECT_THAT(render(), Not(HasSubstr("hint")));
}

// TRAPS 44
TEST_F(SummaryTest, FailedFlakyErroredAndNotRunTestsAreNamed) {
    add("t::ok", Status::Passed, {passed()});
    add("t::bad", Status::Failed, {failed("first\nline"), failed()});
    add("t::flaky", Status::Flaky, {failed("once"), passed()});
    add("t::lost", Status::NotRun, {}, "no sandbox could be created");
    add("t::broken", Status::Errored, {TestResult{.outcome = Outcome::Errored, .type = "crash"}});
    summary.exit_status = 1;
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("Failed tests:\n  t::bad (2 attempts): first\n"));
    EXPECT_THAT(text, HasSubstr("Errored tests:\n  t::broken: crash\n"));
    EXPECT_THAT(text, HasSubstr("Flaky tests:\n  t::flaky (passed on attempt 2): once\n"));
    EXPECT_THAT(text, HasSubstr("Not run:\n  t::lost: no sandbox could be created\n"));
    EXPECT_THAT(text, EndsWith("FAILED: 1 failed, 1 errored, 1 not run, 1 flaky of 5 tests\n"));
}

TEST_F(SummaryTest, VerdictTellsTheKindOfRun) {
    add("a", Status::Passed, {passed()});
    EXPECT_THAT(render(), EndsWith("\nPASSED: 1 test\n"));
    add("b", Status::Flaky, {failed(), passed()});
    summary.exit_status = 2;
    EXPECT_THAT(render(), EndsWith("\nFLAKY: all passed, 1 of 2 tests only on retry\n"));
    summary.interrupted_by = 15;
    EXPECT_THAT(render(), EndsWith("\nINTERRUPTED by SIGTERM: 1 flaky\n"));
}

// TRAPS 9
TEST_F(SummaryTest, RunThatCouldNotBeCarriedOutIsNeverPassed) {
    summary.failure = "no sandbox could be created";
    summary.exit_status = 1;
    EXPECT_THAT(render(), HasSubstr("error: no sandbox could be created\n"));
    EXPECT_THAT(render(), EndsWith("\nFAILED: see the error above\n"));
    summary.failure.reset();
    EXPECT_THAT(render(), EndsWith("\nFAILED: exit status 1\n"));
}

TEST_F(SummaryTest, LongListsAreCountedBeyondTheirLimit) {
    for (int i = 0; i < 300; ++i) add("t" + std::to_string(i), Status::Failed, {failed()});
    options.junit_file = "out/junit.xml";
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("  t199: "));
    EXPECT_THAT(text, Not(HasSubstr("  t200: ")));
    EXPECT_THAT(text, HasSubstr("… and 100 more: see out/junit.xml"));
}

TEST_F(SummaryTest, ComparesTheTimeWithTheBestPossible) {
    add("a", Status::Passed, {passed(4)});
    summary.wall = Seconds(15);
    summary.work = Seconds(40);
    summary.longest = Seconds(4);
    summary.slots = 4;
    EXPECT_THAT(render(), HasSubstr("15.0 s; at best it would be 10.0 s with 4 sandboxes (40.0 s "
                                    "of tests)"));
    summary.longest = Seconds(12);
    EXPECT_THAT(render(),
                HasSubstr("at best it would be 12.0 s with 4 sandboxes (the longest test)"));
}

TEST_F(SummaryTest, ListsTheSlowestTests) {
    for (int i = 0; i < 30; ++i) add("t" + std::to_string(i), Status::Passed, {passed(i)});
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("Slowest tests:\n    29.0 s  t29\n"));
    EXPECT_THAT(text, Not(HasSubstr("t19\n")));
}

// TRAPS 34
TEST_F(SummaryTest, CountsDuplicates) {
    EXPECT_THAT(render(), Not(HasSubstr("duplicate")));
    summary.hedges = 2;
    EXPECT_THAT(render(), HasSubstr("2 duplicates of slow tests"));
}

TEST_F(SummaryTest, SaysHowToSeeOneFailure) {
    add("t::it's", Status::Failed, {failed()});
    options.output_dir = "out";
    EXPECT_THAT(render(), HasSubstr(R"(offload logs --test 't::it'\''s')"));
}

TEST_F(SummaryTest, TerminalGetsNoControlCharacters) {
    add("t\x1b[2J", Status::Failed, {failed("\x1b[31mno\a")});
    options.for_terminal = true;
    options.output_dir = "out";
    EXPECT_EQ(render().find_first_of("\x1b\a"), std::string::npos);
}

// TRAPS 24
TEST_F(SummaryTest, SandboxesThatMayBeLeftAreTheLastWord) {
    add("a", Status::Passed, {passed()});
    summary.leaked_sandboxes = {"sb-9", "sb\x1b[2J-10", "sb-11"};
    options.for_terminal = true;
    options.names = 2;
    options.cleanup_command = "offload -c other.toml cleanup";
    const auto text = render();
    EXPECT_THAT(text, HasSubstr("PASSED: 1 test\n"));
    EXPECT_THAT(text, testing::EndsWith("warning: 3 sandboxes may still exist; `offload -c "
                                        "other.toml cleanup` destroys them:\n"
                                        "  sb-9\n  sb\\x1b[2J-10\n  … and 1 more\n"));
    summary.exit_status = 9;
    EXPECT_THAT(render(), HasSubstr("FAILED: all passed, but a sandbox is left"));
}

TEST_F(SummaryTest, PrinterAddsUnknownResults) {
    RunScript run;
    std::string printed;
    SummaryPrinter printer(options, run.table, [&](std::string_view text) {
        printed += text;
        return Result<>{};
    });
    run.sinks = {&printer};
    run.discover({"t::a"});
    run.tell(UnknownResult{.batch = {}, .name = "stray", .closest = "t::a", .matching_format = {}});
    EXPECT_EQ(printed, "");
    summary.unknown_results = 1;
    run.tell(RunFinished{.summary = summary});
    EXPECT_THAT(printed, HasSubstr("stray (passed): nearest is t::a"));
}

TEST_F(SummaryTest, PrinterNamesAReportOnlyWhereItIs) {
    const auto folder = TemporaryFolder::create("summary").value();
    options.output_dir = folder.path();
    options.junit_file = folder.path() / "junit.xml";
    const auto print = [&](bool refused = false) {
        RunScript run;
        std::string printed;
        SummaryPrinter printer(options, run.table, [&](std::string_view text) {
            printed += text;
            return Result<>{};
        });
        run.sinks = {&printer};
        run.tell(RunPlanned{.selected = 1, .refused = refused});
        run.tell(RunFinished{});
        return printed;
    };
    EXPECT_THAT(print(), Not(HasSubstr("junit.xml")));
    EXPECT_THAT(print(), HasSubstr("logs/"));
    ASSERT_TRUE(write_file_atomically(options.junit_file, "<testsuites/>"));
    EXPECT_THAT(print(), HasSubstr("junit.xml, "));
    options.html_file = folder.path() / "report.html";
    EXPECT_THAT(print(), Not(HasSubstr("report.html")));
    ASSERT_TRUE(write_file_atomically(options.html_file, "<!doctype html>"));
    EXPECT_THAT(print(), HasSubstr("report.html, "));
    // TRAPS 61
    EXPECT_THAT(print(true), AllOf(Not(HasSubstr("junit.xml")), HasSubstr("Nothing was run")));
}

TEST_F(SummaryTest, WhatTheRunnerSaysOfTheWholeComesFirst) {
    summary.runner_report = "TOTAL 54%";
    options.for_terminal = true;
    EXPECT_LT(render().find("TOTAL 54%\n"), render().find("Summary:"));
}

}  // namespace
}  // namespace offload::report
