#include "offload/schedule/spread.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace offload::schedule {
namespace {

using testing::DoubleNear;
using testing::Optional;

TEST(Spread, IsUnknownUntilThereIsEvidence) {
    Spread spread;
    for (int i = 0; i < 9; ++i) spread.add(1, 1);
    EXPECT_FALSE(spread.get());
    spread.add(1, 1);
    EXPECT_THAT(spread.get(), Optional(0.0));
}

TEST(Spread, IsTheDeviationBesideTheMean) {
    Spread spread;
    for (int i = 0; i < 50; ++i) spread.add(i % 2 == 0 ? 9 : 27, 6);
    EXPECT_THAT(spread.get(), Optional(DoubleNear(0.5, 1e-9)));
}

TEST(Spread, ForgetsWhatIsLongAgo) {
    Spread spread;
    for (int i = 0; i < 50; ++i) spread.add(i, 1);
    for (int i = 0; i < 1000; ++i) spread.add(2, 1);
    EXPECT_THAT(spread.get(), Optional(DoubleNear(0, 1e-6)));
}

TEST(Spread, TakesNoNonsense) {
    Spread spread;
    for (int i = 0; i < 20; ++i) {
        spread.add(1, 0);
        spread.add(-1, 1);
        spread.add(std::nan(""), 1);
        spread.add(std::numeric_limits<double>::infinity(), 1);
    }
    EXPECT_FALSE(spread.get());
    for (int i = 0; i < 20; ++i) spread.add(0, 1);
    EXPECT_FALSE(spread.get());
}

}  // namespace
}  // namespace offload::schedule
