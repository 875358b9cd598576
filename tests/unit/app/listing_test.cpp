#include "listing.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace offload::app {
namespace {

class ListingTest : public testing::Test {
  protected:
    void SetUp() override {
        groups_.resize(2);
        groups_[0].name = "unit";
        groups_[1].name = "slow";
        tests_.add("a.py::t[x \"y\"]", GroupIndex(0), "a.py");
        tests_.add("left out", GroupIndex(0));
        tests_.add("zwölf, b", GroupIndex(1));
        selected_ = {TestIndex(0), TestIndex(2)};
    }
    TestTable tests_;
    std::vector<config::Group> groups_;
    std::vector<TestIndex> selected_;
};

TEST_F(ListingTest, TextIsOneIdALineAndNothingElse) {
    EXPECT_EQ(render_listing(ListFormat::Text, tests_, selected_, groups_),
              "a.py::t[x \"y\"]\nzwölf, b\n");
    EXPECT_EQ(render_listing(ListFormat::Text, tests_, {}, groups_), "");
}

TEST_F(ListingTest, JsonNamesIdAndGroup) {
    const auto list =
        nlohmann::json::parse(render_listing(ListFormat::Json, tests_, selected_, groups_));
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0]["id"], "a.py::t[x \"y\"]");
    EXPECT_EQ(list[0]["group"], "unit");
    EXPECT_EQ(list[0]["file"], "a.py");
    EXPECT_EQ(list[0]["name"], list[0]["id"]);
    EXPECT_EQ(list[0]["retry_count"], 0);
    EXPECT_EQ(list[0]["schedule_individual"], false);
    EXPECT_EQ(list[1]["group"], "slow");
    EXPECT_FALSE(list[1].contains("file"));
}

TEST_F(ListingTest, JsonOfNothingIsAnEmptyArray) {
    EXPECT_EQ(nlohmann::json::parse(render_listing(ListFormat::Json, tests_, {}, groups_)).size(),
              0U);
}

TEST_F(ListingTest, JsonSurvivesBytesThatAreNoText) {
    tests_.add("bad\xff", GroupIndex(0));
    const auto list =
        nlohmann::json::parse(render_listing(ListFormat::Json, tests_, {TestIndex(3)}, groups_));
    EXPECT_EQ(list[0]["id"], "bad\xEF\xBF\xBD");
}

}  // namespace
}  // namespace offload::app
