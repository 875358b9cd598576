#include "offload/select/shard.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

namespace offload::select {
namespace {

using testing::HasSubstr;

using Durations = std::unordered_map<std::string, Seconds>;

// What a suite is as far as dividing goes.
struct Suite {
    std::vector<std::string> ids;
    std::vector<std::uint32_t> bonds;
    Durations durations;

    std::vector<Divisible> tests() const {
        std::vector<Divisible> out;
        for (std::size_t i = 0; i < ids.size(); ++i) out.push_back({ids[i], "all", bonds[i]});
        return out;
    }
    std::vector<double> loads(const Division& division, std::size_t shards) const {
        std::vector<double> loads(shards);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            loads[division.shard_of[i]] += durations.at(ids[i]).count();
        }
        return loads;
    }
    // No shard can be quicker than its longest bond.
    double longest_unit() const {
        std::map<std::uint32_t, double> bonded;
        double longest = 0;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const double own = durations.at(ids[i]).count();
            longest = std::max(longest, bonds[i] == 0 ? own : bonded[bonds[i]] += own);
        }
        return longest;
    }
};

Suite suite_of(unsigned seed) {
    std::mt19937 random(seed);
    const std::size_t size = std::uniform_int_distribution<std::size_t>(1'000, 4'000)(random);
    std::lognormal_distribution<double> duration(-3, 1.5);
    std::uniform_int_distribution<std::uint32_t> bond(0, 400);
    Suite suite;
    for (std::size_t i = 0; i < size; ++i) {
        suite.ids.push_back(fmt::format("tests/test_{}.py::test[{}]", i % 37, i));
        const auto drawn = bond(random);
        suite.bonds.push_back(drawn < 40 ? drawn : 0);
        suite.durations.emplace(suite.ids.back(), Seconds(duration(random)));
    }
    return suite;
}

TEST(Divide, ShardsOfOneToFiftyAreCompleteAndWithinTenPercentOfBalance) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        const auto suite = suite_of(seed);
        const auto tests = suite.tests();
        double total = 0;
        for (const auto& [id, duration] : suite.durations) total += duration.count();
        for (std::size_t shards = 1; shards <= 50; ++shards) {
            SCOPED_TRACE(fmt::format("seed {}, {} shards", seed, shards));
            const auto division = divide(tests, shards, suite.durations);
            ASSERT_EQ(division.shard_of.size(), tests.size());
            for (const auto shard : division.shard_of) ASSERT_LT(shard, shards);
            const auto loads = suite.loads(division, shards);
            const double least_possible =
                std::max(total / static_cast<double>(shards), suite.longest_unit());
            EXPECT_LE(*std::ranges::max_element(loads), 1.1 * least_possible);
        }
    }
}

TEST(Divide, NeitherTheOrderOfTestsNorWhatIsKnownOfOthersChangesAnything) {
    const auto suite = suite_of(7);
    const auto tests = suite.tests();
    const auto division = divide(tests, 7, suite.durations);
    std::vector<std::size_t> order(tests.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    std::vector<Divisible> shuffled;
    for (const auto place : order) shuffled.push_back(tests[place]);
    auto more = suite.durations;
    more.emplace("a test that has vanished", Seconds(1'000));
    const auto again = divide(shuffled, 7, more);
    EXPECT_EQ(again.digest, division.digest);
    for (std::size_t i = 0; i < order.size(); ++i) {
        ASSERT_EQ(again.shard_of[i], division.shard_of[order[i]]);
    }
}

TEST(Divide, TestsOfOneBondStayTogetherWithinTheirGroup) {
    const std::vector<Divisible> tests{{"a", "x", 1}, {"b", "x", 1}, {"c", "x", 1},
                                       {"d", "x", 0}, {"e", "y", 1}, {"f", "y", 1}};
    const auto shard_of = divide(tests, 3, {}).shard_of;
    EXPECT_EQ(shard_of[0], shard_of[1]);
    EXPECT_EQ(shard_of[0], shard_of[2]);
    EXPECT_EQ(shard_of[4], shard_of[5]);
    EXPECT_NE(shard_of[0], shard_of[4]);
    EXPECT_NE(shard_of[0], shard_of[3]);
}

TEST(Divide, WithoutDurationsEveryShardGetsAsManyTests) {
    std::vector<std::string> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(fmt::format("t{}", i));
    std::vector<Divisible> tests;
    for (const auto& id : ids) tests.push_back({id, "all"});
    std::vector<std::size_t> counts(8);
    for (const auto shard : divide(tests, 8, {}).shard_of) ++counts[shard];
    EXPECT_EQ(*std::ranges::max_element(counts), 13U);
    EXPECT_EQ(*std::ranges::min_element(counts), 12U);
}

TEST(Divide, AnotherDurationGivesAnotherDigestWhereItMovesATest) {
    const std::vector<Divisible> tests{{"a", ""}, {"b", ""}, {"c", ""}};
    const Durations one{{"a", Seconds(3)}, {"b", Seconds(2)}, {"c", Seconds(1)}};
    const Durations other{{"a", Seconds(1)}, {"b", Seconds(2)}, {"c", Seconds(3)}};
    EXPECT_NE(divide(tests, 2, one).digest, divide(tests, 2, other).digest);
}

TEST(Divide, TestsThatTakeNoTimeAreSpreadAsWell) {
    const std::vector<Divisible> tests{{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}};
    const Durations durations{
        {"a", Seconds(0)}, {"b", Seconds(0)}, {"c", Seconds(0)}, {"d", Seconds(0)}};
    std::vector<std::size_t> counts(2);
    for (const auto shard : divide(tests, 2, durations).shard_of) ++counts[shard];
    EXPECT_EQ(counts[0], 2U);
}

TEST(Shard, IsWrittenAsOneNumberOfAnother) {
    EXPECT_EQ(Shard::parse("2/5").value(), (Shard{2, 5}));
    EXPECT_EQ(Shard::parse("1/1").value(), (Shard{1, 1}));
    for (const auto* bad : {"", "2", "0/5", "6/5", "2/", "/5", "2/5/7", "-1/5", "a/b", "1 /2",
                            "1/99999999999999999999", "1/20000"}) {
        const auto parsed = Shard::parse(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_THAT(parsed.error().to_string(), HasSubstr("expected K/N"));
    }
}

TEST(DigestOf, IsOfASet) {
    EXPECT_EQ(digest_of({"a", "b"}), digest_of({"b", "a"}));
    EXPECT_NE(digest_of({"a", "b"}), digest_of({"ab"}));
    EXPECT_NE(digest_of({"a"}), digest_of({"a", "a"}));
}

}  // namespace
}  // namespace offload::select
