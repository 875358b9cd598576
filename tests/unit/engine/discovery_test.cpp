// Groups that one discovery tells: who discovers, and what of those that it does not tell.

#include "discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using testing::FakeFramework;
using testing::Fixture;
using ::testing::HasSubstr;
using testing::ids;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST(Discovery, OneTellsAllGroupsThatItCan) {
    Fixture f({ids(5, "a"), ids(5, "b"), ids(5, "c"), ids(5, "d")});
    f.world.families = true;
    f.world.untold = {"2"};
    const auto summary = f.run();
    EXPECT_EQ(summary.exit_status, 0);
    EXPECT_EQ(summary.counts.passed, 20U);
    for (const auto& [id, count] : f.world.executions) EXPECT_EQ(count, 1) << id;
    EXPECT_THAT(f.world.discoveries, UnorderedElementsAre("0", "2"));
    EXPECT_THAT(f.recorder->all<DiscoveryStarted>(), SizeIs(4));
    EXPECT_THAT(f.recorder->all<DiscoveryFinished>(), SizeIs(4));
}

TEST(Discovery, GroupsThatNobodyCanTellTogetherDiscoverApart) {
    Fixture f({ids(5, "a"), ids(5, "b")});
    EXPECT_EQ(f.run().counts.passed, 10U);
    EXPECT_THAT(f.world.discoveries, UnorderedElementsAre("0", "1"));
}

TEST(Discovery, WithoutAnyTestEachGroupIsNamed) {
    Fixture f({{}, {}});
    f.world.families = true;
    const auto failure = f.run().failure.value_or("");
    EXPECT_THAT(failure, HasSubstr("group 0"));
    EXPECT_THAT(failure, HasSubstr("none of the tests that the discovery of group 0"));
}

TEST(Discovery, WhatIsMissingOfAFamilyNeedsItsOwn) {
    Fixture f({{}, {}, {}, {}});
    f.world.families = true;
    const FakeFramework framework(f.world, f.discovered);
    std::vector<Family> families;
    EXPECT_FALSE(join(families, GroupIndex(0), framework, f.config));
    families.push_back({GroupIndex(0)});
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_TRUE(join(families, GroupIndex(i), framework, f.config));
    }
    ASSERT_THAT(families, SizeIs(1));
    EXPECT_EQ(families[0].size(), 4U);

    framework::Discovered found{
        .tests = {{"own", {}}}, .broken = {}, .warnings = {}, .carry = {}, .companions = {}};
    found.companions.push_back(
        {1,
         {.tests = {{"second", {}}}, .broken = {}, .warnings = {}, .carry = {}, .companions = {}}});
    GroupDiscovered message{.group = GroupIndex(0),
                            .companions = families[0].companions,
                            .discovered = std::move(found),
                            .report = "report",
                            .duration = Seconds{2}};
    std::vector<GroupState> groups(4);
    const auto untold = keep(message, f.config, groups);
    ASSERT_THAT(untold, SizeIs(2));
    EXPECT_EQ(untold[0].group, GroupIndex(1));
    EXPECT_EQ(untold[1].group, GroupIndex(3));
    EXPECT_EQ((*groups[0].discovered)->tests.at(0).id, "own");
    EXPECT_EQ((*groups[2].discovered)->tests.at(0).id, "second");
    EXPECT_FALSE(groups[1].discovered.has_value());
    EXPECT_FALSE(groups[3].discovered.has_value());

    GroupDiscovered failed{.group = GroupIndex(0),
                           .companions = families[0].companions,
                           .discovered = fail("it broke off"),
                           .report = {},
                           .duration = {}};
    EXPECT_THAT(keep(failed, f.config, groups), SizeIs(3));
}

}  // namespace
}  // namespace offload::engine
