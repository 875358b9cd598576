// The dispatcher and workers: batches whose tests become known while they run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using testing::Act;
using testing::Fixture;
using ::testing::HasSubstr;
using testing::ids;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Workers : Fixture {
    explicit Workers(std::vector<std::vector<std::string>> groups) : Fixture(std::move(groups)) {
        world.workers = true;
        traits.passes_stdin = true;
    }
    const Attempt& first_attempt(const RunSummary& summary, std::string_view id) const {
        return summary.verdicts[tests.find(id)->index.value()].attempts.at(0);
    }
};

TEST(Workers, RunEveryTestOnceInOneLifeEach) {
    Workers f({ids(200)});
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 200U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    EXPECT_LE(f.world.workers_started, 3);
    EXPECT_EQ(f.world.workers_ended_by_themselves, f.world.workers_started);
    EXPECT_THAT(f.world.batches, IsEmpty());
    EXPECT_THAT(f.recorder->all<BatchFinished>(), SizeIs(f.world.workers_started));
}

TEST(Workers, EventsNameAllTestsOfABatch) {
    Workers f({ids(50)});
    f.config.offload.max_parallel = 1;
    f.run();
    std::vector<TestIndex> told = f.recorder->all<BatchStarted>().at(0).tests;
    EXPECT_LT(told.size(), 50U);
    for (const auto& more : f.recorder->all<BatchExtended>()) {
        told.insert(told.end(), more.tests.begin(), more.tests.end());
    }
    EXPECT_EQ(std::set<TestIndex>(told.begin(), told.end()).size(), 50U);
    EXPECT_EQ(told.size(), 50U);
}

TEST(Workers, FailedTestsRunAgainInAWorkerAndAreToldTheirAttempt) {
    Workers f({ids(40)});
    f.config.groups[0].retry_count = 2;
    f.world.acts["t3"] = {Act::Fail, Act::Pass};
    f.world.acts["t4"] = {Act::Fail};
    f.world.acts["t39"] = {Act::Fail, Act::Fail, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t3"), Status::Flaky);
    EXPECT_EQ(f.status(summary, "t4"), Status::Failed);
    EXPECT_EQ(f.status(summary, "t39"), Status::Flaky);
    EXPECT_EQ(f.world.executions["t4"], 3);
    EXPECT_EQ(f.world.executions["t5"], 1);
    EXPECT_EQ(f.world.attempts_told_wrong, 0);
    EXPECT_THAT(f.world.batches, IsEmpty());
}

TEST(Workers, ALoneWorkerRetriesByItself) {
    Workers f({ids(3)});
    f.config.offload.max_parallel = 1;
    f.config.groups[0].retry_count = 1;
    f.world.acts["t2"] = {Act::Fail, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 2);
    EXPECT_EQ(f.world.workers_started, 1);
}

// TRAPS 19
TEST(Workers, ACrashFailsTheRunningTestAloneAndANewWorkerGoesOn) {
    Workers f({ids(30)});
    f.config.offload.max_parallel = 1;
    f.world.acts["t4"] = {Act::Crash};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t4"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 29U);
    EXPECT_EQ(f.first_attempt(summary, "t4").result.type, kCrashType);
    EXPECT_THAT(f.first_attempt(summary, "t4").result.message, HasSubstr("SIGSEGV"));
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
}

// TRAPS 19
TEST(Workers, TheRetryOfACrashSharesNoProcess) {
    Workers f({ids(30)});
    f.config.offload.max_parallel = 2;
    f.config.groups[0].retry_count = 1;
    f.world.acts["t4"] = {Act::Crash, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t4"), Status::Flaky);
    EXPECT_THAT(f.world.batches, ::testing::ElementsAre(::testing::ElementsAre("t4")));
}

// TRAPS 18, 22
TEST(Workers, AHangIsATimeoutOfThatTestAloneOnASandboxThatIsNotUsedAgain) {
    Workers f({ids(20)});
    f.config.offload.max_parallel = 1;
    f.config.offload.test_timeout = std::chrono::seconds(1);
    f.world.acts["t2"] = {Act::Hang};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t2"), Status::Errored);
    EXPECT_EQ(f.first_attempt(summary, "t2").result.type, kTimeoutType);
    EXPECT_EQ(summary.counts.passed, 19U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    std::set<std::uint32_t> burnt;
    for (const auto& batch : f.recorder->all<BatchFinished>()) {
        EXPECT_FALSE(burnt.contains(batch.sandbox.value()));
        if (batch.outcome == BatchOutcome::Error) burnt.insert(batch.sandbox.value());
    }
    EXPECT_EQ(burnt.size(), 1U);
}

// TRAPS 37
TEST(Workers, HowLongTheRestWillTakeIsTold) {
    Workers f({ids(2)});
    f.config.offload.max_parallel = 1;
    f.config.offload.test_timeout = std::chrono::seconds(1);
    f.world.acts["t0"] = f.world.acts["t1"] = {Act::Hang};
    f.known_durations = {{"t0", Seconds{600}}, {"t1", Seconds{600}}};
    f.run();
    ASSERT_FALSE(f.recorder->forecasts.empty());
    EXPECT_GT(f.recorder->forecasts.front(), Seconds{1100});
    EXPECT_LT(f.recorder->forecasts.front(), Seconds{1300});
}

TEST(Workers, OneThatDoesNotEndIsEndedAndSpoilsNoResult) {
    Workers f({ids(6)});
    f.config.offload.test_timeout = std::chrono::seconds(1);
    f.world.stubborn = true;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 6U);
    EXPECT_THAT(f.recorder->notices(), HasSubstr("session fixture"));
}

// TRAPS 8
TEST(Workers, WhatOneRefusesIsNotRunAndTheRestGoesOn) {
    Workers f({ids(9)});
    f.world.acts["t0"] = f.world.acts["t8"] = {Act::Vanish};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t0"), Status::NotRun);
    EXPECT_EQ(f.status(summary, "t8"), Status::NotRun);
    EXPECT_EQ(summary.counts.passed, 7U);
    EXPECT_EQ(summary.exit_status, 1);
}

TEST(Workers, WhereNoneIsPossibleTestsRunInBatchesAndThatIsSaidOnce) {
    Workers f({ids(30)});
    f.world.unfit = true;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 30U);
    const auto notices = f.recorder->notices();
    EXPECT_THAT(notices, HasSubstr("it says so"));
    EXPECT_EQ(notices.find("it says so"), notices.rfind("it says so"));
}

TEST(Workers, OnesThatComeToNothingAreGivenUpForBatches) {
    Workers f({ids(30)});
    f.world.deaf = true;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 30U);
    EXPECT_LE(f.world.workers_started, 6);
    EXPECT_THAT(f.recorder->notices(), HasSubstr("before their first test"));
}

