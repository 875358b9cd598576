// Workers: batches whose tests become known while they run.
#include <set>
#include <tuple>

#include "played_run.hpp"
#include "random_trouble.hpp"

namespace offload::run {
namespace {

using simulation::Act;
using simulation::Exec;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Workers : PlayedRun {
    explicit Workers(std::vector<std::vector<std::string>> groups) : PlayedRun(std::move(groups)) {
        world.workers = true;
        abilities().passes_stdin = true;
    }
};

TEST(Workers, RunEveryTestOnceInOneLifeEach) {
    Workers f({ids(200)});
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 200U);
    f.expect_each_executed_once();
    EXPECT_LE(f.workers(), 3U);
    EXPECT_EQ(static_cast<std::size_t>(f.record().workers_ended_by_themselves), f.workers());
    EXPECT_THAT(f.plain_batches(), IsEmpty());
    EXPECT_THAT(f.all<BatchFinished>(), SizeIs(f.workers()));
}

// What two of them would take from each other is more than one's waiting.
TEST(Workers, ATestThatKeepsAllCoresBusyRunsAlone) {
    for (const double cores : {1.0, 1.3, 2.0, 4.0}) {
        Workers f({ids(12)});
        f.abilities().same_machine = true;
        f.settings().slots = f.settings().cores = 2;
        f.know(Seconds{2});
        f.settings().known_durations.front().cores = cores;
        f.settings().known_durations.back().cores = cores;
        std::set<TestIndex> running;
        bool together = false;
        f.on_event = [&](const Event& event, simulation::Simulation& simulation) {
            if (const auto* started = std::get_if<TestStarted>(&event.body)) {
                running.insert(started->test);
                const auto& tests = simulation.tests();
                const bool wide = running.contains(tests.find("t0")->index) ||
                                  running.contains(tests.find("t11")->index);
                together = together || (wide && running.size() > 1);
            } else if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
                running.erase(finished->attempt.test);
            }
        };
        EXPECT_EQ(f.play().counts.passed, 12U);
        EXPECT_EQ(together, cores == 1.0) << cores;
        f.expect_each_executed_once();
    }
}

TEST(Workers, AShortTestOrOneOfAFewCoresRunsBesideOthers) {
    for (const auto& [duration, cores, machine] :
         {std::tuple{0.5, 2.0, 2U}, std::tuple{2.0, 1.1, 2U}, std::tuple{2.0, 2.0, 8U}}) {
        Workers f({ids(12)});
        f.abilities().same_machine = true;
        f.settings().slots = 2;
        f.settings().cores = machine;
        f.know(Seconds{duration});
        for (auto& known : f.settings().known_durations) known.cores = cores;
        f.play();
        EXPECT_EQ(f.workers(), 2U) << duration << ' ' << cores << ' ' << machine;
    }
}

TEST(Workers, EventsNameAllTestsOfABatch) {
    Workers f({ids(50)});
    f.settings().slots = 1;
    f.play();
    std::vector<TestIndex> told = f.all<BatchStarted>().at(0).tests;
    EXPECT_LT(told.size(), 50U);
    for (const auto& more : f.all<BatchExtended>()) {
        told.insert(told.end(), more.tests.begin(), more.tests.end());
    }
    EXPECT_EQ(std::set<TestIndex>(told.begin(), told.end()).size(), 50U);
    EXPECT_EQ(told.size(), 50U);
}

TEST(Workers, FailedTestsRunAgainInAWorkerAndAreToldTheirAttempt) {
    Workers f({ids(40)});
    f.group(0).retry_count = 2;
    f.acts("t3") = {Act::Fail, Act::Pass};
    f.acts("t4") = {Act::Fail};
    f.acts("t39") = {Act::Fail, Act::Fail, Act::Pass};
    f.play();
    EXPECT_EQ(f.status("t3"), Status::Flaky);
    EXPECT_EQ(f.status("t4"), Status::Failed);
    EXPECT_EQ(f.status("t39"), Status::Flaky);
    EXPECT_EQ(f.executions("t4"), 3);
    EXPECT_EQ(f.executions("t5"), 1);
    std::map<TestIndex, int> last;
    for (const auto& [number, batch] : f.record().batches) {
        for (const auto& [test, attempt] : batch.tests) {
            last[test] = std::max(last[test], attempt);
        }
    }
    EXPECT_EQ(last[f.tests().find("t4")->index], 3);
    EXPECT_EQ(last[f.tests().find("t5")->index], 1);
    EXPECT_THAT(f.plain_batches(), IsEmpty());
}

