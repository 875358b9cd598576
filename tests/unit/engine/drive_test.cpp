// Whole runs over fakes, driven by the engine's threads: that what a run decides is carried out,
// and that what comes of it is brought back. What a run decides is tested on a virtual clock, in
// tests/unit/run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using test::Act;
using test::Fixture;
using test::ids;
using testing::IsEmpty;
using testing::SizeIs;

struct Workers : Fixture {
    explicit Workers(std::vector<std::vector<std::string>> groups) : Fixture(std::move(groups)) {
        world.workers = true;
        traits.passes_stdin = true;
    }
};

void interrupt_when_it_begins(Fixture& f, const std::string& id) {
    f.recorder->on_event = [&f, id](const Event& event) {
        const auto* began = std::get_if<TestStarted>(&event.body);
        if (began != nullptr && f.tests[began->test].id == id) {
            f.inbox.push_urgent(run::Interrupted{2});
        }
    };
}

TEST(Drive, BatchesRunEveryTestOnce) {
    Fixture f({ids(20, "a"), ids(20, "b")});
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 40U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
}

TEST(Drive, WorkersAreToldTestsAndAttemptsWhileTheyRun) {
    Workers f({ids(200)});
    f.config.groups[0].retry_count = 1;
    f.world.acts["t4"] = {Act::Fail, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 2);
    EXPECT_EQ(f.status(summary, "t4"), Status::Flaky);
    EXPECT_EQ(f.world.executions["t4"], 2);
    EXPECT_EQ(f.world.executions["t5"], 1);
    EXPECT_EQ(f.world.attempts_told_wrong, 0);
    EXPECT_EQ(f.world.workers_ended_by_themselves, f.world.workers_started);
    EXPECT_THAT(f.world.batches, IsEmpty());
}

TEST(Drive, AWorkerThatDiscoversRunsTheTests) {
    Workers f({ids(20, "a"), ids(20, "b")});
    f.world.discovering_workers = true;
    f.traits.same_machine = true;
    f.config.offload.max_parallel = 1;
    EXPECT_EQ(f.run().counts.passed, 40U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    EXPECT_THAT(f.recorder->all<DiscoveryFinished>(), SizeIs(2));
}

// TRAPS 19
TEST(Drive, ACrashIsThatTestsAlone) {
    for (const bool workers : {false, true}) {
        Workers f({ids(12)});
        f.world.workers = workers;
        f.config.offload.max_parallel = 1;
        f.world.acts["t4"] = {Act::Crash};
        const auto summary = f.run();
        EXPECT_EQ(f.status(summary, "t4"), Status::Errored);
        EXPECT_EQ(summary.counts.passed, 11U);
    }
}

// TRAPS 23
TEST(Drive, ALostSandboxIsReplaced) {
    for (const bool workers : {false, true}) {
        Workers f({ids(9)});
        f.world.workers = workers;
        f.world.lost_execs = 2;
        EXPECT_EQ(f.run().counts.passed, 9U);
    }
}

// TRAPS 9
TEST(Drive, AFailedPreparationEndsTheRun) {
    Fixture f({ids(4)});
    f.preparation = fail("image does not build");
    EXPECT_EQ(f.run().exit_status, 1);
    EXPECT_EQ(f.world.created, 0);
}

TEST(Drive, AFailedCreationIsTriedAgain) {
    Fixture f({ids(4)});
    f.world.failing_creations = 1;
    EXPECT_EQ(f.run().exit_status, 0);
}

// TRAPS 24
TEST(Drive, AnInterruptEndsWhatHangs) {
    for (const bool workers : {false, true}) {
        Workers f({ids(40)});
        f.world.workers = workers;
        f.world.acts["t0"] = {Act::Hang};
        interrupt_when_it_begins(f, "t0");
        const auto summary = f.run();
        EXPECT_EQ(summary.exit_status, 130);
        EXPECT_EQ(f.status(summary, "t0"), Status::NotRun);
    }
}

// TRAPS 24: the provider finishes what it has begun when the interrupt comes.
TEST(Drive, SandboxesThatComeUpAfterAnInterruptAreDestroyed) {
    Fixture f({ids(12)});
    f.config.offload.max_parallel = 4;
    f.world.creations_wait_for_cancel = true;
    std::size_t asked = 0;
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxCreating>(event.body) && ++asked == 4) {
            f.inbox.push_urgent(run::Interrupted{2});
        }
    };
    EXPECT_EQ(f.run().exit_status, 130);
    EXPECT_EQ(f.world.created, 4);
    EXPECT_EQ(f.world.destroyed, 4);
}

// TRAPS 25
TEST(Drive, DestructionsAreParallelAndBounded) {
    Fixture f({ids(30)});
    f.config.offload.max_parallel = 30;
    f.config.groups[0].schedule_individual = true;
    f.world.creations_wait_for_cancel = true;
    f.world.meeting_destructions = 3;  // ends only if three are destroyed at once
    f.traits.concurrent_creations = 30;
    f.traits.concurrent_destructions = 3;
    std::size_t asked = 0;
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxCreating>(event.body) && ++asked == 30) {
            f.inbox.push_urgent(run::Interrupted{2});
        }
    };
    f.run();
    EXPECT_EQ(f.world.destroyed, 30);
    EXPECT_EQ(f.world.most_destroying, 3);
}

TEST(Drive, ARunnerStopsAtAFailureOnlyWhereAFirstFailureIsFinal) {
    for (const std::size_t retries : {0U, 1U}) {
        Fixture f({ids(3)});
        f.fail_fast = true;
        f.config.groups[0].retry_count = retries;
        f.run();
        EXPECT_EQ(f.world.told_to_fail_fast, retries == 0);
    }
}

// TRAPS 41
TEST(Drive, ArtefactsAreFetchedAfterABatchOrOnlyAfterFailures) {
    for (const bool failures_only : {false, true}) {
        Fixture f({ids(4)});
        f.config.groups[0].schedule_individual = true;
        f.config.report.download_globs = {"out/**"};
        f.config.report.download_globs_failure_only = failures_only;
        f.world.acts["t2"] = {Act::Fail};
        f.run();
        EXPECT_EQ(f.world.download_targets.size(), failures_only ? 1U : 4U);
    }
}

TEST(Drive, WhereAnExitStatusDecidesItDecidesForAllOfItsBatch) {
    Fixture f({ids(6)});
    f.world.per_batch = true;
    f.config.offload.max_parallel = 1;
    f.config.groups[0].retry_count = 1;
    f.world.acts["t2"] = {Act::Fail, Act::Pass};
    EXPECT_EQ(f.run().exit_status, 0);
    ASSERT_EQ(f.world.batches.size(), 2U);
    EXPECT_EQ(f.world.batches[0], f.world.batches[1]);
}

// TRAPS 28
TEST(Drive, CommandsThatAreTooLongAreSplit) {
    Fixture f({ids(64, "a-rather-long-test-name-")});
    f.config.offload.max_parallel = 1;
    f.traits.command_bytes = 300;
    EXPECT_EQ(f.run().counts.passed, 64U);
    for (const auto& batch : f.world.batches) {
        std::size_t bytes = 0;
        for (const auto& id : batch) bytes += id.size() + 1;
        EXPECT_LE(bytes, 300U);
    }
}

}  // namespace
}  // namespace offload::engine
