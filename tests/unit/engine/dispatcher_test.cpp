// A whole run over fakes, driven by the engine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using testing::Act;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::Fixture;
using ::testing::HasSubstr;
using testing::ids;
using ::testing::IsEmpty;
using testing::World;

TEST(Dispatcher, RunsEveryTestOnceWhenAllPass) {
    Fixture f({ids(20)});
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 20U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
}

// TRAPS 33
TEST(Dispatcher, RetriesOnlyWhatFailed) {
    Fixture f({ids(10)});
    f.config.groups[0].retry_count = 2;
    f.world.acts["t3"] = {Act::Fail, Act::Pass};
    f.world.acts["t4"] = {Act::Fail};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(f.status(summary, "t3"), Status::Flaky);
    EXPECT_EQ(f.status(summary, "t4"), Status::Failed);
    EXPECT_EQ(f.world.executions["t3"], 2);
    EXPECT_EQ(f.world.executions["t4"], 3);
    EXPECT_EQ(f.world.executions["t5"], 1);
}

TEST(Dispatcher, OnlyFlakinessExitsTwo) {
    Fixture f({ids(3)});
    f.config.groups[0].retry_count = 1;
    f.world.acts["t0"] = {Act::Fail, Act::Pass};
    EXPECT_EQ(f.run().exit_status, 2);
}

TEST(Dispatcher, ATestOfWhichNothingIsKnownTakesWhatTheHistorySectionAssumes) {
    for (const bool assumed : {false, true}) {
        Fixture f({ids(10), {"new"}});
        f.config.offload.max_parallel = 1;
        if (assumed) f.config.history.default_duration = Seconds{100};
        for (const auto& id : f.discovered[0]) f.known_durations.push_back({id, Seconds{1}});
        EXPECT_EQ(f.run().exit_status, 0);
        const auto first = f.recorder->all<BatchStarted>().front().tests.front();
        EXPECT_EQ(f.tests[first].id == "new", assumed);
    }
}

TEST(Dispatcher, StartsNoSecondBatchWhereDurationsAreKnownToRepeat) {
    for (const bool steady : {false, true}) {
        Fixture f({ids(30)});
        f.config.offload.max_parallel = 1;
        for (const auto& id : f.discovered[0]) {
            f.known_durations.push_back({id, Seconds{10}, steady ? 0 : 0.5});
        }
        EXPECT_EQ(f.run().exit_status, 0);
        EXPECT_EQ(f.recorder->all<BatchStarted>().size() == 1, steady);
    }
}

// TRAPS 13
TEST(Dispatcher, WithoutRetriesTheFirstFailureIsFinal) {
    Fixture f({ids(3)});
    f.world.acts["t0"] = {Act::Fail, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t0"), Status::Failed);
    EXPECT_EQ(f.world.executions["t0"], 1);
}

// TRAPS 19
TEST(Dispatcher, ACrashIsTheRunningTestsAndTheRestRunsAgain) {
    Fixture f({ids(12)});
    f.config.offload.max_parallel = 1;
    f.world.acts["t4"] = {Act::Crash};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t4"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 11U);
    const auto& verdict = summary.verdicts[f.tests.find("t4")->index.value()];
    EXPECT_EQ(verdict.attempts[0].result.type, kCrashType);
    EXPECT_THAT(verdict.attempts[0].result.message, HasSubstr("SIGSEGV"));
}

// TRAPS 19
TEST(Dispatcher, ACrashOfUnknownOriginIsFoundByHalves) {
    Fixture f({ids(16)});
    f.world.tells_starts = false;
    f.config.offload.max_parallel = 2;
    f.world.acts["t11"] = {Act::Crash};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t11"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 15U);
    EXPECT_EQ(summary.exit_status, 1);
}

// TRAPS 18, 22
TEST(Dispatcher, AHangIsATimeoutOfThatTestAloneOnASandboxThatIsNotUsedAgain) {
    Fixture f({ids(6)});
    f.config.offload.max_parallel = 1;
    f.config.offload.test_timeout = std::chrono::seconds(1);
    f.world.acts["t2"] = {Act::Hang};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t2"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 5U);
    const auto& verdict = summary.verdicts[f.tests.find("t2")->index.value()];
    EXPECT_EQ(verdict.attempts[0].result.type, kTimeoutType);
    const auto finished = f.recorder->all<BatchFinished>();
    std::set<std::uint32_t> burnt;
    for (const auto& batch : finished) {
        EXPECT_FALSE(burnt.contains(batch.sandbox.value()));
        if (batch.outcome == BatchOutcome::Error) burnt.insert(batch.sandbox.value());
    }
}

// TRAPS 23
TEST(Dispatcher, ALostSandboxIsReplacedAndNobodyFailsForIt) {
    Fixture f({ids(9)});
    f.world.lost_execs = 2;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 9U);
    for (const auto& verdict : summary.verdicts) EXPECT_EQ(verdict.attempts.size(), 1U);
}

