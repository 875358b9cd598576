#include "offload/run/gathering.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::run {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Settings four_groups() {
    Settings settings;
    settings.groups = {{.name = "0"}, {.name = "1"}, {.name = "2"}, {.name = "3"}};
    settings.abilities.discovers_together = [](GroupIndex, GroupIndex) { return true; };
    return settings;
}

Discovered one_test(std::string id) {
    Discovered discovered;
    discovered.tests.push_back({std::move(id), {}});
    return discovered;
}

TEST(Gathering, WhatIsMissingOfAFamilyNeedsItsOwn) {
    const auto settings = four_groups();
    Gathering gathering(settings);
    const auto families = gathering.begin(0);
    ASSERT_THAT(families, SizeIs(1));
    EXPECT_EQ(families[0].size(), 4U);

    auto found = one_test("own");
    found.companions.push_back({1, one_test("second")});
    const auto untold = gathering.take({.group = GroupIndex(0),
                                        .companions = families[0].companions,
                                        .discovered = std::move(found),
                                        .report = "report",
                                        .duration = Seconds{2}});
    ASSERT_THAT(untold, SizeIs(2));
    EXPECT_EQ(untold[0].group, GroupIndex(1));
    EXPECT_EQ(untold[1].group, GroupIndex(3));
    EXPECT_EQ(gathering.found(GroupIndex(0))->tests.at(0).id, "own");
    EXPECT_EQ(gathering.found(GroupIndex(2))->tests.at(0).id, "second");
    EXPECT_EQ(gathering.found(GroupIndex(1)), nullptr);
    EXPECT_FALSE(gathering.over());
    for (const auto& family : untold) {
        EXPECT_THAT(gathering.take({.group = family.group,
                                    .companions = {},
                                    .discovered = Discovered{},
                                    .report = {}}),
                    IsEmpty());
    }
    EXPECT_TRUE(gathering.over());
}

TEST(Gathering, AFamilyWhoseDiscoveryFailedOwesAllItsCompanions) {
    const auto settings = four_groups();
    Gathering gathering(settings);
    const auto families = gathering.begin(0);
    EXPECT_THAT(gathering.take({.group = GroupIndex(0),
                                .companions = families.at(0).companions,
                                .discovered = fail("it broke off"),
                                .report = {}}),
                SizeIs(3));
}

TEST(Gathering, OnceAbandonedItAsksForNothingMore) {
    auto settings = four_groups();
    settings.groups[3].wanted = false;
    Gathering gathering(settings);
    const auto families = gathering.begin(0);
    gathering.abandon();
    EXPECT_FALSE(gathering.over()) << "what is under way still answers";
    EXPECT_THAT(gathering.take({.group = GroupIndex(0),
                                .companions = families.at(0).companions,
                                .discovered = fail("cancelled"),
                                .report = {}}),
                IsEmpty());
    EXPECT_TRUE(gathering.over());
}

TEST(Gathering, FamiliesThatAwaitAWorkerAreOwedUntilItIsAbandoned) {
    auto settings = four_groups();
    settings.abilities.same_machine = true;
    settings.abilities.passes_stdin = true;
    settings.abilities.worker_discovers = true;
    settings.abilities.discovers_together = {};
    Gathering gathering(settings);
    EXPECT_THAT(gathering.begin(2), SizeIs(2));
    EXPECT_EQ(gathering.awaiting_worker(), 2U);
    EXPECT_EQ(gathering.take_for_worker().group, GroupIndex(0));
    gathering.abandon();
    EXPECT_EQ(gathering.awaiting_worker(), 0U);
}

}  // namespace
}  // namespace offload::run
