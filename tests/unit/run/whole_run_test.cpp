// Whole runs, from the start to the verdicts.
#include <set>

#include "played_run.hpp"
#include "random_trouble.hpp"

namespace offload::run {
namespace {

using simulation::Act;
using simulation::Exec;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(WholeRun, RunsEveryTestOnceWhenAllPass) {
    PlayedRun f({ids(20)});
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 20U);
    f.expect_each_executed_once();
}

// TRAPS 33
TEST(WholeRun, RetriesOnlyWhatFailed) {
    PlayedRun f({ids(10)});
    f.group(0).retry_count = 2;
    f.acts("t3") = {Act::Fail, Act::Pass};
    f.acts("t4") = {Act::Fail};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(f.status("t3"), Status::Flaky);
    EXPECT_EQ(f.status("t4"), Status::Failed);
    EXPECT_EQ(f.executions("t3"), 2);
    EXPECT_EQ(f.executions("t4"), 3);
    EXPECT_EQ(f.executions("t5"), 1);
}

TEST(WholeRun, OnlyFlakinessExitsTwo) {
    PlayedRun f({ids(3)});
    f.group(0).retry_count = 1;
    f.acts("t0") = {Act::Fail, Act::Pass};
    EXPECT_EQ(f.play().exit_status, 2);
}

TEST(WholeRun, ATestOfWhichNothingIsKnownTakesWhatTheHistorySectionAssumes) {
    for (const bool assumed : {false, true}) {
        PlayedRun f({ids(10)});
        f.know(Seconds{1});
        simulation::add_group(f.world, {"new"});
        f.settings().slots = 1;
        if (assumed) f.settings().default_duration = Seconds{100};
        EXPECT_EQ(f.play().exit_status, 0);
        EXPECT_EQ(f.id(f.all<BatchStarted>().front().tests.front()) == "new", assumed);
    }
}

TEST(WholeRun, StartsNoSecondBatchWhereDurationsAreKnownToRepeat) {
    for (const bool steady : {false, true}) {
        PlayedRun f({ids(30)});
        f.settings().slots = 1;
        f.know(Seconds{10}, steady ? 0 : 0.5);
        EXPECT_EQ(f.play().exit_status, 0);
        EXPECT_EQ(f.all<BatchStarted>().size() == 1, steady);
    }
}

TEST(WholeRun, StartsNoSecondBatchWhereTheLastRunsBatchesTookWhatWasExpected) {
    std::optional<BatchCosts> learnt;
    for (const bool again : {false, true}) {
        PlayedRun f({ids(300)});
        f.settings().slots = 5;
        f.know(Seconds{1});
        f.settings().known_costs = learnt;
        const auto summary = f.play();
        EXPECT_EQ(summary.exit_status, 0);
        EXPECT_EQ(f.all<BatchStarted>().size() == 5, again);
        learnt = summary.batch_costs;
        ASSERT_TRUE(learnt && (again || learnt->spread));
    }
}

// TRAPS 13
TEST(WholeRun, WithoutRetriesTheFirstFailureIsFinal) {
    PlayedRun f({ids(3)});
    f.acts("t0") = {Act::Fail, Act::Pass};
    f.play();
    EXPECT_EQ(f.status("t0"), Status::Failed);
    EXPECT_EQ(f.executions("t0"), 1);
}

// TRAPS 19
TEST(WholeRun, ACrashIsTheRunningTestsAndTheRestRunsAgain) {
    PlayedRun f({ids(12)});
    f.settings().slots = 1;
    f.acts("t4") = {Act::Crash};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t4"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 11U);
    EXPECT_EQ(f.verdict("t4").attempts[0].result.type, kCrashType);
    EXPECT_THAT(f.verdict("t4").attempts[0].result.message, HasSubstr("SIGSEGV"));
}

// TRAPS 19
TEST(WholeRun, ACrashOfUnknownOriginIsFoundByHalves) {
    PlayedRun f({ids(16)});
    f.world.tells_starts = false;
    f.settings().slots = 2;
    f.acts("t11") = {Act::Crash};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t11"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 15U);
    EXPECT_EQ(summary.exit_status, 1);
}

// TRAPS 18, 22
TEST(WholeRun, AHangIsATimeoutOfThatTestAloneOnASandboxThatIsNotUsedAgain) {
    PlayedRun f({ids(6)});
    f.settings().slots = 1;
    f.limit(Seconds{10});
    f.acts("t2") = {Act::Hang};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t2"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 5U);
    EXPECT_EQ(f.verdict("t2").attempts[0].result.type, kTimeoutType);
    std::set<std::uint32_t> burnt;
    for (const auto& batch : f.all<BatchFinished>()) {
        EXPECT_FALSE(burnt.contains(batch.sandbox.value()));
        if (batch.outcome == BatchOutcome::Error) burnt.insert(batch.sandbox.value());
    }
}

// TRAPS 23
TEST(WholeRun, ALostSandboxIsReplacedAndNobodyFailsForIt) {
    PlayedRun f({ids(9)});
    f.execs(2, Exec::Way::Lost);
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 9U);
    for (const auto& verdict : summary.verdicts) EXPECT_EQ(verdict.attempts.size(), 1U);
}