TEST(Workers, AreNotUsedWhereTheProviderPassesNoInput) {
    Workers f({ids(10)});
    f.traits.passes_stdin = false;
    EXPECT_EQ(f.run().counts.passed, 10U);
    EXPECT_EQ(f.world.workers_started, 0);
}

TEST(Workers, AreNotUsedForTestsThatAreScheduledIndividually) {
    Workers f({ids(5), ids(5, "u")});
    f.config.groups[0].schedule_individual = true;
    EXPECT_EQ(f.run().counts.passed, 10U);
    EXPECT_EQ(f.world.batches.size(), 5U);
    EXPECT_GT(f.world.workers_started, 0);
}

TEST(Workers, ServeOneGroupEach) {
    Workers f({ids(20, "a"), ids(20, "b")});
    f.config.offload.max_parallel = 2;
    EXPECT_EQ(f.run().counts.passed, 40U);
    for (const auto& life : f.world.worker_lives) {
        EXPECT_TRUE(std::ranges::all_of(life, [&](const auto& id) { return id[0] == life[0][0]; }));
    }
}

// TRAPS 23
TEST(Workers, ALostSandboxIsReplacedAndNobodyFailsForIt) {
    Workers f({ids(9)});
    f.world.lost_execs = 2;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    for (const auto& verdict : summary.verdicts) EXPECT_EQ(verdict.attempts.size(), 1U);
}

TEST(Workers, FailFastEndsThem) {
    Workers f({ids(300)});
    f.fail_fast = true;
    f.world.acts["t0"] = {Act::Fail};
    f.world.acts["t1"] = {Act::Hang};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(f.status(summary, "t0"), Status::Failed);
    EXPECT_GT(summary.counts.not_run, 0U);
}

// TRAPS 24
TEST(Workers, AnInterruptEndsThem) {
    Workers f({ids(40)});
    f.world.acts["t0"] = {Act::Hang};
    f.recorder->on_event = [&f](const Event& event) {
        const auto* began = std::get_if<TestStarted>(&event.body);
        if (began != nullptr && f.tests[began->test].id == "t0") {
            f.inbox.push_urgent(run::Interrupted{2});
        }
    };
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 130);
    EXPECT_EQ(f.status(summary, "t0"), Status::NotRun);
}

TEST(Workers, ArtefactsComeOncePerLife) {
    Workers f({ids(40)});
    f.config.offload.max_parallel = 1;
    f.config.report.download_globs = {"out/**"};
    f.world.artefacts = {"out/a.png"};
    f.run();
    EXPECT_EQ(f.world.download_targets.size(), 1U);
}

// Whatever happens, every test ends with a verdict, attempts are bounded, and the run ends.
TEST(Workers, PropertyRandomTroubleLosesNothing) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto below = [&](unsigned bound) {
            return std::uniform_int_distribution<unsigned>(0, bound - 1)(random);
        };
        Workers f({ids(1 + below(60), "a"), ids(below(30), "b")});
        f.config.offload.max_parallel = 1 + below(6);
        f.config.offload.test_timeout = std::chrono::seconds(60);
        f.world.lost_execs = static_cast<int>(below(4));
        f.world.failing_creations = static_cast<int>(below(3));
        for (auto& group : f.config.groups) {
            group.retry_count = below(3);
            group.schedule_individual = below(6) == 0;
        }
        for (const auto& group : f.discovered) {
            for (const auto& id : group) {
                if (below(4) != 0) continue;
                for (int i = 0; i < 4; ++i) {
                    constexpr Act kActs[] = {Act::Pass, Act::Fail, Act::Skip, Act::Crash};
                    f.world.acts[id].push_back(kActs[below(4)]);
                }
            }
        }
        const auto summary = f.run();
        EXPECT_EQ(summary.counts.not_run, 0U);
        EXPECT_EQ(f.world.attempts_told_wrong, 0);
        for (const auto& verdict : summary.verdicts) {
            const auto& test = f.tests[verdict.test];
            const auto limit = 1 + f.config.groups[test.group.value()].retry_count;
            EXPECT_GE(verdict.attempts.size(), 1U) << test.id;
            EXPECT_LE(verdict.attempts.size(), limit) << test.id;
            EXPECT_EQ(static_cast<std::size_t>(f.world.executions[test.id]),
                      verdict.attempts.size())
                << test.id;
        }
    }
}

}  // namespace
}  // namespace offload::engine
