#include "offload/schedule/durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace offload::schedule {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Optional;

TEST(Durations, NewestEvidenceWins) {  // TRAPS 38
    Durations durations;
    durations.record("a", Seconds{5});
    durations.record("a", Seconds{2});
    EXPECT_THAT(durations.find("a"), Optional(Seconds{2}));
    EXPECT_EQ(durations.find("b"), std::nullopt);
}

TEST(Durations, DeviationIsOfTheNewestEvidence) {
    Durations durations;
    durations.record("a", Seconds{5}, 0.1);
    EXPECT_THAT(durations.deviation("a"), Optional(0.1));
    durations.record("a", Seconds{2});
    durations.record("b", Seconds{2}, -1);
    durations.record("c", Seconds{2}, std::numeric_limits<double>::quiet_NaN());
    for (const auto* id : {"a", "b", "c", "d"}) EXPECT_EQ(durations.deviation(id), std::nullopt);
}

TEST(Durations, ImpossibleDurationsAreNoEvidence) {
    Durations durations;
    durations.record("a", Seconds{-1});
    durations.record("b", Seconds{std::numeric_limits<double>::quiet_NaN()});
    durations.record("c", Seconds{std::numeric_limits<double>::infinity()});
    EXPECT_TRUE(durations.empty());
}

TEST(Durations, UnknownTestIsExpectedAsItsFileThenItsGroupThenAll) {
    TestTable tests;
    tests.add("f::a", GroupIndex(0), "f");
    tests.add("f::b", GroupIndex(0), "f");
    tests.add("f::new", GroupIndex(0), "f");
    tests.add("g::c", GroupIndex(0), "g");
    tests.add("h::new", GroupIndex(0), "h");
    tests.add("elsewhere", GroupIndex(1));
    Durations durations;
    durations.record("f::a", Seconds{1});
    durations.record("f::b", Seconds{3});
    durations.record("g::c", Seconds{11});
    EXPECT_THAT(durations.expect(tests),
                ElementsAre(Optional(Seconds{1}), Optional(Seconds{3}), Optional(Seconds{2}),
                            Optional(Seconds{11}), Optional(Seconds{5}), Optional(Seconds{5})));
}

TEST(Durations, WhatIsAssumedCountsWhereFileAndGroupTellNothing) {
    TestTable tests;
    tests.add("f::a", GroupIndex(0), "f");
    tests.add("f::new", GroupIndex(0), "f");
    tests.add("g::new", GroupIndex(0), "g");
    tests.add("elsewhere", GroupIndex(1));
    Durations durations;
    EXPECT_THAT(durations.expect(tests, Seconds{30}), Each(std::nullopt));
    durations.record("f::a", Seconds{1});
    EXPECT_THAT(durations.expect(tests, Seconds{30}),
                ElementsAre(Optional(Seconds{1}), Optional(Seconds{1}), Optional(Seconds{1}),
                            Optional(Seconds{30})));
}

TEST(Durations, TestsWithoutAFileShareNoMeanOfTheirOwn) {
    TestTable tests;
    tests.add("a", GroupIndex(0));
    tests.add("b", GroupIndex(0), "f");
    tests.add("c", GroupIndex(0));
    Durations durations;
    durations.record("a", Seconds{1});
    durations.record("b", Seconds{3});
    EXPECT_THAT(durations.expect(tests).back(), Optional(Seconds{2}));
}

TEST(Durations, NothingKnownOfTheseTestsExpectsNothing) {
    TestTable tests;
    tests.add("a", GroupIndex(0));
    tests.add("b", GroupIndex(0));
    Durations durations;
    durations.record("gone", Seconds{1});
    EXPECT_THAT(durations.expect(tests), Each(std::optional<Seconds>{}));
}

}  // namespace
}  // namespace offload::schedule