TEST(Workers, ALoneWorkerRetriesByItself) {
    Workers f({ids(3)});
    f.settings().slots = 1;
    f.group(0).retry_count = 1;
    f.acts("t2") = {Act::Fail, Act::Pass};
    EXPECT_EQ(f.play().exit_status, 2);
    EXPECT_EQ(f.workers(), 1U);
}

// TRAPS 19
TEST(Workers, ACrashFailsTheRunningTestAloneAndANewWorkerGoesOn) {
    Workers f({ids(30)});
    f.settings().slots = 1;
    f.acts("t4") = {Act::Crash};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t4"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 29U);
    EXPECT_EQ(f.verdict("t4").attempts.at(0).result.type, kCrashType);
    EXPECT_THAT(f.verdict("t4").attempts.at(0).result.message, HasSubstr("SIGSEGV"));
    f.expect_each_executed_once();
}

// It waits for the word that nothing follows, as any that is given a single test.
TEST(Workers, TheLastTestInANewWorkerWaitsForNothing) {
    Workers f({ids(2)});
    f.settings().slots = 1;
    f.know(Seconds{1});
    f.settings().known_durations.front().duration = Seconds{2};  // it begins
    f.world.start_up = Seconds{0.01};
    f.acts("t0") = {Act::Crash};
    std::optional<Seconds> began;
    Seconds waited{0};
    f.on_event = [&](const Event& event, simulation::Simulation&) {
        if (std::holds_alternative<BatchStarted>(event.body)) began = event.since_start;
        if (std::holds_alternative<TestStarted>(event.body)) waited = event.since_start - *began;
    };
    EXPECT_EQ(f.play().counts.passed, 1U);
    EXPECT_EQ(f.workers(), 2U);
    EXPECT_NEAR(waited.count(), f.world.start_up.count(), 1e-3);
}

// TRAPS 19
TEST(Workers, TheRetryOfACrashSharesNoProcess) {
    Workers f({ids(30)});
    f.settings().slots = 2;
    f.group(0).retry_count = 1;
    f.acts("t4") = {Act::Crash, Act::Pass};
    f.play();
    EXPECT_EQ(f.status("t4"), Status::Flaky);
    EXPECT_THAT(f.plain_batches(), ElementsAre(ElementsAre("t4")));
}

// TRAPS 18, 22
TEST(Workers, AHangIsATimeoutOfThatTestAloneOnASandboxThatIsNotUsedAgain) {
    Workers f({ids(20)});
    f.settings().slots = 1;
    f.limit(Seconds{10});
    f.acts("t2") = {Act::Hang};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t2"), Status::Errored);
    EXPECT_EQ(f.verdict("t2").attempts.at(0).result.type, kTimeoutType);
    EXPECT_EQ(summary.counts.passed, 19U);
    f.expect_each_executed_once();
    std::set<std::uint32_t> burnt;
    for (const auto& batch : f.all<BatchFinished>()) {
        EXPECT_FALSE(burnt.contains(batch.sandbox.value()));
        if (batch.outcome == BatchOutcome::Error) burnt.insert(batch.sandbox.value());
    }
    EXPECT_EQ(burnt.size(), 1U);
}

// TRAPS 37
TEST(Workers, HowLongTheRestWillTakeIsTold) {
    Workers f({ids(2)});
    f.settings().slots = 1;
    f.limit(Seconds{10});
    f.acts("t0") = f.acts("t1") = {Act::Hang};
    f.know(Seconds{600});
    f.play();
    ASSERT_FALSE(f.record().forecasts.empty());
    EXPECT_GT(f.record().forecasts.front(), Seconds{1100});
    EXPECT_LT(f.record().forecasts.front(), Seconds{1300});
}

TEST(Workers, OneThatDoesNotEndIsEndedAndSpoilsNoResult) {
    Workers f({ids(6)});
    f.limit(Seconds{10});
    f.world.usual_exec.way = Exec::Way::IsStubborn;
    EXPECT_EQ(f.play().counts.passed, 6U);
    EXPECT_THAT(f.notices(), HasSubstr("session fixture"));
}

