// Batches that die where nobody says which of their tests ran.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "played_run.hpp"

namespace offload::run {
namespace {

using simulation::Act;

// A batch of four tests in one sandbox, the second of which may take its runner down.
struct Dying : PlayedRun {
    explicit Dying(std::size_t retry_count) : PlayedRun({ids(4)}) {
        world.tells_starts = false;
        settings().slots = 1;
        group(0).retry_count = retry_count;
    }
    const Verdict* entry() const {
        for (const auto& verdict : record().summary.verdicts) {
            if (tests()[verdict.test].kind == TestKind::RunnerFailure) return &verdict;
        }
        return nullptr;
    }
};

// TRAPS 19
TEST(Deaths, WhatDoesNotDieAgainIsNotForgotten) {
    Dying f(0);
    f.acts("t1") = {Act::Crash, Act::Pass};
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.passed, 4U);
    ASSERT_NE(f.entry(), nullptr);
    EXPECT_EQ(f.entry()->status, Status::Errored);
    EXPECT_THAT(f.entry()->attempts.front().result.message, testing::HasSubstr("retry_count"));
    EXPECT_EQ(summary.exit_status, 1);
}

TEST(Deaths, WhereTestsMayBeRetriedItIsFlaky) {
    Dying f(1);
    f.acts("t1") = {Act::Crash, Act::Pass};
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.passed, 4U);
    EXPECT_EQ(summary.counts.flaky, 1U);
    ASSERT_NE(f.entry(), nullptr);
    EXPECT_EQ(f.entry()->status, Status::Flaky);
    EXPECT_EQ(summary.exit_status, 2);
}

TEST(Deaths, WithFailFastItIsToldAllTheSame) {
    Dying f(0);
    f.settings().fail_fast = true;
    f.acts("t1") = {Act::Crash, Act::Pass};
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.passed, 4U);
    EXPECT_EQ(summary.exit_status, 1);
}

TEST(Deaths, OneThatIsFoundExplainsIt) {
    Dying f(0);
    f.acts("t1") = {Act::Crash};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t1"), Status::Errored);
    EXPECT_EQ(summary.counts.total(), 4U);
    EXPECT_EQ(f.entry(), nullptr);
}

TEST(Deaths, OneOfItsTestsThatFailsExplainsIt) {
    Dying f(0);
    f.acts("t1") = {Act::Crash, Act::Fail};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t1"), Status::Failed);
    EXPECT_EQ(summary.counts.total(), 4U);
}

TEST(Deaths, ARunnerThatIsContentHasNotDied) {
    Dying f(0);
    f.execs(1, simulation::Exec::Way::LeavesNoFile);
    EXPECT_EQ(f.play().exit_status, 0);
    EXPECT_EQ(f.entry(), nullptr);
}

}  // namespace
}  // namespace offload::run