TEST(Dispatcher, ASandboxThatNeverWorksEndsTheRunWithTheReason) {
    Fixture f({ids(4)});
    f.world.lost_execs = 1000;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(summary.counts.not_run, 4U);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("connection lost"));
}

TEST(Dispatcher, FailedCreationsAreTriedAgain) {
    Fixture f({ids(4)});
    f.world.failing_creations = 2;
    EXPECT_EQ(f.run().exit_status, 0);
}

// TRAPS 9
TEST(Dispatcher, NoSandboxAtAllIsAFailureInTheProvidersWords) {
    Fixture f({ids(4)});
    f.world.failing_creations = 100000;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(summary.counts.not_run, 4U);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("quota exceeded"));
}

// TRAPS 9
TEST(Dispatcher, AFailedPreparationEndsTheRun) {
    Fixture f({ids(4)});
    f.preparation = fail("image does not build");
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(f.world.created, 0);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("image does not build"));
}

// TRAPS 8, 21
TEST(Dispatcher, ATestThatTheRunnerLeavesOutIsNotRunWithAReason) {
    Fixture f({ids(5)});
    f.world.acts["t1"] = {Act::Vanish};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t1"), Status::NotRun);
    EXPECT_EQ(summary.counts.passed, 4U);
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_FALSE(summary.verdicts[f.tests.find("t1")->index.value()].not_run_reason.empty());
}

// TRAPS 2
TEST(Dispatcher, ABrokenModuleIsAnErrorBesideThePassingRest) {
    Fixture f({ids(5)});
    f.broken = {"bad.py"};
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "bad.py"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 5U);
    EXPECT_EQ(summary.exit_status, 1);
}

// TRAPS 35
TEST(Dispatcher, NeverMoreSandboxesThanBatches) {
    Fixture f({ids(3)});
    f.config.offload.max_parallel = 50;
    f.run();
    EXPECT_LE(f.world.created, 3);
}

TEST(Dispatcher, NoTestsAtAllIsAFailure) {
    Fixture f({ids(0)});
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("no tests found"));
}

TEST(Dispatcher, AWholeBatchIsRetriedAsItWasAndNeverFlaky) {
    Fixture f({ids(6)});
    f.world.per_batch = true;
    f.config.offload.max_parallel = 1;
    f.config.groups[0].retry_count = 1;
    f.world.acts["t2"] = {Act::Fail, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.flaky, 0U);
    ASSERT_EQ(f.world.batches.size(), 2U);
    EXPECT_EQ(f.world.batches[0], f.world.batches[1]);
}

TEST(Dispatcher, BatchesThatFailAtTheSameTimeAreRetriedEachByItself) {
    Fixture f({ids(4)});
    f.world.per_batch = true;
    f.config.offload.max_parallel = 2;
    f.config.groups[0].retry_count = 1;
    f.config.report.download_globs = {"out/**"};
    // Both batches have told their results before either of them is over.
    f.world.meeting_downloads = 2;
    for (const auto& id : ids(4)) f.world.acts[id] = {Act::Fail, Act::Pass};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    ASSERT_EQ(f.world.batches.size(), 4U);
    for (const auto& batch : f.world.batches) EXPECT_EQ(batch.size(), 2U);
}

TEST(Dispatcher, ARunnerStopsAtAFailureOnlyWhereAFirstFailureIsFinal) {
    for (const std::size_t retries : {0U, 1U}) {
        Fixture f({ids(3)});
        f.fail_fast = true;
        f.config.groups[0].retry_count = retries;
        f.run();
        EXPECT_EQ(f.world.told_to_fail_fast, retries == 0);
    }
}

TEST(Dispatcher, FailFastStopsAtTheFirstDecidedFailure) {
    Fixture f({ids(30)});
    f.fail_fast = true;
    f.config.groups[0].schedule_individual = true;
    f.config.offload.max_parallel = 1;
    f.world.acts["t0"] = {Act::Fail};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_GT(summary.counts.not_run, 0U);
}

TEST(Dispatcher, AnInterruptEndsHangingTestsAndSaysWhatWasNotRun) {
    Fixture f({ids(4)});
    f.world.acts["t0"] = {Act::Hang};
    f.recorder->on_event = [&f](const Event& event) {
        const auto* began = std::get_if<TestStarted>(&event.body);
        if (began != nullptr && f.tests[began->test].id == "t0") {
            f.inbox.push_urgent(run::Interrupted{2});
            f.inbox.push_urgent(run::Interrupted{15});
        }
    };
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 130);
    EXPECT_EQ(f.status(summary, "t0"), Status::NotRun);
    const auto notices = f.recorder->all<Notice>();
    EXPECT_EQ(std::ranges::count_if(
                  notices, [](const auto& n) { return n.text.starts_with("interrupted: "); }),
              1);
}

