#include "offload/run/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<GroupSettings> two_groups() { return {{.name = "a"}, {.name = "b", .retry_count = 3}}; }

GroupState found(std::vector<std::string> ids, std::vector<std::string> broken = {}) {
    Discovered discovered;
    for (auto& id : ids) discovered.tests.push_back({std::move(id), {}});
    for (auto& id : broken) discovered.broken.push_back({std::move(id), {}});
    return {std::move(discovered), "$ list\n  exit status 0", Seconds{0}};
}

// TRAPS 14
TEST(Plan, ATestInTwoGroupsBelongsToTheFirstWithOneWarning) {
    TestTable tests;
    const auto plan = make_plan(two_groups(), {found({"x", "y"}), found({"y", "z"})}, {}, tests);
    EXPECT_EQ(plan.selected.size(), 3U);
    EXPECT_EQ(tests.find("y")->group, GroupIndex(0));
    EXPECT_THAT(plan.tests_of_group, ElementsAre(2, 1));
    ASSERT_EQ(plan.warnings.size(), 1U);
    EXPECT_THAT(plan.warnings[0], HasSubstr("y"));
}

// TRAPS 15
TEST(Plan, AnEmptyGroupIsANotice) {
    TestTable tests;
    const auto plan = make_plan(two_groups(), {found({}), found({"z"})}, {}, tests);
    EXPECT_TRUE(plan.errors.empty());
    ASSERT_EQ(plan.notes.size(), 1U);
    EXPECT_THAT(plan.notes[0], HasSubstr("group a"));
}

TEST(Plan, WhatSeveralGroupsHaveToTellIsToldOnce) {
    TestTable tests;
    std::vector<GroupState> groups;
    for (const auto* id : {"x", "y"}) {
        groups.push_back(found({id}));
        groups.back().discovered->value().notes = {"the seed is 7"};
    }
    const auto plan = make_plan(two_groups(), groups, {}, tests);
    EXPECT_THAT(plan.notes, ElementsAre("the seed is 7"));
    EXPECT_TRUE(plan.warnings.empty());
}

// TRAPS 15
TEST(Plan, NoTestsAtAllIsAnErrorThatShowsWhatWasTried) {
    TestTable tests;
    const auto plan = make_plan(two_groups(), {found({}), found({})}, {}, tests);
    ASSERT_EQ(plan.errors.size(), 1U);
    EXPECT_THAT(plan.errors[0].to_string(), HasSubstr("$ list"));
    EXPECT_THAT(plan.errors[0].to_string(), HasSubstr("exit status 0"));
}

TEST(Plan, ABrokenModuleAloneIsNoEmptyRun) {
    TestTable tests;
    const auto plan = make_plan(two_groups(), {found({}, {"bad.py"}), found({})}, {}, tests);
    EXPECT_TRUE(plan.errors.empty());
    EXPECT_EQ(plan.broken.size(), 1U);
    EXPECT_EQ(tests.find("bad.py")->kind, TestKind::CollectionError);
}

TEST(Plan, OneFailedDiscoveryIsAnErrorThatNamesItsGroup) {
    TestTable tests;
    GroupState failed;
    failed.discovered = fail("exit status 2");
    const auto plan = make_plan(two_groups(), {found({"x"}), std::move(failed)}, {}, tests);
    ASSERT_EQ(plan.errors.size(), 1U);
    EXPECT_THAT(plan.errors[0].to_string(), HasSubstr("group b"));
}

TEST(Plan, SelectionByIdTakesTheseAlone) {
    TestTable tests;
    const auto plan =
        make_plan(two_groups(), {found({"x", "y"}), found({"z"})}, {.what = {"z", "x"}}, tests);
    EXPECT_EQ(plan.selected.size(), 2U);
}

TEST(Plan, AnUnknownIdIsAnErrorWithTheNearestOne) {
    TestTable tests;
    const auto plan = make_plan(two_groups(), {found({"test_a.py::test_one"}), found({})},
                                {.what = {"test_a.py::test_on"}}, tests);
    ASSERT_EQ(plan.errors.size(), 1U);
    EXPECT_THAT(plan.errors[0].to_string(), HasSubstr("test_a.py::test_one"));
}

TEST(Plan, ASelectionLeavesUnrelatedBrokenModulesOutWithAWarning) {
    TestTable tests;
    const auto plan =
        make_plan(two_groups(), {found({"x"}, {"bad.py"}), found({})}, {.what = {"x"}}, tests);
    EXPECT_TRUE(plan.broken.empty());
    EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("bad.py")));
}

}  // namespace
}  // namespace offload::run
