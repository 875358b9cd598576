// When sandboxes are made and destroyed, seen through whole runs over fakes.
#include <gtest/gtest.h>

#include "offload/base/file.hpp"
#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using testing::Fixture;
using testing::ids;

// A file that the last group's discovery waits for.
struct Gate {
    Gate() : folder(TemporaryFolder::create("fleet-test-").value()) {}
    std::string path() const { return (folder.path() / "open").string(); }
    void open() const { ASSERT_TRUE(write_file_atomically(path(), "")); }
    bool is_open() const { return std::filesystem::exists(path()); }

    TemporaryFolder folder;
};

// How many sandboxes were asked for before the tests were known.
std::size_t created_before_planning(const testing::Recorder& recorder) {
    std::size_t count = 0;
    for (const auto& event : recorder.events) {
        if (std::holds_alternative<RunPlanned>(event.body)) break;
        if (std::holds_alternative<SandboxCreating>(event.body)) ++count;
    }
    return count;
}

// TRAPS 36
TEST(Fleet, TheFirstSandboxIsMadeWhileDiscoveryStillRuns) {
    const Gate gate;
    Fixture f({ids(20)});
    f.world.discovery_gate = gate.path();
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxReady>(event.body)) gate.open();
    };
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 20U);
    EXPECT_TRUE(gate.is_open()) << "discovery was not overlapped with creation";
    EXPECT_EQ(created_before_planning(*f.recorder), 1U) << "nothing was known of any test";
}

// TRAPS 35, 36
TEST(Fleet, AsTestsBecomeKnownSandboxesAreMadeForThem) {
    const Gate gate;
    Fixture f({ids(2, "a"), ids(30, "b")});
    f.config.offload.max_parallel = 20;
    f.world.discovery_gate = gate.path();
    int ready = 0;
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxReady>(event.body) && ++ready == 2) gate.open();
    };
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 32U);
    EXPECT_TRUE(gate.is_open());
    EXPECT_EQ(created_before_planning(*f.recorder), 2U);
}

// TRAPS 24
TEST(Fleet, ASandboxMadeForTestsThatDoNotExistIsDestroyed) {
    const Gate gate;
    Fixture f({ids(0)});
    f.world.discovery_gate = gate.path();
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxReady>(event.body)) gate.open();
    };
    EXPECT_EQ(f.run().exit_status, 1);
    EXPECT_EQ(f.world.created, 1);
    EXPECT_EQ(f.world.destroyed, 1);
}

// TRAPS 36
TEST(Fleet, TheFirstBatchStartsOnTheFirstSandbox) {
    Fixture f({ids(40)});
    f.config.offload.max_parallel = 8;
    f.run();
    std::size_t ready = 0;
    for (const auto& event : f.recorder->events) {
        if (std::holds_alternative<SandboxReady>(event.body)) ++ready;
        if (std::holds_alternative<BatchStarted>(event.body)) break;
    }
    EXPECT_LT(ready, 8U);
}

// TRAPS 24: the provider finishes what it has begun when the interrupt comes.
TEST(Fleet, SandboxesThatComeUpAfterAnInterruptAreDestroyed) {
    Fixture f({ids(12)});
    f.config.offload.max_parallel = 4;
    f.world.creations_wait_for_cancel = true;
    std::size_t asked = 0;
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<SandboxCreating>(event.body) && ++asked == 4) {
            f.inbox.push_urgent(run::Interrupted{2});
        }
    };
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 130);
    EXPECT_EQ(f.world.created, 4);
    EXPECT_EQ(f.world.destroyed, 4);
    EXPECT_EQ(summary.counts.not_run, 12U);
}

// TRAPS 25
TEST(Fleet, DestructionsAreParallelAndBounded) {
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

TEST(Fleet, SlotsInWhichNothingComesUpAreLeftToTheLast) {
    Fixture f({ids(20)});
    f.config.offload.max_parallel = 4;
    f.config.groups[0].schedule_individual = true;
    f.world.dead_slots = {0, 1};
    const auto summary = f.run();
    EXPECT_EQ(summary.counts.passed, 20U);
    EXPECT_GT(f.world.created, 0);
}

TEST(Fleet, TheRunGoesOnWithFewerSandboxes) {
    Fixture f({ids(20)});
    f.config.offload.max_parallel = 4;
    f.config.groups[0].schedule_individual = true;
    f.world.creations_before_failing = 1;
    f.world.failing_creations = 100000;
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(f.world.created, 1);
    EXPECT_EQ(summary.counts.passed, 20U);
}

}  // namespace
}  // namespace offload::engine
