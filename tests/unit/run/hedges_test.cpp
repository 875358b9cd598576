// Duplicates of stragglers, from the run's side.
#include "played_run.hpp"

namespace offload::run {
namespace {

using simulation::Act;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// t0 is known to be quick, and hangs when it is run for the first time.
struct Straggler : PlayedRun {
    explicit Straggler(std::vector<Act> then) : PlayedRun({ids(6)}) {
        settings().slots = 2;
        acts("t0") = {Act::Hang};
        acts("t0").insert(acts("t0").end(), then.begin(), then.end());
        know(Seconds{0.1});
    }
    std::vector<BatchFinished> cancelled_batches() const {
        auto all = this->all<BatchFinished>();
        std::erase_if(all,
                      [](const auto& batch) { return batch.outcome != BatchOutcome::Cancelled; });
        return all;
    }
    std::ptrdiff_t times_fetched(BatchNumber batch) const {
        return std::ranges::count(record().fetched, batch);
    }
};

TEST(Hedges, StragglerIsOvertakenByItsDuplicate) {
    Straggler f({Act::Pass});
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 6U);
    // TRAPS 34
    std::size_t duplicates = 0;
    for (const auto& batch : f.all<BatchStarted>()) {
        if (batch.hedge) duplicates += batch.tests.size();
    }
    EXPECT_GE(duplicates, 1U);
    EXPECT_EQ(summary.hedges, duplicates);
    EXPECT_EQ(f.executions("t0"), 2);
    EXPECT_EQ(f.all<AttemptFinished>().size(), 6U);
    // TRAPS 45
    EXPECT_EQ(f.notices(), "preparing\n");
}

// TRAPS 13
TEST(Hedges, LoserLeavesNoTraceInTheVerdict) {
    Straggler f({Act::Pass});
    f.play();
    const auto& attempts = f.verdict("t0").attempts;
    ASSERT_EQ(attempts.size(), 1U);
    const auto losers = f.cancelled_batches();
    ASSERT_EQ(losers.size(), 1U);
    EXPECT_NE(attempts.front().batch, losers.front().batch);
    EXPECT_THAT(losers.front().how, HasSubstr("elsewhere"));
    const auto hedges = f.all<BatchStarted>();
    EXPECT_EQ(std::ranges::count_if(hedges, &BatchStarted::hedge), 1);
}

// TRAPS 13
TEST(Hedges, FirstFailureIsFinalWithoutRetries) {
    Straggler f({Act::Fail, Act::Pass});
    f.play();
    EXPECT_EQ(f.status("t0"), Status::Failed);
    EXPECT_EQ(f.verdict("t0").attempts.size(), 1U);
    EXPECT_EQ(f.executions("t0"), 2);
}

TEST(Hedges, FailureOfTheWinnerIsRetriedLikeAnyOther) {
    Straggler f({Act::Fail, Act::Pass});
    f.group(0).retry_count = 1;
    f.play();
    EXPECT_EQ(f.status("t0"), Status::Flaky);
    EXPECT_EQ(f.verdict("t0").attempts.size(), 2U);
}

TEST(Hedges, SandboxOfACancelledBatchIsNotUsedAgain) {
    Straggler f({Act::Fail, Act::Fail, Act::Pass});
    f.group(0).retry_count = 2;
    f.play();
    const auto losers = f.cancelled_batches();
    ASSERT_EQ(losers.size(), 1U);
    bool cancelled = false;
    for (const auto& event : f.record().events) {
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
    f.settings().artefact_globs = {"*.txt"};
    f.world.artefacts = {"a.txt"};
    f.play();
    for (const auto& loser : f.cancelled_batches()) {
        // A batch with results of its own counts, although it was cancelled in the end.
        const auto told = f.all<AttemptFinished>();
        const bool counts = std::ranges::any_of(
            told, [&](const auto& event) { return event.attempt.batch == loser.batch; });
        EXPECT_EQ(f.times_fetched(loser.batch), counts ? 1 : 0);
    }
}

TEST(Hedges, FilesOfACancelledBatchThatHadResultsAreFetched) {  // TRAPS 41
    Straggler f({Act::Pass});
    f.world.groups[0].ids = ids(40);
    f.acts("t0").clear();
    f.acts("t39") = {Act::Hang, Act::Pass};
    f.settings().known_durations.clear();
    f.know(Seconds{0.1});
    f.settings().artefact_globs = {"*.txt"};
    f.world.artefacts = {"a.txt"};
    EXPECT_EQ(f.play().exit_status, 0);
    const auto losers = f.cancelled_batches();
    ASSERT_EQ(losers.size(), 1U);
    EXPECT_EQ(f.times_fetched(losers.front().batch), 1);
}

// What hangs and is not hedged ends by the time limit.
void expect_no_duplicate(Straggler& f) {
    f.limit(Seconds{30});
    EXPECT_EQ(f.play().hedges, 0U);
    EXPECT_EQ(f.executions("t0"), 1);
    EXPECT_THAT(f.verdict("t0").attempts, Not(IsEmpty()));
    EXPECT_EQ(f.status("t0"), Status::Errored);
}

TEST(Hedges, NeverOnThisMachine) {
    Straggler f({Act::Pass});
    f.abilities().same_machine = true;
    expect_no_duplicate(f);
}

TEST(Hedges, NeverWherePatienceIsAskedFor) {
    Straggler f({Act::Pass});
    f.settings().hedges = false;
    expect_no_duplicate(f);
}

// TRAPS 34
TEST(Hedges, NeverOnAGuess) {
    Straggler f({Act::Pass});
    std::erase_if(f.settings().known_durations, [](const auto& known) { return known.id == "t0"; });
    expect_no_duplicate(f);
}

TEST(Hedges, WholeBatchIsDuplicatedWhereItsExitStatusDecides) {
    Straggler f({Act::Pass});
    f.abilities().verdict_source = VerdictSource::PerBatch;
    f.world.tells_starts = false;
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_GE(summary.hedges, 1U);
    EXPECT_EQ(summary.counts.passed, 6U);
}

}  // namespace
}  // namespace offload::run