TEST(WholeRun, ASandboxThatNeverWorksEndsTheRunWithTheReason) {
    PlayedRun f({ids(4)});
    f.world.usual_exec.way = Exec::Way::Lost;
    const auto summary = f.play_to_failure("connection lost");
    EXPECT_EQ(summary.counts.not_run, 4U);
}

// TRAPS 9
TEST(WholeRun, AFailedPreparationEndsTheRun) {
    PlayedRun f({ids(4)});
    f.world.preparation.trouble = "image does not build";
    f.play_to_failure("image does not build");
    EXPECT_EQ(f.created(), 0U);
}

// TRAPS 8, 21
TEST(WholeRun, ATestThatTheRunnerLeavesOutIsNotRunWithAReason) {
    PlayedRun f({ids(5)});
    f.acts("t1") = {Act::LeaveOut};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t1"), Status::NotRun);
    EXPECT_EQ(summary.counts.passed, 4U);
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_FALSE(f.verdict("t1").not_run_reason.empty());
}

// TRAPS 2
TEST(WholeRun, ABrokenModuleIsAnErrorBesideThePassingRest) {
    PlayedRun f({ids(5)});
    f.world.groups[0].broken = {"bad.py"};
    const auto summary = f.play();
    EXPECT_EQ(f.status("bad.py"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 5U);
    EXPECT_EQ(summary.exit_status, 1);
}

TEST(WholeRun, NoTestsAtAllIsAFailure) {
    PlayedRun f({ids(0)});
    f.play_to_failure("no tests found");
}

struct WholeBatches : PlayedRun {
    explicit WholeBatches(std::size_t tests) : PlayedRun({ids(tests)}) {
        abilities().verdict_source = VerdictSource::PerBatch;
        world.tells_starts = false;
        group(0).retry_count = 1;
    }
};

TEST(WholeRun, AWholeBatchIsRetriedAsItWasAndNeverFlaky) {
    WholeBatches f(6);
    f.settings().slots = 1;
    f.acts("t2") = {Act::Fail, Act::Pass};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.flaky, 0U);
    const auto batches = f.plain_batches();
    ASSERT_EQ(batches.size(), 2U);
    EXPECT_EQ(batches[0], batches[1]);
}

TEST(WholeRun, BatchesThatFailAtTheSameTimeAreRetriedEachByItself) {
    WholeBatches f(4);
    f.settings().slots = 2;
    f.settings().artefact_globs = {"out/**"};
    // Both batches have told their results before either of them is over.
    f.world.fetching = Seconds{5};
    for (const auto& id : ids(4)) f.acts(id) = {Act::Fail, Act::Pass};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    ASSERT_EQ(f.plain_batches().size(), 4U);
    for (const auto& batch : f.plain_batches()) EXPECT_EQ(batch.size(), 2U);
}

TEST(WholeRun, FailFastStopsAtTheFirstDecidedFailure) {
    PlayedRun f({ids(30)});
    f.settings().fail_fast = true;
    f.group(0).alone = true;
    f.settings().slots = 1;
    f.acts("t0") = {Act::Fail};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_GT(summary.counts.not_run, 0U);
}

