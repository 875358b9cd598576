// When sandboxes are made and destroyed, seen through whole runs.
#include "played_run.hpp"

namespace offload::run {
namespace {

using simulation::Creation;

// How many sandboxes were asked for before the tests were known.
std::size_t asked_for_before_planning(const PlayedRun& f) {
    std::size_t count = 0;
    for (const auto& event : f.record().events) {
        if (std::holds_alternative<RunPlanned>(event.body)) break;
        if (std::holds_alternative<SandboxCreating>(event.body)) ++count;
    }
    return count;
}

TEST(Sandboxes, FailedCreationsAreTriedAgain) {
    PlayedRun f({ids(4)});
    for (const std::size_t i : {0U, 1U}) f.world.creations[i].way = Creation::Way::Fails;
    EXPECT_EQ(f.play().exit_status, 0);
}

// TRAPS 9
TEST(Sandboxes, NoneAtAllIsAFailureInTheProvidersWords) {
    PlayedRun f({ids(4)});
    f.world.usual_creation.way = Creation::Way::Fails;
    const auto summary = f.play_to_failure("quota exceeded");
    EXPECT_EQ(summary.counts.not_run, 4U);
}

// TRAPS 35
TEST(Sandboxes, NeverMoreThanBatches) {
    PlayedRun f({ids(3)});
    f.settings().slots = 50;
    f.play();
    EXPECT_LE(f.created(), 3U);
}

// TRAPS 36
TEST(Sandboxes, TheFirstIsMadeWhileDiscoveryStillRuns) {
    PlayedRun f({ids(20)});
    f.world.groups[0].discovery.takes = Seconds{60};
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.passed, 20U);
    EXPECT_EQ(asked_for_before_planning(f), 1U) << "nothing was known of any test";
}

// TRAPS 35, 36
TEST(Sandboxes, AsTestsBecomeKnownTheyAreMadeForThem) {
    PlayedRun f({ids(2, "a"), ids(30, "b")});
    f.settings().slots = 20;
    f.world.groups[1].discovery.takes = Seconds{60};
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.passed, 32U);
    EXPECT_EQ(asked_for_before_planning(f), 2U);
}

// TRAPS 24
TEST(Sandboxes, OneMadeForTestsThatDoNotExistIsDestroyed) {
    PlayedRun f({ids(0)});
    f.world.groups[0].discovery.takes = Seconds{60};
    EXPECT_EQ(f.play().exit_status, 1);
    EXPECT_EQ(f.created(), 1U);
    EXPECT_EQ(f.all<SandboxEnded>().size(), 1U);
}

// TRAPS 36
TEST(Sandboxes, TheFirstBatchStartsOnTheFirst) {
    PlayedRun f({ids(40)});
    f.settings().slots = 8;
    for (std::size_t i = 0; i < 8; ++i) {
        f.world.creations[i].takes = Seconds{1 + static_cast<double>(i)};
    }
    f.play();
    std::size_t ready = 0;
    for (const auto& event : f.record().events) {
        if (std::holds_alternative<SandboxReady>(event.body)) ++ready;
        if (std::holds_alternative<BatchStarted>(event.body)) break;
    }
    EXPECT_EQ(ready, 1U);
}

// TRAPS 24: the provider finishes what it has begun when the interrupt comes.
TEST(Sandboxes, ThoseThatComeUpAfterAnInterruptAreDestroyed) {
    PlayedRun f({ids(12)});
    f.settings().slots = 4;
    f.world.usual_creation = {Creation::Way::ComesWhenCancelled, Seconds{600}};
    std::size_t asked = 0;
    f.on_event = [&](const Event& event, simulation::Simulation& played) {
        if (std::holds_alternative<SandboxCreating>(event.body) && ++asked == 4) {
            played.interrupt(2);
        }
    };
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 130);
    EXPECT_EQ(f.created(), 4U);
    EXPECT_EQ(f.all<SandboxDestroying>().size(), 4U);
    EXPECT_EQ(summary.counts.not_run, 12U);
}

TEST(Sandboxes, SlotsInWhichNothingComesUpAreLeftToTheLast) {
    PlayedRun f({ids(20)});
    f.settings().slots = 4;
    f.group(0).alone = true;
    f.world.dead_slots = {0, 1};
    EXPECT_EQ(f.play().counts.passed, 20U);
    EXPECT_GT(f.created(), 0U);
}

TEST(Sandboxes, TheRunGoesOnWithFewer) {
    PlayedRun f({ids(20)});
    f.settings().slots = 4;
    f.group(0).alone = true;
    f.world.usual_creation.way = Creation::Way::Fails;
    f.world.creations[0].way = Creation::Way::Comes;
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(f.created(), 1U);
    EXPECT_EQ(summary.counts.passed, 20U);
}

}  // namespace
}  // namespace offload::run
