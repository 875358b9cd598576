#include "offload/schedule/batch_overhead.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace offload::schedule {
namespace {

constexpr double kExact = 1e-9;

BatchOverhead nothing_assumed() { return {Seconds{0}, Seconds{0}}; }

TEST(BatchOverhead, IsWhatWasAssumedUntilABatchTells) {
    const BatchOverhead overhead(Seconds{0.4}, Seconds{0.01});
    EXPECT_EQ(overhead.measured(), 0);
    EXPECT_EQ(overhead.per_batch(), Seconds{0.4});
    EXPECT_EQ(overhead.per_test(), Seconds{0.01});
}

TEST(BatchOverhead, OfBatchesOfDifferentSizesBothCostsAreKnown) {  // TRAPS 37
    BatchOverhead overhead = nothing_assumed();
    for (std::size_t tests = 10; tests <= 60; tests += 10) {
        overhead.add(Seconds{2 + 0.05 * static_cast<double>(tests)}, tests);
    }
    EXPECT_EQ(overhead.measured(), 6);
    EXPECT_NEAR(overhead.per_batch().count(), 2, kExact);
    EXPECT_NEAR(overhead.per_test().count(), 0.05, kExact);
}

TEST(BatchOverhead, OfEqualBatchesAllIsStartUpBesidesWhatWasAssumed) {
    BatchOverhead none = nothing_assumed();
    BatchOverhead some(Seconds{0}, Seconds{0.01});
    for (int i = 0; i < 20; ++i) {
        none.add(Seconds{3}, 100);
        some.add(Seconds{3}, 100);
    }
    EXPECT_EQ(none.per_batch(), Seconds{3});
    EXPECT_EQ(none.per_test(), Seconds{0});
    EXPECT_NEAR(some.per_batch().count(), 2, kExact);
    EXPECT_EQ(some.per_test(), Seconds{0.01});
}

TEST(BatchOverhead, EqualBatchesTakeNothingBackOfWhatOthersTold) {
    BatchOverhead overhead(Seconds{0}, Seconds{0.01});
    for (std::size_t tests = 10; tests <= 60; tests += 10) {
        overhead.add(Seconds{2 + 0.05 * static_cast<double>(tests)}, tests);
    }
    for (int i = 0; i < 200; ++i) overhead.add(Seconds{3}, 20);
    EXPECT_NEAR(overhead.per_test().count(), 0.05, kExact);
    EXPECT_NEAR(overhead.per_batch().count(), 2, kExact);
}

TEST(BatchOverhead, NoMoreIsAssumedThanABatchCostAltogether) {
    BatchOverhead overhead(Seconds{0}, Seconds{0.5});
    overhead.add(Seconds{1}, 100);
    EXPECT_NEAR(overhead.per_test().count(), 0.01, kExact);
    EXPECT_NEAR(overhead.per_batch().count(), 0, kExact);
}

TEST(BatchOverhead, ColdStartsAndSlowHostsSayNothingOfTheOthers) {
    BatchOverhead overhead = nothing_assumed();
    for (std::size_t i = 0; i < 30; ++i) {
        const std::size_t tests = 5 + 7 * (i % 9);
        const double cold = i % 6 == 0 ? 40 : 0;
        overhead.add(Seconds{1 + 0.02 * static_cast<double>(tests) + cold}, tests);
    }
    EXPECT_NEAR(overhead.per_batch().count(), 1, 0.05);
    EXPECT_NEAR(overhead.per_test().count(), 0.02, 0.002);
}

TEST(BatchOverhead, MoreTestsNeverCostLess) {
    BatchOverhead overhead = nothing_assumed();
    for (std::size_t tests = 1; tests < 20; ++tests) {
        overhead.add(Seconds{10 / static_cast<double>(tests)}, tests);
    }
    EXPECT_EQ(overhead.per_test(), Seconds{0});
    EXPECT_GT(overhead.per_batch(), Seconds{0});
}

TEST(BatchOverhead, FollowsWhatIsNew) {
    BatchOverhead overhead = nothing_assumed();
    for (std::size_t i = 0; i < 80; ++i) overhead.add(Seconds{100}, 1 + i % 7);
    for (std::size_t i = 0; i < 80; ++i) {
        const std::size_t tests = 1 + i % 7;
        overhead.add(Seconds{1 + static_cast<double>(tests)}, tests);
    }
    EXPECT_NEAR(overhead.per_batch().count(), 1, kExact);
    EXPECT_NEAR(overhead.per_test().count(), 1, kExact);
}

TEST(BatchOverhead, WhatIsMeasuredAroundSingleTestsNeedsNoBatches) {
    BatchOverhead overhead = nothing_assumed();
    // Results come in pairs: the second one seems to have taken less than nothing.
    for (int i = 0; i < 64; ++i) overhead.add_per_test(Seconds{i % 2 == 0 ? 0.5 : -0.3});
    EXPECT_NEAR(overhead.per_test().count(), 0.1, kExact);
    overhead.add(Seconds{3}, 10);
    EXPECT_NEAR(overhead.per_batch().count(), 2, kExact);
    for (int i = 0; i < 1000; ++i) overhead.add_per_test(Seconds{-1});
    EXPECT_EQ(overhead.per_test(), Seconds{0});
}

TEST(BatchOverhead, TakesNoNonsense) {
    BatchOverhead overhead(Seconds{-1}, Seconds{-1});
    EXPECT_EQ(overhead.per_batch(), Seconds{0});
    EXPECT_EQ(overhead.per_test(), Seconds{0});
    for (std::size_t i = 0; i < 50; ++i) {
        overhead.add(Seconds{std::nan("")}, 1 + i);
        overhead.add(Seconds{std::numeric_limits<double>::infinity()}, 1 + i);
        overhead.add(Seconds{1}, 0);
        overhead.add_per_test(Seconds{std::nan("")});
    }
    EXPECT_EQ(overhead.measured(), 0);
    overhead.add(Seconds{-5}, 3);
    EXPECT_EQ(overhead.per_batch(), Seconds{0});
}

TEST(BatchOverhead, IsNearTheTruthWhateverThatIs) {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        std::mt19937_64 random(seed);
        const auto between = [&](double low, double high) {
            return std::uniform_real_distribution<double>(low, high)(random);
        };
        const double per_batch = between(0, 5);
        const double per_test = between(0, 0.5);
        const double noise = between(0, 0.5);
        BatchOverhead overhead(Seconds{between(0, 1)}, Seconds{between(0, 0.1)});
        for (int i = 0; i < 31; ++i) {
            const auto tests = static_cast<std::size_t>(between(1, 40));
            const double seconds = per_batch + per_test * static_cast<double>(tests);
            overhead.add(Seconds{seconds + between(0, noise)}, tests);
        }
        // The noise's own mean belongs to the start-up.
        EXPECT_NEAR(overhead.per_test().count(), per_test, 0.02);
        EXPECT_NEAR(overhead.per_batch().count(), per_batch + noise / 2, 0.5);
    }
}

}  // namespace
}  // namespace offload::schedule
