#include "exit_status.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "exit_wishes.hpp"

namespace offload::app {
namespace {

RunSummary with(const Counts& counts) {
    RunSummary summary;
    summary.counts = counts;
    return summary;
}

TEST(ExitStatus, AllPassedIsZero) {
    EXPECT_EQ(exit_status(with({.passed = 3}), {}), 0);
    EXPECT_EQ(exit_status(with({.passed = 3, .skipped = 1}), {}), 0);
    EXPECT_EQ(exit_status(with({.skipped = 1}), {}), 0);
}

TEST(ExitStatus, FlakyIsTwoOrWhatWasAskedFor) {
    EXPECT_EQ(exit_status(with({.passed = 3, .flaky = 1}), {}), 2);
    EXPECT_EQ(exit_status(with({.passed = 3, .flaky = 1}), {.flaky = 0, .leak = {}}), 0);
    EXPECT_EQ(exit_status(with({.flaky = 1}), {.flaky = 77}), 77);
}

TEST(ExitStatus, FlakyIsAsTheConfigHasItUnlessTheFlagSaysOtherwise) {
    const auto summary = with({.passed = 3, .flaky = 1});
    config::OffloadSection offload;
    EXPECT_EQ(exit_status(summary, wishes_of(offload, {})), 2);
    offload.flaky = config::FlakyPolicy::Pass;
    EXPECT_EQ(exit_status(summary, wishes_of(offload, {})), 0);
    offload.flaky = config::FlakyPolicy::Fail;
    EXPECT_EQ(exit_status(summary, wishes_of(offload, {})), 1);
    EXPECT_EQ(exit_status(summary, wishes_of(offload, 77)), 77);
}

TEST(ExitStatus, AnyOtherBlemishIsOneWhateverElseThereIs) {
    EXPECT_EQ(exit_status(with({.passed = 3, .failed = 1}), {.flaky = 0, .leak = {}}), 1);
    EXPECT_EQ(exit_status(with({.passed = 3, .flaky = 1, .errored = 1}), {.flaky = 0, .leak = {}}),
              1);
    EXPECT_EQ(exit_status(with({.passed = 3, .flaky = 1, .not_run = 1}), {.flaky = 0, .leak = {}}),
              1);
}

TEST(ExitStatus, ThatNothingWasLeftForAShardIsZero) {
    EXPECT_EQ(exit_status(with({}), {.may_be_empty = true}), 0);
    auto refused = with({});
    refused.failure = "no tests found";
    EXPECT_EQ(exit_status(refused, {.may_be_empty = true}), 1);
}

// TRAPS 9
TEST(ExitStatus, ThatNothingRanIsOne) {
    EXPECT_EQ(exit_status(with({}), {}), 1);
    auto summary = with({.passed = 1});
    summary.failure = "no sandbox";
    EXPECT_EQ(exit_status(summary, {}), 1);
}

TEST(ExitStatus, AReportThatCouldNotBeWrittenIsOne) {
    auto summary = with({.passed = 1, .flaky = 1});
    summary.failure = "cannot write junit.xml: no space left";
    EXPECT_EQ(exit_status(summary, {.flaky = 0, .leak = {}}), 1);
}

TEST(ExitStatus, SignalsWinOverEverything) {
    auto summary = with({.passed = 1, .failed = 1});
    summary.interrupted_by = SIGINT;
    EXPECT_EQ(exit_status(summary, {}), 130);
    summary.interrupted_by = SIGTERM;
    EXPECT_EQ(exit_status(summary, {}), 143);
}

// TRAPS 24
TEST(ExitStatus, SandboxThatIsLeftCountsOnlyWhereItIsWished) {
    auto left = with({.passed = 3});
    left.leaked_sandboxes = {"sb"};
    EXPECT_EQ(exit_status(left, {}), 0);
    EXPECT_EQ(exit_status(left, {.flaky = {}, .leak = 9}), 9);
    EXPECT_EQ(exit_status(with({.passed = 3}), {.flaky = {}, .leak = 9}), 0);
    left.counts.flaky = 1;
    EXPECT_EQ(exit_status(left, {}), 2);
    EXPECT_EQ(exit_status(left, {.flaky = 0, .leak = 9}), 9);
    left.counts.failed = 1;
    EXPECT_EQ(exit_status(left, {.flaky = {}, .leak = 9}), 1);
    left.interrupted_by = SIGINT;
    EXPECT_EQ(exit_status(left, {.flaky = {}, .leak = 9}), 130);
}

}  // namespace
}  // namespace offload::app
