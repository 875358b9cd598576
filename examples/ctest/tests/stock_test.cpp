#include "stock.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace {

TEST(Stock, CountsWhatWasAdded) {
    Stock stock;
    stock.add("nuts", 2);
    stock.add("nuts", 3);
    EXPECT_EQ(stock.count("nuts"), 5);
}

TEST(Stock, KnowsNothingOfOtherThings) { EXPECT_THROW(Stock{}.count("nuts"), std::out_of_range); }

TEST(Stock, SurvivesItsFile) {
    Stock stock;
    stock.add("nuts", 2);
    stock.add("bolts", 7);
    std::stringstream file;
    stock.write(file);
    Stock again;
    again.read(file);
    EXPECT_EQ(again.count("bolts"), 7);
}

class Counts : public testing::TestWithParam<int> {};

TEST_P(Counts, BelowOneAreRefused) {
    Stock stock;
    EXPECT_THROW(stock.add("nuts", GetParam()), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Low, Counts, testing::Values(0, -1, -100));

}  // namespace
