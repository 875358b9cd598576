// Workers that discover, and those that start meanwhile.
#include "played_run.hpp"

namespace offload::run {
namespace {

using simulation::Act;
using simulation::Creation;
using simulation::Exec;
using simulation::Finding;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

struct EarlyWorkers : PlayedRun {
    explicit EarlyWorkers(std::vector<std::vector<std::string>> groups)
        : PlayedRun(std::move(groups)) {
        world.workers = true;
        settings().cores = 4;
        abilities().worker_discovers = true;
        abilities().passes_stdin = true;
        abilities().same_machine = true;
    }
    void find(Finding finding) {
        for (auto& group : world.groups) group.finding = finding;
    }
    template <class First, class Second>
    bool in_order() const {
        for (const auto& event : record().events) {
            if (std::holds_alternative<First>(event.body)) return true;
            if (std::holds_alternative<Second>(event.body)) return false;
        }
        return false;
    }
};

TEST(EarlyWorkers, TheOneThatDiscoversRunsTheTests) {
    EarlyWorkers f({ids(20)});
    f.settings().slots = 1;
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 20U);
    f.expect_each_executed_once();
    EXPECT_EQ(f.workers(), 1U);
    EXPECT_THAT(f.all<BatchFinished>(), SizeIs(1));
}

TEST(EarlyWorkers, NobodyHearsOfABatchBeforeItHasTests) {
    EarlyWorkers f({ids(20)});
    f.settings().slots = 1;
    f.play();
    EXPECT_TRUE((f.in_order<RunPlanned, BatchStarted>()));
    EXPECT_TRUE((f.in_order<BatchStarted, BatchOutput>()));
    EXPECT_EQ(f.all<BatchOutput>().at(0).bytes, "collecting\n");
    EXPECT_THAT(f.all<BatchStarted>(), SizeIs(1));
}

TEST(EarlyWorkers, OthersStartWhileTheFirstDiscovers) {
    EarlyWorkers f({ids(40)});
    f.settings().slots = 2;
    f.world.groups[0].discovery.takes = Seconds{60};
    bool planned = false;
    int began_before = 0;
    f.on_event = [&](const Event& event, simulation::Simulation& played) {
        if (!std::holds_alternative<RunPlanned>(event.body)) return;
        planned = true;
        began_before = static_cast<int>(played.record().batches.size());
    };
    EXPECT_EQ(f.play().counts.passed, 40U);
    EXPECT_TRUE(planned);
    EXPECT_EQ(began_before, 2);
    EXPECT_EQ(f.workers(), 2U);
    f.expect_each_executed_once();
}

TEST(EarlyWorkers, OneForWhichThereIsNoTestEndsWithoutATrace) {
    EarlyWorkers f({ids(1)});
    f.settings().cores = 2;
    f.world.groups[0].discovery.takes = Seconds{60};
    EXPECT_EQ(f.play().counts.passed, 1U);
    EXPECT_EQ(f.workers(), 2U);
    EXPECT_EQ(f.record().workers_ended_by_themselves, 2);
    EXPECT_THAT(f.all<BatchStarted>(), SizeIs(1));
    EXPECT_THAT(f.all<BatchFinished>(), SizeIs(1));
}

TEST(EarlyWorkers, SeveralGroupsDiscoverSideBySide) {
    EarlyWorkers f({ids(9, "a"), ids(9, "b"), ids(9, "c"), ids(9, "d"), ids(9, "e")});
    f.settings().slots = 2;
    f.settings().discoveries_at_once = 2;
    EXPECT_EQ(f.play().counts.passed, 45U);
    f.expect_each_executed_once();
    EXPECT_THAT(f.all<DiscoveryFinished>(), SizeIs(5));
}

TEST(EarlyWorkers, OneTellsTheTestsOfGroupsForWhichThereIsNoOther) {
    EarlyWorkers f({ids(9, "a"), ids(9, "b"), ids(9, "c"), ids(9, "d")});
    f.world.families = true;
    f.world.groups[3].untold = true;
    f.settings().slots = 2;
    f.settings().discoveries_at_once = 2;
    EXPECT_EQ(f.play().counts.passed, 36U);
    f.expect_each_executed_once();
    EXPECT_THAT(f.all<DiscoveryFinished>(), SizeIs(4));
    EXPECT_THAT(f.record().discoveries, UnorderedElementsAre("0", "1", "3"));
}

TEST(EarlyWorkers, WhatADyingOneWasToTellIsDiscoveredAllTheSame) {
    EarlyWorkers f({ids(9, "a"), ids(9, "b")});
    f.world.families = true;
    f.settings().slots = 1;
    f.find(Finding::Dies);
    EXPECT_THAT(f.play().failure.value_or(""), HasSubstr("SIGSEGV"));
    EXPECT_THAT(f.all<DiscoveryFinished>(), SizeIs(1));
    EXPECT_THAT(f.record().discoveries, UnorderedElementsAre("0", "1"));
}

TEST(EarlyWorkers, AGroupWhoseTestsRunAloneIsDiscoveredApart) {
    EarlyWorkers f({ids(3)});
    f.group(0).alone = true;
    EXPECT_EQ(f.play().counts.passed, 3U);
    EXPECT_EQ(f.workers(), 0U);
}

// Where this machine could not discover.
struct DiscoveryInSandboxes : EarlyWorkers {
    explicit DiscoveryInSandboxes(std::vector<std::vector<std::string>> groups)
        : EarlyWorkers(std::move(groups)) {
        abilities().discovers_in_sandbox = true;
        abilities().same_machine = false;
        settings().slots = 3;
    }
};

TEST(DiscoveryInSandboxes, NoGroupIsDiscoveredAnywhereElse) {
    DiscoveryInSandboxes f({ids(9, "a"), ids(9, "b"), ids(9, "c"), ids(2, "d"), ids(9, "e")});
    f.world.families = true;
    f.group(3).alone = true;
    f.world.groups[4].untold = true;
    f.settings().discoveries_at_once = 1;
    EXPECT_EQ(f.play().counts.passed, 38U);
    f.expect_each_executed_once();
    EXPECT_THAT(f.record().discoveries, UnorderedElementsAre("0", "4"));
    EXPECT_EQ(std::ranges::count_if(
                  f.record().batches,
                  [](const auto& entry) { return entry.second.way == Way::ToDiscover; }),
              2);
}

TEST(DiscoveryInSandboxes, AWorkerThatWaitsMakesRoomForAnotherDiscovery) {
    DiscoveryInSandboxes f({ids(9, "a"), ids(9, "b"), ids(9, "c")});
    f.settings().slots = 1;
    EXPECT_EQ(f.play().counts.passed, 27U);
    f.expect_each_executed_once();
}

TEST(DiscoveryInSandboxes, OthersAreMadeMeanwhileWhereTestsAreKnown) {
    for (const bool known : {false, true}) {
        DiscoveryInSandboxes f({ids(40)});
        if (known) f.know(Seconds{5});
        f.world.groups[0].discovery.takes = Seconds{60};
        std::size_t made = 0;
        f.on_event = [&](const Event& event, simulation::Simulation& played) {
            if (!std::holds_alternative<RunPlanned>(event.body)) return;
            made = played.record().all<SandboxReady>().size();
        };
        EXPECT_EQ(f.play().counts.passed, 40U);
        EXPECT_EQ(made, known ? 3U : 1U);
    }
}

TEST(DiscoveryInSandboxes, AnotherOneGoesOnWhereOneIsLostAndNotForEver) {
    DiscoveryInSandboxes f({ids(9)});
    f.world.execs[0] = {.way = Exec::Way::Lost};
    EXPECT_EQ(f.play().counts.passed, 9U);
    EXPECT_THAT(f.notices(), HasSubstr("discovery goes on in another sandbox"));

    DiscoveryInSandboxes never({ids(9)});
    never.find(Finding::IsLost);
    never.play_to_failure("group 0");
    EXPECT_EQ(never.workers(), 3U);
}

TEST(DiscoveryInSandboxes, WithoutSandboxesThereAreNoTests) {
    DiscoveryInSandboxes f({ids(9)});
    f.world.usual_creation.way = Creation::Way::Fails;
    f.play_to_failure("no sandbox could be created");
    EXPECT_THAT(f.record().discoveries, IsEmpty());
}

TEST(EarlyWorkers, OneThatLeavesMakesRoomForOthers) {
    EarlyWorkers f({ids(20)});
    f.settings().slots = 1;
    f.find(Finding::Leaves);
    EXPECT_EQ(f.play().counts.passed, 20U);
    EXPECT_EQ(f.workers(), 2U);
    EXPECT_EQ(f.created(), 1U);
    EXPECT_THAT(f.all<BatchFinished>(), SizeIs(1));
}

TEST(EarlyWorkers, OneThatIsUnfitMeansBatchesAndThatIsSaidOnce) {
    EarlyWorkers f({ids(20)});
    f.find(Finding::LeavesAsUnfit);
    EXPECT_EQ(f.play().counts.passed, 20U);
    EXPECT_FALSE(f.plain_batches().empty());
    EXPECT_THAT(f.notices(), HasSubstr("it says so"));
    EXPECT_THAT(f.all<Notice>(), SizeIs(2)) << "of this, and of the preparation";
}

TEST(EarlyWorkers, WhereTheGroupTurnsOutToHaveNoWorkerTheyEnd) {
    EarlyWorkers f({ids(20)});
    f.world.workers = false;
    EXPECT_EQ(f.play().counts.passed, 20U);
    EXPECT_FALSE(f.plain_batches().empty());
    EXPECT_EQ(static_cast<std::size_t>(f.record().workers_ended_by_themselves), f.workers());
}

// TRAPS 10
TEST(EarlyWorkers, ADiscoveryThatDiesFailsTheRun) {
    EarlyWorkers f({ids(20)});
    f.find(Finding::Dies);
    f.play_to_failure("SIGSEGV");
    EXPECT_THAT(f.all<BatchStarted>(), IsEmpty());
}

TEST(EarlyWorkers, ADiscoveryWithoutAConnectionFailsTheRun) {
    EarlyWorkers f({ids(20)});
    f.execs(1, Exec::Way::Lost);
    f.play_to_failure("connection lost");
}

TEST(EarlyWorkers, ADiscoveryThatHangsIsEnded) {
    EarlyWorkers f({ids(20)});
    f.settings().discovery_limit = Seconds{1};
    f.find(Finding::Hangs);
    const auto summary = f.play_to_failure("did not end within 1 s");
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("collecting"));
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("discovery_timeout_secs"));
}