// TRAPS 8
TEST(Workers, WhatOneRefusesIsNotRunAndTheRestGoesOn) {
    Workers f({ids(9)});
    f.acts("t0") = f.acts("t8") = {Act::Refuse};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t0"), Status::NotRun);
    EXPECT_EQ(f.status("t8"), Status::NotRun);
    EXPECT_EQ(summary.counts.passed, 7U);
    EXPECT_EQ(summary.exit_status, 1);
}

TEST(Workers, WhereNoneIsPossibleTestsRunInBatchesAndThatIsSaidOnce) {
    Workers f({ids(30)});
    f.world.usual_exec.way = Exec::Way::IsUnfit;
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 30U);
    const auto notices = f.notices();
    EXPECT_THAT(notices, HasSubstr("it says so"));
    EXPECT_EQ(notices.find("it says so"), notices.rfind("it says so"));
}

TEST(Workers, OnesThatComeToNothingAreGivenUpForBatches) {
    Workers f({ids(30)});
    f.world.usual_exec.way = Exec::Way::IsDeaf;
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 30U);
    EXPECT_LE(f.workers(), 6U);
    EXPECT_THAT(f.notices(), HasSubstr("before their first test"));
}

TEST(Workers, AreNotUsedWhereTheProviderPassesNoInput) {
    Workers f({ids(10)});
    f.abilities().passes_stdin = false;
    EXPECT_EQ(f.play().counts.passed, 10U);
    EXPECT_EQ(f.workers(), 0U);
}

TEST(Workers, AreNotUsedForTestsThatAreScheduledIndividually) {
    Workers f({ids(5), ids(5, "u")});
    f.group(0).alone = true;
    EXPECT_EQ(f.play().counts.passed, 10U);
    EXPECT_EQ(f.plain_batches().size(), 5U);
    EXPECT_GT(f.workers(), 0U);
}

TEST(Workers, ServeOneGroupEach) {
    Workers f({ids(20, "a"), ids(20, "b")});
    f.settings().slots = 2;
    EXPECT_EQ(f.play().counts.passed, 40U);
    for (const auto& life : f.worker_lives()) {
        EXPECT_TRUE(std::ranges::all_of(life, [&](const auto& id) { return id[0] == life[0][0]; }));
    }
}

// TRAPS 23
TEST(Workers, ALostSandboxIsReplacedAndNobodyFailsForIt) {
    Workers f({ids(9)});
    f.execs(2, Exec::Way::Lost);
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    for (const auto& verdict : summary.verdicts) EXPECT_EQ(verdict.attempts.size(), 1U);
}

TEST(Workers, FailFastEndsThem) {
    Workers f({ids(300)});
    f.settings().fail_fast = true;
    f.acts("t0") = {Act::Fail};
    f.acts("t1") = {Act::Hang};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(f.status("t0"), Status::Failed);
    EXPECT_GT(summary.counts.not_run, 0U);
}

// TRAPS 24
TEST(Workers, AnInterruptEndsThem) {
    Workers f({ids(40)});
    f.acts("t0") = {Act::Hang};
    f.on_event = [&f](const Event& event, simulation::Simulation& played) {
        const auto* began = std::get_if<TestStarted>(&event.body);
        if (began != nullptr && f.id(began->test) == "t0") played.interrupt(2);
    };
    EXPECT_EQ(f.play().exit_status, 130);
    EXPECT_EQ(f.status("t0"), Status::NotRun);
}

TEST(Workers, ArtefactsComeOncePerLife) {
    Workers f({ids(40)});
    f.settings().slots = 1;
    f.settings().artefact_globs = {"out/**"};
    f.world.artefacts = {"out/a.png"};
    f.play();
    EXPECT_EQ(f.record().fetched.size(), 1U);
}

// Whatever happens, every test ends with a verdict, attempts are bounded, and the run ends.
TEST(Workers, PropertyRandomTroubleLosesNothing) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        Workers f({ids(1 + dice.below(60), "a"), ids(dice.below(30), "b")});
        f.limit(Seconds{60});
        cause_trouble(f, dice);
        for (auto& group : f.world.groups) group.settings.alone = dice.below(6) == 0;
        play_in_spite_of_trouble(f);
        for (const auto& verdict : f.record().summary.verdicts) {
            const auto& id = f.id(verdict.test);
            EXPECT_EQ(static_cast<std::size_t>(f.executions(id)), verdict.attempts.size()) << id;
        }
    }
}

}  // namespace
}  // namespace offload::run
