// Groups that one discovery tells: who discovers, and what of those that it does not tell.

#include "discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_fixture.hpp"

namespace offload::engine {
namespace {

using test::FakeFramework;
using test::Fixture;
using test::ids;
using testing::HasSubstr;
using testing::SizeIs;
using testing::UnorderedElementsAre;

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

}  // namespace
}  // namespace offload::engine