// TRAPS 24
TEST(EarlyWorkers, AnInterruptDuringDiscoveryEndsThem) {
    EarlyWorkers f({ids(20), ids(20, "u"), ids(20, "v"), ids(20, "w")});
    f.world.families = true;
    f.settings().slots = 2;
    f.find(Finding::Hangs);
    f.on_event = [](const Event& event, simulation::Simulation& played) {
        if (std::holds_alternative<SandboxReady>(event.body)) played.interrupt(2);
    };
    EXPECT_EQ(f.play().exit_status, 130);
}

TEST(EarlyWorkers, WithoutAnySandboxTheRunFails) {
    EarlyWorkers f({ids(20)});
    f.world.usual_creation.way = Creation::Way::Fails;
    f.play_to_failure("quota exceeded");
}

// TRAPS 19
TEST(EarlyWorkers, ACrashAfterwardsFailsTheRunningTestAlone) {
    EarlyWorkers f({ids(30)});
    f.settings().slots = 1;
    f.acts("t4") = {Act::Crash};
    const auto summary = f.play();
    EXPECT_EQ(f.status("t4"), Status::Errored);
    EXPECT_EQ(summary.counts.passed, 29U);
    f.expect_each_executed_once();
}

TEST(EarlyWorkers, OneThatDoesNotEndIsEnded) {
    EarlyWorkers f({ids(1)});
    f.limit(Seconds{10});
    f.world.usual_exec.way = Exec::Way::IsStubborn;
    EXPECT_EQ(f.play().counts.passed, 1U);
}

}  // namespace
}  // namespace offload::run
