#include "offload/report/progress.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "offload/base/text.hpp"
#include "run_script.hpp"
#include "screen.hpp"

namespace offload::report {
namespace {

using testing::HasSubstr;
using testing::Not;

class ProgressTest : public testing::Test {
  protected:
    void make(ProgressOptions options) {
        options.write = [this](std::string_view bytes) { written += bytes; };
        progress = std::make_unique<Progress>(std::move(options), run.table);
        run.sinks = {progress.get()};
    }
    void plain(Verbosity verbosity = Verbosity::Usual) {
        ProgressOptions options;
        options.verbosity = verbosity;
        options.attempts_per_group = {3};
        make(std::move(options));
        run.start();
        run.discover({"t::a", "t::b", "t::c"});
        run.sandbox(0);
        run.batch(0, 0, {0, 1, 2});
        written.clear();
    }
    RunScript run;
    std::string written;
    std::unique_ptr<Progress> progress;
};

// TRAPS 50
TEST_F(ProgressTest, PlainModeWritesWholeLinesWithoutControls) {
    plain();
    run.attempt({.test = 0, .result = failed("\x1b[31mred\x1b[0m\a", "x\x1b[2Jy")});
    run.notice(Severity::Warning, "careful\r");
    run.tick(20);
    EXPECT_FALSE(written.empty());
    EXPECT_EQ(written.back(), '\n');
    EXPECT_EQ(written.find_first_of("\x1b\r\a"), std::string::npos);
}

TEST_F(ProgressTest, RunWithoutDurationsIsToldThatTheNextWillBeFaster) {
    plain();
    EXPECT_EQ(written, "");
    run.tell(RunPlanned{.selected = 3, .durations_known = true});
    EXPECT_EQ(written, "3 tests to run\n");
    run.tell(RunPlanned{.selected = 3, .durations_known = false});
    EXPECT_THAT(written, HasSubstr("the next run will be faster\n"));
}

TEST_F(ProgressTest, ModuleThatCouldNotBeCollectedWasInNoSandbox) {
    make({});
    run.start();
    run.tell(TestDiscovered{
        .test = {}, .id = "broken.py", .group = {}, .file = {}, .kind = TestKind::CollectionError});
    run.attempt({.test = 0, .result = failed("no such module")});
    EXPECT_THAT(written, HasSubstr("broken.py (could not be collected)\n"));
    EXPECT_THAT(written, Not(HasSubstr("sandbox 0")));
}

TEST_F(ProgressTest, ReasonOfAFailureStandsOut) {
    ProgressOptions options;
    options.colour = true;
    make(std::move(options));
    run.start();
    run.discover({"a"});
    run.attempt({.test = 0, .result = failed("why", "    assert 1 == 2\nE   assert 1 == 2\n")});
    EXPECT_THAT(written, HasSubstr("\n\x1b[31m    E   assert 1 == 2\x1b[0m\n"));
}

TEST_F(ProgressTest, PassedTestsAreNoLinesUnlessVerbose) {
    plain();
    run.attempt({.test = 0, .result = passed()});
    run.decided(0, Status::Passed);
    EXPECT_EQ(written, "");
    plain(Verbosity::Verbose);
    run.attempt({.test = 1, .result = passed(0.5)});
    EXPECT_EQ(written, "PASS t::b (0.5 s)\n");
}

TEST_F(ProgressTest, FailuresAreShownAsTheyHappenWithTheirOutput) {
    plain();
    auto result = failed("assert 1 == 2", "traceback");
    result.system_out = "printed";
    run.attempt({.test = 1, .sandbox = 2, .result = result});
    EXPECT_EQ(written,
              "FAIL t::b (0.1 s, sandbox 2)\n    assert 1 == 2\n    traceback\n"
              "    --- stdout ---\n    printed\n");
}

TEST_F(ProgressTest, RetriesAndFlakyTestsSayWhichAttempt) {
    plain();
    run.attempt({.test = 1, .number = 1, .result = failed()}, true);
    EXPECT_THAT(written,
                HasSubstr("FAIL t::b (0.1 s, sandbox 0): attempt 1 of 3 failed, will retry"));
    run.attempt({.test = 1, .number = 2, .result = passed()});
    run.decided(1, Status::Flaky);
    EXPECT_THAT(written, HasSubstr("FLAKY t::b: passed on attempt 2\n"));
}

TEST_F(ProgressTest, FailureThatNoAttemptToldIsNamed) {
    plain();
    run.decided(2, Status::Errored);
    EXPECT_EQ(written, "ERROR t::c\n");
}

TEST_F(ProgressTest, LongOutputIsShortenedWithAPointer) {
    plain();
    std::string details;
    for (int i = 0; i < 1000; ++i) details += "line\n";
    run.attempt({.test = 0, .result = failed("m", details)});
    EXPECT_THAT(written, HasSubstr("lines left out]"));
    EXPECT_THAT(written, HasSubstr("all of it: offload logs --test t::a\n"));
    EXPECT_LT(text::lines(written).size(), 210U);
}

TEST_F(ProgressTest, FloodOfFailuresLosesItsOutputNotItsNames) {
    ProgressOptions options;
    options.total_failure_lines = 10;
    make(std::move(options));
    run.start();
    run.discover({"a", "b", "c", "d"});
    for (std::size_t i = 0; i < 4; ++i) {
        run.attempt({.test = i, .result = failed("why", "1\n2\n3\n4\n5\n6\n")});
    }
    EXPECT_THAT(written, HasSubstr("FAIL d (0.1 s, sandbox 0)\n    why\n"));
    EXPECT_EQ(text::lines(written).back(), "    why");
    EXPECT_THAT(written, HasSubstr("offload logs --failures"));
}

TEST_F(ProgressTest, HeartbeatBreaksLongSilence) {
    plain();
    run.attempt({.test = 0, .result = passed()});
    run.decided(0, Status::Passed);
    for (int i = 0; i < 10; ++i) run.tick(1);
    EXPECT_EQ(written, "");
    for (int i = 0; i < 10; ++i) run.tick(1);
    EXPECT_THAT(written,
                HasSubstr("1/3 done, 1 passed, 0 failed, 1 running, 1 remaining, 1 sandbox"));
    EXPECT_EQ(text::lines(written).size(), 1U);
}

TEST_F(ProgressTest, LongCollectionShowsWhatItSaidLast) {
    make({});
    run.start();
    written.clear();
    progress->last_words("Compiling serde v1.0\x1b[K");
    run.tick(1);
    run.tick(14);
    EXPECT_EQ(written, "");
    run.tick(2);
    EXPECT_EQ(written, "17.0 s: collecting, 0 tests so far: Compiling serde v1.0\\x1b[K\n");
}

TEST_F(ProgressTest, LongWaitForASandboxIsTold) {
    make({});
    run.start();
    run.discover({"t::a", "t::b"});
    written.clear();
    run.tick(14);
    EXPECT_EQ(written, "");
    run.tick(16);
    EXPECT_EQ(written, "30.0 s: waiting for the first sandbox; 2 tests to run\n");
}

TEST_F(ProgressTest, BatchInWhichNoTestBeginsShowsWhatItSaidLast) {
    plain();
    run.output(0, Stream::Err, "   Compiling serde v1.0\n   Compiling shop v0.1\n");
    run.tick(1);
    run.tick(16);
    EXPECT_THAT(written, HasSubstr("    batch 0 said last: Compiling shop v0.1\n"));
    run.test_started(0);
    run.output(0, Stream::Out, "noise of the test\n");
    written.clear();
    run.tick(1);
    run.tick(16);
    EXPECT_THAT(written, Not(HasSubstr("said last")));
}

TEST_F(ProgressTest, DisplayShowsWhatACollectionSaidLast) {
    ProgressOptions options;
    options.mode = ProgressMode::RedrawnArea;
    make(std::move(options));
    run.start();
    progress->last_words("Compiling serde v1.0");
    run.tick(1);
    EXPECT_THAT(written, HasSubstr("Compiling serde v1.0"));
    run.discover({"t::a"});
    run.tick(1);
    written.clear();
    run.tick(1);
    EXPECT_THAT(written, Not(HasSubstr("Compiling")));
}

// TRAPS 45
TEST_F(ProgressTest, CancelledBatchesAreNoNews) {
    plain();
    run.batch_finished(0, BatchOutcome::Cancelled, "cancelled: first result came from another");
    EXPECT_EQ(written, "");
}

TEST_F(ProgressTest, BatchThatATestCrashedIsToldOnce) {
    plain();
    run.attempt({.test = 0, .batch = 0, .result = {.outcome = Outcome::Errored, .type = "crash"}});
    written.clear();
    run.batch_finished(0, BatchOutcome::Error, "exit status 3");
    EXPECT_EQ(written, "");
    run.batch(1, 0, {1});
    run.batch_finished(1, BatchOutcome::Error, "connection closed");
    EXPECT_EQ(written, "note: batch 1 on sandbox 0 ended early: connection closed\n");
}

TEST_F(ProgressTest, BatchesThatEndAlikeAreToldOnce) {
    plain();
    for (std::size_t i = 0; i < 4; ++i) {
        run.batch(i, 0, {i % 3});
        run.batch_finished(i, BatchOutcome::Error,
                           "exit status 127; no result file at /tmp/x/batch-" + std::to_string(i));
    }
    run.tell(RunFinished{});
    const auto first = std::string(
        "note: batch 0 on sandbox 0 ended early: exit status 127; no result file at "
        "/tmp/x/batch-0\n");
    EXPECT_THAT(written, HasSubstr(first));
    EXPECT_THAT(written, testing::Not(HasSubstr("batch 1")));
    EXPECT_THAT(written, HasSubstr("note: 3 more batches ended early as well: exit status 127; "
                                   "see the logs batch-N.error\n"));
}

TEST_F(ProgressTest, TroubleThatAllSandboxesHaveIsToldOnce) {
    plain();
    for (std::size_t i = 0; i < 3; ++i) {
        run.tell(SandboxEnded{
            .sandbox = SandboxNumber(i), .id = {}, .trouble = Error{"no quota\n  hint: wait"}});
    }
    run.tell(RunFinished{});
    EXPECT_THAT(written, HasSubstr("note: sandbox 0: no quota\n"));
    EXPECT_THAT(written, testing::Not(HasSubstr("sandbox 1")));
    EXPECT_THAT(written, HasSubstr("note: 2 more sandboxes had the same trouble: no quota\n"));
}

TEST_F(ProgressTest, LeakedSandboxIsAWarningWithTheWayOut) {
    plain();
    run.tell(SandboxEnded{.sandbox = SandboxNumber(0),
                          .id = "sb-0",
                          .trouble = Error{"destroy failed"},
                          .maybe_leaked = true});
    EXPECT_THAT(written, HasSubstr("sb-0"));
    EXPECT_THAT(written, HasSubstr("offload cleanup"));
}

TEST_F(ProgressTest, UnknownResultNamesTheFormatThatWouldMatch) {
    plain();
    run.tell(UnknownResult{.batch = {},
                           .name = "x",
                           .outcome = Outcome::Failed,
                           .closest = "t::a",
                           .matching_format = "{classname}::{name}"});
    EXPECT_THAT(written, HasSubstr("\"x\" (failed)"));
    EXPECT_THAT(written, HasSubstr("test_id_format = \"{classname}::{name}\""));
}

TEST_F(ProgressTest, WarningsOfOneKindAreOneLineAndACount) {
    plain();
    const auto unknown = [&](std::string name) {
        run.tell(UnknownResult{.batch = {},
                               .name = std::move(name),
                               .outcome = Outcome::Passed,
                               .closest = "t::a",
                               .matching_format = {}});
    };
    for (const auto* name : {"x", "y", "z"}) unknown(name);
    run.notice(Severity::Warning, "batch 3 was late");
    run.notice(Severity::Warning, "batch 12 was late");
    run.notice(Severity::Warning, "batch 3 was lost");
    EXPECT_EQ(text::lines(written).size(), 3U) << written;
    run.tell(RunFinished{});
    EXPECT_THAT(written, HasSubstr("2 more warnings like this one: a result for \"x\""));
    EXPECT_THAT(written, HasSubstr("1 more warning like this one: batch 3 was late\n"));
    EXPECT_THAT(written, Not(HasSubstr("one: batch 3 was lost")));
}

TEST_F(ProgressTest, VerboselyEachWarningIsShown) {
    plain(Verbosity::Verbose);
    run.notice(Severity::Warning, "batch 3 was late");
    run.notice(Severity::Warning, "batch 12 was late");
    run.tell(RunFinished{});
    EXPECT_THAT(written, HasSubstr("batch 12 was late"));
    EXPECT_THAT(written, Not(HasSubstr("more warning")));
}

TEST_F(ProgressTest, QuietlyOnlyWhatWentWrongIsShown) {
    ProgressOptions options;
    options.verbosity = Verbosity::Quiet;
    make(std::move(options));
    run.start();
    run.discover({"t::a", "t::b", "t::c"});
    run.tell(RunPlanned{.selected = 3, .durations_known = false});
    run.sandbox(0);
    run.batch(0, 0, {0, 1, 2});
    run.attempt({.test = 0, .result = passed()});
    run.notice(Severity::Note, "by the way");
    run.tick(1000);
    EXPECT_EQ(written, "");
    run.attempt({.test = 1, .result = failed("broken", "here")});
    run.notice(Severity::Warning, "careful");
    EXPECT_THAT(written, HasSubstr("FAIL t::b"));
    EXPECT_THAT(written, HasSubstr("warning: careful\n"));
}

TEST_F(ProgressTest, WhatPassedTestsPrintedIsShownWhenEverythingIsAskedFor) {
    auto result = passed();
    result.system_out = "look at me\n";
    plain(Verbosity::Verbose);
    run.attempt({.test = 0, .result = result});
    EXPECT_THAT(written, Not(HasSubstr("look at me")));
    plain(Verbosity::Everything);
    run.attempt({.test = 1, .result = result});
    std::string lines;
    for (int i = 0; i < 1000; ++i) lines += fmt::format("line {}\n", i);
    run.attempt({.test = 2, .result = failed("broken", lines)});
    EXPECT_THAT(written, HasSubstr("    look at me\n"));
    for (int i = 0; i < 1000; ++i) EXPECT_THAT(written, HasSubstr(fmt::format("line {}\n", i)));
}

class AreaTest : public ProgressTest {
  protected:
    // The display clears its area at its end, and needs the screen for that.
    ~AreaTest() override { progress.reset(); }
    void show(std::size_t columns, std::size_t rows, std::vector<std::string> ids) {
        screen = std::make_unique<Screen>(columns, rows);
        ProgressOptions options;
        options.mode = ProgressMode::RedrawnArea;
        options.colour = true;
        options.size = [columns, rows] { return TerminalSize{columns, rows}; };
        options.write = [this](std::string_view bytes) { screen->write(bytes); };
        progress = std::make_unique<Progress>(std::move(options), run.table);
        run.sinks = {progress.get()};
        run.start();
        run.discover(ids);
    }
    std::unique_ptr<Screen> screen;
};

TEST_F(AreaTest, ShowsCountsAndTheLongestRunningTests) {
    show(80, 20, {"t::a", "t::b", "t::c"});
    run.sandbox(0);
    run.batch(0, 0, {});
    run.test_started(0);
    run.tick(1);
    run.attempt({.test = 0, .result = passed()});
    run.decided(0, Status::Passed);
    run.test_started(1);
    run.tick(1);
    const auto lines = screen->lines();
    ASSERT_EQ(lines.size(), 3U) << screen->text();
    EXPECT_THAT(lines[0], HasSubstr(" 1/3  2.0 s"));
    EXPECT_THAT(lines[1], HasSubstr("1 passed · 0 failed · 1 running · 1 remaining · 1 sandbox"));
    EXPECT_EQ(lines[2], "     1.0 s t::b  sandbox 0");
}

TEST_F(AreaTest, NarrowTerminalShowsWhatRunsRatherThanWhere) {
    show(40, 20, {"tests/test_a.py::test_a"});
    run.batch(0, 0, {});
    run.test_started(0);
    run.tick(1);
    const auto lines = screen->lines();
    ASSERT_EQ(lines.size(), 3U) << screen->text();
    EXPECT_EQ(lines[2], "     1.0 s tests/test_a.py::test_a");
}

TEST_F(AreaTest, LinesScrollAboveAndNothingIsLeftOfTheAreaAtTheEnd) {
    show(60, 30, {"t::a", "t::b"});
    run.batch(0, 0, {0, 1});
    for (int i = 0; i < 5; ++i) {
        run.tick(1);
        run.notice(Severity::Note, "number " + std::to_string(i));
    }
    run.tick(1);
    run.tell(RunFinished{});
    std::vector<std::string> expected;
    for (int i = 0; i < 5; ++i) expected.push_back("note: number " + std::to_string(i));
    EXPECT_EQ(screen->lines(), expected);
}

// Random runs on random terminals: what scrolled out is there once, whole and in order, and below
// it stands one area.
TEST_F(AreaTest, NeverGarbles) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 40; ++round) {
        run = RunScript{};
        std::vector<std::string> ids;
        for (int i = 0; i < 12; ++i) {
            ids.push_back(std::string(random() % 90, 'x') + "日本[\x1b[2J]\n" + std::to_string(i));
        }
        show(30 + random() % 80, 8 + random() % 30, ids);
        std::vector<std::string> expected;
        for (std::size_t i = 0; i < 12; ++i) {
            run.batch(i, i, {});
            run.test_started(i, i);
            run.tick(0.05 * static_cast<double>(random() % 5));
            if (random() % 2 == 0) {
                run.notice(Severity::Note, "n" + std::to_string(i));
                expected.push_back("note: n" + std::to_string(i));
            }
            if (random() % 3 == 0) run.decided(i, Status::Passed);
        }
        run.tick(1);
        auto lines = screen->lines();
        std::size_t heads = 0;
        for (const auto& line : lines) heads += line.starts_with("Running ") ? 1 : 0;
        EXPECT_EQ(heads, 1U) << screen->text();
        ASSERT_GE(lines.size(), expected.size());
        lines.resize(expected.size());
        EXPECT_EQ(lines, expected) << screen->text();
        run.tell(RunFinished{});
        EXPECT_EQ(screen->lines(), expected) << screen->text();
        EXPECT_EQ(screen->wraps(), 0U);
    }
}

TEST_F(AreaTest, EventsWithoutTicksAreDrawnToo) {
    show(80, 20, {"t::a", "t::b"});
    run.batch(0, 0, {0, 1});
    run.now += Seconds(3);
    run.decided(0, Status::Passed);
    EXPECT_THAT(screen->text(), HasSubstr("1 passed"));
}

}  // namespace
}  // namespace offload::report
