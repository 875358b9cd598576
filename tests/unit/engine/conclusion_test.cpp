// The framework's last command on this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using test::Act;
using test::Fixture;
using test::ids;
using testing::ElementsAre;
using testing::IsEmpty;

struct Here : Fixture {
    explicit Here(const std::string& conclusion) : Fixture({ids(3)}) {
        traits.same_machine = true;
        world.conclusion = conclusion;
    }
};

TEST(Conclusion, ItsReportIsTheRuns) {
    Here f("echo covered");
    const auto summary = f.run();
    EXPECT_EQ(summary.runner_report, "covered\n");
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_THAT(f.world.conclusions, ElementsAre(false));
}

TEST(Conclusion, WhatItDemandsInVainFailsTheRunAndNoTest) {
    Here f("exit 1");
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_EQ(summary.failure, "exit status 1");
    EXPECT_EQ(summary.counts.passed, 3U);
}

TEST(Conclusion, KnowsWhetherATestFailed) {
    Here f("true");
    f.world.acts["t1"] = {Act::Fail};
    EXPECT_EQ(f.run().exit_status, 1);
    EXPECT_THAT(f.world.conclusions, ElementsAre(true));
}

TEST(Conclusion, HasTheEnvironmentOfTheSandboxesHere) {
    Here f("echo $ONE $TWO $OFFLOAD_RUN_ID");
    f.environment = {{"ONE", "1"}, {"TWO", "config"}, {"TWO", "2"}};
    EXPECT_EQ(f.run().runner_report, "1 2 test\n");
}

TEST(Conclusion, IsOfThisMachineAlone) {
    Here f("echo covered");
    f.traits.same_machine = false;
    EXPECT_EQ(f.run().runner_report, "");
    EXPECT_THAT(f.world.conclusions, IsEmpty());
}

TEST(Conclusion, IsLeftOutOfARunThatWasInterrupted) {
    Here f("echo covered");
    f.recorder->on_event = [&](const Event& event) {
        if (std::holds_alternative<BatchStarted>(event.body))
            f.inbox.push_urgent(run::Interrupted{2});
    };
    EXPECT_EQ(f.run().exit_status, 130);
    EXPECT_THAT(f.world.conclusions, IsEmpty());
}

}  // namespace
}  // namespace offload::engine
