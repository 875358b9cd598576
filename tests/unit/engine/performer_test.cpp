// What can only go wrong between threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <latch>
#include <stdexcept>
#include <variant>

#include "run_fixture.hpp"

namespace offload::engine::test {
namespace {

// The run hears at once of the interrupt and of all that followed in the first sandbox up to its
// end: it answers the interrupt for a sandbox whose thread is no more. TRAPS 24
TEST(Performer, ASandboxThatEndsInTheMomentOfAnInterruptIsStillKnown) {
    Fixture f({ids(4)});
    f.config.offload.max_parallel = 2;
    f.world.lost_execs = 1;
    std::latch first_runs{1};
    std::latch interrupted{1};
    f.world.before_creation = [&](std::uint32_t sandbox) {
        if (sandbox == 1) first_runs.wait();
    };
    f.world.before_exec = [&](std::uint32_t sandbox) {
        if (sandbox != 0) return;
        first_runs.count_down();
        interrupted.wait();
    };
    f.recorder->on_event = [&](const Event& event) {
        const auto* ready = std::get_if<SandboxReady>(&event.body);
        if (ready == nullptr || ready->sandbox.value() != 1) return;
        f.inbox.push_urgent(run::Interrupted{SIGINT});
        interrupted.count_down();
        std::unique_lock lock(f.world.mutex);
        f.world.destruction_began.wait(lock, [&] { return f.world.destroyed > 0; });
    };
    EXPECT_EQ(f.run().exit_status, 128 + SIGINT);
}

// TRAPS 24
TEST(Performer, AnExceptionLeavesNoSandboxBehind) {
    Fixture f({ids(4)});
    f.recorder->on_event = [](const Event& event) {
        if (std::holds_alternative<BatchStarted>(event.body)) throw std::runtime_error("no more");
    };
    EXPECT_THROW(f.run(), std::runtime_error);
    EXPECT_GT(f.world.created, 0);
    EXPECT_EQ(f.world.created, f.world.destroyed);
}

}  // namespace
}  // namespace offload::engine::test
