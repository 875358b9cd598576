// The dispatcher and workers that discover, and those that start meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using testing::Act;
using testing::Finding;
using testing::Fixture;
using ::testing::HasSubstr;
using testing::ids;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

struct EarlyWorkers : Fixture {
    explicit EarlyWorkers(std::vector<std::vector<std::string>> groups)
        : Fixture(std::move(groups)) {
        world.workers = true;
        world.discovering_workers = true;
        traits.passes_stdin = true;
        traits.same_machine = true;
    }
    template <class First, class Second>
    bool in_order() const {
        for (const auto& event : recorder->events) {
            if (std::holds_alternative<First>(event.body)) return true;
            if (std::holds_alternative<Second>(event.body)) return false;
        }
        return false;
    }
};

TEST(EarlyWorkers, TheOneThatDiscoversRunsTheTests) {
    EarlyWorkers f({ids(20)});
    f.config.offload.max_parallel = 1;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 20U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    EXPECT_EQ(f.world.workers_started, 1);
    EXPECT_THAT(f.recorder->all<BatchFinished>(), SizeIs(1));
}

TEST(EarlyWorkers, NobodyHearsOfABatchBeforeItHasTests) {
    EarlyWorkers f({ids(20)});
    f.config.offload.max_parallel = 1;
    f.run();
    EXPECT_TRUE((f.in_order<RunPlanned, BatchStarted>()));
    EXPECT_TRUE((f.in_order<BatchStarted, BatchOutput>()));
    EXPECT_EQ(f.recorder->all<BatchOutput>().at(0).bytes, "collecting\n");
    EXPECT_THAT(f.recorder->all<BatchStarted>(), SizeIs(1));
}

TEST(EarlyWorkers, OthersStartWhileTheFirstDiscovers) {
    if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one core";
    EarlyWorkers f({ids(40)});
    f.config.offload.max_parallel = 2;
    f.world.meeting_workers = 2;  // else this never ends
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 40U);
    EXPECT_EQ(f.world.workers_started, 2);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
}

TEST(EarlyWorkers, OneForWhichThereIsNoTestEndsWithoutATrace) {
    if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one core";
    EarlyWorkers f({ids(1)});
    f.world.meeting_workers = 2;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 1U);
    EXPECT_EQ(f.world.workers_started, 2);
    EXPECT_EQ(f.world.workers_ended_by_themselves, 2);
    EXPECT_THAT(f.recorder->all<BatchStarted>(), SizeIs(1));
    EXPECT_THAT(f.recorder->all<BatchFinished>(), SizeIs(1));
}

TEST(EarlyWorkers, SeveralGroupsDiscoverSideBySide) {
    EarlyWorkers f({ids(9, "a"), ids(9, "b"), ids(9, "c"), ids(9, "d"), ids(9, "e")});
    f.config.offload.max_parallel = 2;
    f.config.offload.max_parallel_collection = 2;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 45U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    EXPECT_THAT(f.recorder->all<DiscoveryFinished>(), SizeIs(5));
}

TEST(EarlyWorkers, OneTellsTheTestsOfGroupsForWhichThereIsNoOther) {
    EarlyWorkers f({ids(9, "a"), ids(9, "b"), ids(9, "c"), ids(9, "d")});
    f.world.families = true;
    f.world.untold = {"3"};
    f.config.offload.max_parallel = 2;
    f.config.offload.max_parallel_collection = 2;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 36U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    EXPECT_THAT(f.recorder->all<DiscoveryFinished>(), SizeIs(4));
    EXPECT_THAT(f.world.discoveries, UnorderedElementsAre("0", "1", "3"));
}

TEST(EarlyWorkers, WhatADyingOneWasToTellIsDiscoveredAllTheSame) {
    EarlyWorkers f({ids(9, "a"), ids(9, "b")});
    f.world.families = true;
    f.config.offload.max_parallel = 1;
    f.world.finding = Finding::Dies;
    EXPECT_THAT(f.run().failure.value_or(""), HasSubstr("SIGSEGV"));
    EXPECT_THAT(f.recorder->all<DiscoveryFinished>(), SizeIs(1));
    EXPECT_THAT(f.world.discoveries, UnorderedElementsAre("0", "1"));
}

