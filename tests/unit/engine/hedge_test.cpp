// Duplicates of stragglers, from the dispatcher's side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using testing::Act;
using ::testing::ElementsAre;
using testing::Fixture;
using ::testing::HasSubstr;
using testing::ids;
using ::testing::IsEmpty;
using ::testing::Not;

// t0 is known to be quick, and hangs when it is run for the first time.
struct Straggler : Fixture {
    explicit Straggler(std::vector<Act> then) : Fixture({ids(6)}) {
        config.offload.max_parallel = 2;
        world.acts["t0"] = {Act::Hang};
        world.acts["t0"].insert(world.acts["t0"].end(), then.begin(), then.end());
        for (const auto& id : discovered[0]) known_durations.emplace_back(id, Seconds{0.01});
    }
};

std::vector<BatchFinished> cancelled_batches(const Fixture& f) {
    auto all = f.recorder->all<BatchFinished>();
    std::erase_if(all, [](const auto& batch) { return batch.outcome != BatchOutcome::Cancelled; });
    return all;
}

std::vector<Attempt> attempts_of(const RunSummary& summary, const Fixture& f, std::string_view id) {
    for (const auto& verdict : summary.verdicts) {
        if (verdict.test == f.tests.find(id)->index) return verdict.attempts;
    }
    return {};
}

TEST(Hedges, StragglerIsOvertakenByItsDuplicate) {
    Straggler f({Act::Pass});
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 6U);
    // TRAPS 34
    std::size_t duplicates = 0;
    for (const auto& batch : f.recorder->all<BatchStarted>()) {
        if (batch.hedge) duplicates += batch.tests.size();
    }
    EXPECT_GE(duplicates, 1U);
    EXPECT_EQ(summary.hedges, duplicates);
    EXPECT_EQ(f.world.executions["t0"], 2);
    EXPECT_EQ(f.recorder->all<AttemptFinished>().size(), 6U);
    // TRAPS 45
    EXPECT_THAT(f.recorder->notices(), IsEmpty());
}

// TRAPS 13
TEST(Hedges, LoserLeavesNoTraceInTheVerdict) {
    Straggler f({Act::Pass});
    const auto summary = f.run();
    const auto attempts = attempts_of(summary, f, "t0");
    ASSERT_EQ(attempts.size(), 1U);
    const auto losers = cancelled_batches(f);
    ASSERT_EQ(losers.size(), 1U);
    EXPECT_NE(attempts.front().batch, losers.front().batch);
    EXPECT_THAT(losers.front().how, HasSubstr("elsewhere"));
    const auto hedges = f.recorder->all<BatchStarted>();
    EXPECT_EQ(std::ranges::count_if(hedges, &BatchStarted::hedge), 1);
}

// TRAPS 13
TEST(Hedges, FirstFailureIsFinalWithoutRetries) {
    Straggler f({Act::Fail, Act::Pass});
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t0"), Status::Failed);
    EXPECT_EQ(attempts_of(summary, f, "t0").size(), 1U);
    EXPECT_EQ(f.world.executions["t0"], 2);
}

TEST(Hedges, FailureOfTheWinnerIsRetriedLikeAnyOther) {
    Straggler f({Act::Fail, Act::Pass});
    f.config.groups[0].retry_count = 1;
    const auto summary = f.run();
    EXPECT_EQ(f.status(summary, "t0"), Status::Flaky);
    EXPECT_EQ(attempts_of(summary, f, "t0").size(), 2U);
}

TEST(Hedges, SandboxOfACancelledBatchIsNotUsedAgain) {
    Straggler f({Act::Fail, Act::Fail, Act::Pass});
    f.config.groups[0].retry_count = 2;
    (void)f.run();
    const auto losers = cancelled_batches(f);
    ASSERT_EQ(losers.size(), 1U);
    bool cancelled = false;
    for (const auto& event : f.recorder->events) {
        if (const auto* finished = std::get_if<BatchFinished>(&event.body)) {
            cancelled = cancelled || finished->batch == losers.front().batch;
        } else if (const auto* started = std::get_if<BatchStarted>(&event.body)) {
            EXPECT_FALSE(cancelled && started->sandbox == losers.front().sandbox);
        }
    }
}

// TRAPS 41
TEST(Hedges, FilesAreFetchedFromBatchesThatCountAlone) {
    Straggler f({Act::Pass});
    f.config.report.download_globs = {"*.txt"};
    f.world.artefacts = {"a.txt"};
    (void)f.run();
    for (const auto& loser : cancelled_batches(f)) {
        // A batch with results of its own counts, although it was cancelled in the end.
        bool counts = false;
        for (const auto& told : f.recorder->all<AttemptFinished>()) {
            counts = counts || told.attempt.batch == loser.batch;
        }
        const auto name = "batch-" + std::to_string(loser.batch.value());
        const auto fetched = std::ranges::count_if(
            f.world.download_targets, [&](const auto& path) { return path.ends_with(name); });
        EXPECT_EQ(fetched, counts ? 1 : 0);
    }
}

TEST(Hedges, FilesOfACancelledBatchThatHadResultsAreFetched) {  // TRAPS 41
    Fixture f({ids(40)});
    f.config.offload.max_parallel = 2;
    f.config.report.download_globs = {"*.txt"};
    f.world.artefacts = {"a.txt"};
    f.world.acts["t39"] = {Act::Hang, Act::Pass};
    for (const auto& id : f.discovered[0]) f.known_durations.emplace_back(id, Seconds{0.01});
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    const auto losers = cancelled_batches(f);
    ASSERT_EQ(losers.size(), 1U);
    const auto name = "batch-" + std::to_string(losers.front().batch.value());
    EXPECT_EQ(std::ranges::count_if(f.world.download_targets,
                                    [&](const auto& path) { return path.ends_with(name); }),
              1);
}

// What hangs and is not hedged ends by the time limit.
void expect_no_duplicate(Fixture& f) {
    f.config.offload.test_timeout = std::chrono::seconds(3);
    const auto summary = f.run();
    EXPECT_EQ(summary.hedges, 0U);
    EXPECT_EQ(f.world.executions["t0"], 1);
    EXPECT_THAT(attempts_of(summary, f, "t0"), Not(IsEmpty()));
    EXPECT_EQ(f.status(summary, "t0"), Status::Errored);
}

TEST(Hedges, NeverOnThisMachine) {
    Straggler f({Act::Pass});
    f.traits.same_machine = true;
    expect_no_duplicate(f);
}

TEST(Hedges, NeverWherePatienceIsAskedFor) {
    Straggler f({Act::Pass});
    f.config.offload.impatiently_requeue_batches = false;
    expect_no_duplicate(f);
}

// TRAPS 34
TEST(Hedges, NeverOnAGuess) {
    Straggler f({Act::Pass});
    std::erase_if(f.known_durations, [](const auto& known) { return known.id == "t0"; });
    expect_no_duplicate(f);
}

TEST(Hedges, WholeBatchIsDuplicatedWhereItsExitStatusDecides) {
    Straggler f({Act::Pass});
    f.world.per_batch = true;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_GE(summary.hedges, 1U);
    EXPECT_EQ(summary.counts.passed, 6U);
}

}  // namespace
}  // namespace offload::engine