TEST(Dispatcher, ARunnerThatCannotBeStartedEndsTheRunWithoutBlamingTests) {
    Fixture f({ids(50)});
    f.world.command_missing = true;
    f.world.tells_starts = false;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("pytest: not found"));
    EXPECT_EQ(summary.counts.not_run, 50U);
    EXPECT_LT(f.world.batches.size(), 10U);
}

// TRAPS 41
TEST(Dispatcher, ArtefactsComeOncePerBatchThatCounts) {
    Fixture f({ids(4)});
    f.config.offload.max_parallel = 1;
    f.config.report.download_globs = {"out/**", "nothing/*"};
    f.world.artefacts = {"out/a.png"};
    f.world.lost_execs = 1;
    f.run();
    EXPECT_THAT(f.world.download_targets, ElementsAre(HasSubstr("batch-1")));
    // TRAPS 42
    EXPECT_THAT(f.recorder->notices(), HasSubstr("nothing/*"));
    EXPECT_THAT(f.recorder->notices(), ::testing::Not(HasSubstr("out/** matched")));
}

TEST(Dispatcher, ArtefactsOfFailuresOnly) {
    Fixture f({ids(4)});
    f.config.groups[0].schedule_individual = true;
    f.config.report.download_globs = {"out/**"};
    f.config.report.download_globs_failure_only = true;
    f.world.acts["t2"] = {Act::Fail};
    f.run();
    EXPECT_EQ(f.world.download_targets.size(), 1U);
}

// TRAPS 6
TEST(Dispatcher, AFailedResultOfNoKnownTestFailsTheRun) {
    Fixture f({ids(2)});
    f.world.stray_failure = true;
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 2U);
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("elsewhere"));
}

TEST(Dispatcher, SinksAreToldTheOutputOfPassingTestsToo) {
    Fixture f({ids(2)});
    f.run();
    for (const auto& finished : f.recorder->all<AttemptFinished>()) {
        EXPECT_EQ(finished.attempt.result.system_out, "what it printed\n");
        EXPECT_EQ(finished.attempt.number, 1);
    }
}

TEST(Dispatcher, ScheduledIndividuallyMeansAlone) {
    Fixture f({ids(5)});
    f.config.groups[0].schedule_individual = true;
    f.run();
    EXPECT_EQ(f.world.batches.size(), 5U);
}

TEST(Dispatcher, SkippedIsDecidedAndNoFailure) {
    Fixture f({ids(3)});
    f.config.groups[0].retry_count = 2;
    f.world.acts["t1"] = {Act::Skip};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.skipped, 1U);
    EXPECT_EQ(f.world.executions["t1"], 1);
}

TEST(Dispatcher, CommandsThatAreTooLongAreSplitUntilTheyFit) {
    Fixture f({ids(64, "a-rather-long-test-name-")});
    f.config.offload.max_parallel = 1;
    testing::FakeFramework framework(f.world, f.discovered);
    testing::FakeProvider provider(f.world);
    provider.given_traits.command_bytes = 300;
    const RunRequest request{.config = f.config,
                             .working_folder = "/",
                             .run_id = "test",
                             .version = "0",
                             .only_ids = {},
                             .only_groups = {},
                             .fail_fast = false,
                             .known_durations = {},
                             .started = std::chrono::steady_clock::now()};
    Emitter emitter(f.sinks, request.started);
    const auto summary = drive(request, framework, provider, f.tests, emitter, f.inbox).value();
    EXPECT_EQ(summary.counts.passed, 64U);
    for (const auto& batch : f.world.batches) {
        std::size_t bytes = 0;
        for (const auto& id : batch) bytes += id.size() + 1;
        EXPECT_LE(bytes, 300U);
    }
}

// Whatever happens, every test ends with a verdict, attempts are bounded, and the run ends.
TEST(Dispatcher, PropertyRandomTroubleLosesNothing) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto below = [&](unsigned bound) {
            return std::uniform_int_distribution<unsigned>(0, bound - 1)(random);
        };
        Fixture f({ids(1 + below(30), "a"), ids(below(20), "b")});
        f.config.offload.max_parallel = 1 + below(6);
        f.config.offload.test_timeout = std::chrono::seconds(1);
        f.world.tells_starts = below(2) == 0;
        f.world.lost_execs = static_cast<int>(below(4));
        f.world.failing_creations = static_cast<int>(below(3));
        for (auto& group : f.config.groups) group.retry_count = below(3);
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
        for (const auto& verdict : summary.verdicts) {
            const auto& test = f.tests[verdict.test];
            const auto limit = 1 + f.config.groups[test.group.value()].retry_count;
            EXPECT_GE(verdict.attempts.size(), 1U) << test.id;
            EXPECT_LE(verdict.attempts.size(), limit) << test.id;
        }
        for (const auto& batch : f.world.batches) {
            EXPECT_EQ(std::set<std::string>(batch.begin(), batch.end()).size(), batch.size());
        }
    }
}

}  // namespace
}  // namespace offload::engine
