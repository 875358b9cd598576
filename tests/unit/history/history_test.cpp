#include "offload/history/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace offload::history {
namespace {

using testing::ElementsAre;
using testing::Le;
using testing::Optional;
using testing::SizeIs;

constexpr std::int64_t kDay = 24LL * 3600 * 1000;

Attempt passed(std::string_view test, std::int64_t at, double seconds) {
    return {test, {"run" + std::to_string(at), at, seconds}, true};
}

Attempt failed(std::string_view test, std::int64_t at, double seconds) {
    return {test, {"run" + std::to_string(at), at, seconds}, false};
}

History of(const std::vector<Attempt>& attempts, std::size_t capacity = 5) {
    History history;
    for (const Attempt& attempt : attempts) history.record("offload.toml", attempt, capacity);
    return history;
}

double estimate(const History& history, const std::string& test = "a") {
    return history.estimate("offload.toml", test)->duration.count();
}

TEST(History, EveryAttemptIsCountedByOutcome) {
    const auto history = of({passed("a", 1, 2), failed("a", 2, 3), passed("b", 3, 4)});
    const Record& a = history.records().at({"offload.toml", "a"});
    EXPECT_EQ(a.attempts, 2U);
    EXPECT_EQ(a.failures, 1U);
    EXPECT_EQ(a.last_run, "run2");
    EXPECT_THAT(a.passed, ElementsAre(Sample{"run1", 1, 2}));
    EXPECT_THAT(a.failed, ElementsAre(Sample{"run2", 2, 3}));
}

TEST(History, TextReadsBackAndIsSorted) {
    const auto history = of({passed("z", 1, 2.5), failed("tests/ä \"q\"[1, 2]", 2, 0.125)});
    EXPECT_EQ(History::parse(history.render()).records(), history.records());
    EXPECT_LT(history.render().find("tests/"), history.render().find("\"z\""));
}

TEST(History, ReadsTheFormatAsDocumented) {
    const auto history = History::parse(
        R"({"k":["c.toml","t::a"],"v":{"n":47,"f":3,"last_run":"aKx7","ok":[["aKx7",1712000000000,2.1],["Z9pQ",1711997500000,2.5]],"fail":[["Z9pQ",1711998000000,2.3]]}})"
        "\n");
    const Record& record = history.records().at({"c.toml", "t::a"});
    EXPECT_EQ(record.attempts, 47U);
    EXPECT_THAT(record.passed, SizeIs(2));
    EXPECT_THAT(record.failed, SizeIs(1));
}

TEST(History, BrokenLinesCostNothingElse) {
    auto text = of({passed("a", 1, 2)}).render();
    std::size_t broken = 0;
    const auto history = History::parse(
        "<<<<<<< HEAD\n" + text + "=======\n{\"k\":[\"c\"\n[]\n{\"k\":[1,2],\"v\":3}\n>>>>>>> x\n",
        &broken);
    EXPECT_EQ(broken, 6U);
    EXPECT_EQ(history.render(), text);
}

TEST(History, SamplesAreBounded) {
    History history;
    for (int day = 0; day < 1000; ++day) {
        history.record("offload.toml", passed("a", day * kDay, day), 7);
        ASSERT_THAT(history.most_samples(), Le(7U));
    }
    EXPECT_EQ(history.records().begin()->second.attempts, 1000U);
    // Old samples thin out, and the newest one stays.
    EXPECT_EQ(history.records().begin()->second.passed.front().seconds, 999);
    EXPECT_GT(estimate(history), 900);
}

TEST(History, EstimateIsTheMedianOfTheNewestPasses) {
    EXPECT_DOUBLE_EQ(
        estimate(of({passed("a", 1, 100), passed("a", 2, 2), passed("a", 3, 3), passed("a", 4, 4),
                     passed("a", 5, 60), passed("a", 6, 3), failed("a", 7, 0.1)},
                    20)),
        3);
    EXPECT_DOUBLE_EQ(estimate(of({failed("a", 7, 0.1)})), 0.1);
    EXPECT_FALSE(History().estimate("offload.toml", "a"));
    EXPECT_FALSE(of({passed("a", 1, 1)}).estimate("other.toml", "a"));
}

TEST(History, DeviationIsOfTheNewestPassesAboutWhatIsExpected) {
    const auto deviation = [](const std::vector<Attempt>& attempts, double expected) {
        return of(attempts, 20).deviation("offload.toml", "a", Seconds{expected});
    };
    EXPECT_EQ(deviation({}, 1), std::nullopt);
    EXPECT_EQ(deviation({passed("a", 1, 2)}, 2), std::nullopt);
    EXPECT_EQ(deviation({passed("a", 1, 2), passed("a", 2, 2)}, 0), std::nullopt);
    EXPECT_THAT(deviation({passed("a", 1, 2), passed("a", 2, 2), failed("a", 3, 9)}, 2),
                Optional(0.0));
    EXPECT_THAT(deviation({passed("a", 1, 8), passed("a", 2, 10), passed("a", 3, 12)}, 10),
                Optional(0.2));
    EXPECT_THAT(deviation({passed("a", 1, 500), passed("a", 2, 2), passed("a", 3, 2),
                           passed("a", 4, 2), passed("a", 5, 2), passed("a", 6, 2)},
                          2),
                Optional(0.0));
    EXPECT_THAT(deviation({failed("a", 1, 3), failed("a", 2, 3)}, 3), Optional(0.0));
}

// Whatever the order of recording and merging, the same samples remain.
TEST(History, PropertyMergingIsIndependentOfOrder) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::vector<Attempt> all;
        for (int i = 0; i < 60; ++i) {
            const auto at = static_cast<std::int64_t>(random() % 60) * kDay + i;
            all.push_back(random() % 4 == 0 ? failed("a", at, i) : passed("a", at, i));
        }
        const std::vector<Attempt> first(all.begin(), all.begin() + 25);
        const std::vector<Attempt> second(all.begin() + 25, all.end());
        const auto one = History::merge({}, of(first), of(second), 5);
        const auto other = History::merge({}, of(second), of(first), 5);
        EXPECT_EQ(one.render(), other.render());
        std::shuffle(all.begin(), all.end(), random);
        const auto whole = of(all).records().begin()->second;
        EXPECT_EQ(one.records().begin()->second.passed, whole.passed);
        EXPECT_EQ(one.records().begin()->second.failed, whole.failed);
        EXPECT_EQ(one.records().begin()->second.attempts, 60U);
        EXPECT_EQ(History::merge({}, one, one, 5).render(), one.render());
    }
}

TEST(History, CountersAddUpWhatEachBranchAddedToTheirAncestor) {
    const std::vector<Attempt> before{passed("a", 1, 1), failed("a", 2, 1)};
    auto ours = before;
    ours.push_back(passed("a", 3, 1));
    auto theirs = before;
    theirs.push_back(failed("a", 4, 1));
    theirs.push_back(failed("a", 5, 1));
    const auto merged = History::merge(of(before), of(ours), of(theirs), 20);
    const Record& record = merged.records().begin()->second;
    EXPECT_EQ(record.attempts, 5U);
    EXPECT_EQ(record.failures, 3U);
    EXPECT_EQ(record.last_run, "run5");
}

TEST(History, MergeKeepsWhatOnlyOneSideKnows) {
    const auto merged = History::merge(of({passed("gone", 1, 1)}), of({passed("a", 1, 1)}),
                                       of({passed("b", 1, 1), passed("gone", 1, 1)}), 20);
    EXPECT_THAT(merged.records(), SizeIs(3));
}

}  // namespace
}  // namespace offload::history