TEST(EarlyWorkers, AGroupWhoseTestsRunAloneIsDiscoveredApart) {
    EarlyWorkers f({ids(3)});
    f.config.groups[0].schedule_individual = true;
    EXPECT_EQ(f.run().counts.passed, 3U);
    EXPECT_EQ(f.world.workers_started, 0);
}

TEST(EarlyWorkers, OneThatLeavesMakesRoomForOthers) {
    EarlyWorkers f({ids(20)});
    f.config.offload.max_parallel = 1;
    f.world.finding = Finding::Leaves;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 20U);
    EXPECT_EQ(f.world.workers_started, 2);
    EXPECT_EQ(f.world.created, 1);
    EXPECT_THAT(f.recorder->all<BatchFinished>(), SizeIs(1));
}

TEST(EarlyWorkers, OneThatIsUnfitMeansBatchesAndThatIsSaidOnce) {
    EarlyWorkers f({ids(20)});
    f.world.finding = Finding::LeavesAsUnfit;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 20U);
    EXPECT_FALSE(f.world.batches.empty());
    EXPECT_THAT(f.recorder->notices(), HasSubstr("it says so"));
    EXPECT_THAT(f.recorder->all<Notice>(), SizeIs(1));
}

TEST(EarlyWorkers, WhereTheGroupTurnsOutToHaveNoWorkerTheyEnd) {
    EarlyWorkers f({ids(20)});
    f.world.workers = false;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 20U);
    EXPECT_FALSE(f.world.batches.empty());
    EXPECT_EQ(f.world.workers_ended_by_themselves, f.world.workers_started);
}

// TRAPS 10
TEST(EarlyWorkers, ADiscoveryThatDiesFailsTheRun) {
    EarlyWorkers f({ids(20)});
    f.world.finding = Finding::Dies;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("SIGSEGV"));
    EXPECT_THAT(f.recorder->all<BatchStarted>(), IsEmpty());
}

TEST(EarlyWorkers, ADiscoveryWithoutAConnectionFailsTheRun) {
    EarlyWorkers f({ids(20)});
    f.world.lost_execs = 1;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("connection lost"));
}

TEST(EarlyWorkers, ADiscoveryThatHangsIsEnded) {
    EarlyWorkers f({ids(20)});
    f.config.offload.discovery_timeout = std::chrono::seconds(1);
    f.world.finding = Finding::Hangs;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("did not end within 1 s"));
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("collecting"));
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("discovery_timeout_secs"));
}

// TRAPS 24
TEST(EarlyWorkers, AnInterruptDuringDiscoveryEndsThem) {
    EarlyWorkers f({ids(20), ids(20, "u"), ids(20, "v"), ids(20, "w")});
    f.world.families = true;
    f.config.offload.max_parallel = 2;
    f.world.finding = Finding::Hangs;
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxReady>(event.body)) {
            f.inbox.push_urgent(run::Interrupted{2});
        }
    };
    EXPECT_EQ(f.run().exit_status, 130);
}

TEST(EarlyWorkers, WithoutAnySandboxTheRunFails) {
    EarlyWorkers f({ids(20)});
    f.world.failing_creations = 1000;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("quota exceeded"));
}

// TRAPS 19
TEST(EarlyWorkers, ACrashAfterwardsFailsTheRunningTestAlone) {
    EarlyWorkers f({ids(30)});
    f.config.offload.max_parallel = 1;
    f.world.acts["t4"] = {Act::Crash};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t4"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 29U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
}

TEST(EarlyWorkers, OneThatDoesNotEndIsEnded) {
    EarlyWorkers f({ids(1)});
    f.config.offload.test_timeout = std::chrono::seconds(1);
    f.world.stubborn = true;
    EXPECT_EQ(f.run().counts.passed, 1U);
}

}  // namespace
}  // namespace offload::engine