TEST(WholeRun, AnInterruptEndsHangingTestsAndSaysWhatWasNotRun) {
    PlayedRun f({ids(4)});
    f.acts("t0") = {Act::Hang};
    f.on_event = [&f](const Event& event, simulation::Simulation& played) {
        const auto* began = std::get_if<TestStarted>(&event.body);
        if (began == nullptr || f.id(began->test) != "t0") return;
        played.interrupt(2);
        played.interrupt(15);
    };
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 130);
    EXPECT_EQ(f.status("t0"), Status::NotRun);
    const auto notices = f.all<Notice>();
    EXPECT_EQ(std::ranges::count_if(
                  notices, [](const auto& n) { return n.text.starts_with("interrupted: "); }),
              1);
}

TEST(WholeRun, ARunnerThatCannotBeStartedEndsTheRunWithoutBlamingTests) {
    PlayedRun f({ids(50)});
    f.world.usual_exec.way = Exec::Way::CannotStart;
    f.world.tells_starts = false;
    const auto summary = f.play_to_failure("pytest: not found");
    EXPECT_EQ(summary.counts.not_run, 50U);
    EXPECT_LT(f.plain_batches().size(), 10U);
}

// TRAPS 41
TEST(WholeRun, ArtefactsComeOncePerBatchThatCounts) {
    PlayedRun f({ids(4)});
    f.settings().slots = 1;
    f.settings().artefact_globs = {"out/**", "nothing/*"};
    f.world.artefacts = {"out/a.png"};
    f.execs(1, Exec::Way::Lost);
    f.play();
    EXPECT_THAT(f.record().fetched, ElementsAre(BatchNumber(1)));
    // TRAPS 42
    EXPECT_THAT(f.notices(), HasSubstr("nothing/*"));
    EXPECT_THAT(f.notices(), Not(HasSubstr("out/** matched")));
}

// TRAPS 6
TEST(WholeRun, AFailedResultOfNoKnownTestFailsTheRun) {
    PlayedRun f({ids(2)});
    f.world.usual_exec.way = Exec::Way::TellsStrays;
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.passed, 2U);
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("elsewhere"));
}

TEST(WholeRun, SinksAreToldTheOutputOfPassingTestsToo) {
    PlayedRun f({ids(2)});
    f.play();
    for (const auto& finished : f.all<AttemptFinished>()) {
        EXPECT_EQ(finished.attempt.result.system_out, "what it printed\n");
        EXPECT_EQ(finished.attempt.number, 1);
    }
}

TEST(WholeRun, ScheduledIndividuallyMeansAlone) {
    PlayedRun f({ids(5)});
    f.group(0).alone = true;
    f.play();
    EXPECT_EQ(f.plain_batches().size(), 5U);
}

TEST(WholeRun, SkippedIsDecidedAndNoFailure) {
    PlayedRun f({ids(3)});
    f.group(0).retry_count = 2;
    f.acts("t1") = {Act::Skip};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.skipped, 1U);
    EXPECT_EQ(f.executions("t1"), 1);
}

TEST(WholeRun, CommandsThatAreTooLongAreSplitUntilTheyFit) {
    PlayedRun f({ids(64, "a-rather-long-test-name-")});
    f.settings().slots = 1;
    f.abilities().command_bytes = 300;
    EXPECT_EQ(f.play().counts.passed, 64U);
    for (const auto& batch : f.plain_batches()) {
        std::size_t bytes = 0;
        for (const auto& id : batch) bytes += id.size() + 1;
        EXPECT_LE(bytes, 300U);
    }
}

// Whatever happens, every test ends with a verdict, attempts are bounded, and the run ends.
TEST(WholeRun, PropertyRandomTroubleLosesNothing) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        PlayedRun f({ids(1 + dice.below(30), "a"), ids(dice.below(20), "b")});
        f.limit(Seconds{10});
        f.world.tells_starts = dice.below(2) == 0;
        cause_trouble(f, dice);
        play_in_spite_of_trouble(f);
        for (const auto& batch : f.plain_batches()) {
            EXPECT_EQ(std::set<std::string>(batch.begin(), batch.end()).size(), batch.size());
        }
    }
}

}  // namespace
}  // namespace offload::run
