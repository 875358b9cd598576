#include "selecting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

namespace offload::run {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class SelectingTest : public testing::Test {
  protected:
    using Ids = std::vector<std::string>;

    void past(const std::string& id, Status status, const std::string& group = "a") {
        auto& result = past_->results[id];
        result = {.status = status, .run_id = "r0", .group = group};
        if (status == Status::NotRun) return;
        result.attempts.resize(1);
        result.attempts[0].test = TestIndex(7);
        result.attempts[0].result.outcome =
            status == Status::Failed ? Outcome::Failed : Outcome::Passed;
    }
    void plan(select::Selection selection, Ids a = {"t::1", "t::2", "t::3"},
              std::vector<std::string> broken = {}) {
        selection.past = past_;
        Discovered found;
        for (const auto& id : a) found.tests.push_back({id, "t"});
        for (const auto& id : broken) found.broken.push_back({id, {}});
        std::vector<GroupState> groups(2);
        groups[0].discovered = std::move(found);
        made_ =
            make_plan({{.name = "a"}, {.name = "b", .wanted = false}}, groups, selection, tests_);
    }
    Ids selected() const {
        Ids ids;
        for (const auto test : made_.selected) ids.push_back(tests_[test].id);
        return ids;
    }
    std::map<std::string, Status> carried() const {
        std::map<std::string, Status> found;
        for (const auto& verdict : made_.carried) {
            EXPECT_TRUE(verdict.carried_from);
            for (const auto& attempt : verdict.attempts) EXPECT_EQ(attempt.test, verdict.test);
            found[tests_[verdict.test].id] = verdict.status;
        }
        return found;
    }
    std::string errors() const {
        std::string text;
        for (const auto& error : made_.errors) text += error.to_string() + "\n";
        return text;
    }
    std::shared_ptr<select::Past> past_ = std::make_shared<select::Past>();
    TestTable tests_;
    Plan made_;
};

using Carried = std::map<std::string, Status>;

TEST_F(SelectingTest, FailedRunsWhatIsOwedAndCarriesTheRest) {
    past("t::1", Status::Passed);
    past("t::2", Status::Failed);
    plan({.failed = true});
    EXPECT_THAT(selected(), ElementsAre("t::2", "t::3"));
    EXPECT_EQ(carried(), (Carried{{"t::1", Status::Passed}}));
    EXPECT_EQ(made_.carried[0].carried_from, "r0");
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(SelectingTest, WhereNothingIsOwedTheReportIsWholeAllTheSame) {
    for (const char* id : {"t::1", "t::2", "t::3"}) past(id, Status::Passed);
    plan({.failed = true});
    EXPECT_THAT(selected(), IsEmpty());
    EXPECT_EQ(carried().size(), 3U);
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(SelectingTest, FailureThatNoTestStandsForIsNotForgotten) {
    for (const char* id : {"t::1", "t::2", "t::3"}) past(id, Status::Passed);
    past_->unexplained_failure = "coverage is 3 %";
    plan({.failed = true});
    EXPECT_THAT(errors(), AllOf(HasSubstr("coverage is 3 %"), HasSubstr("runs all tests again")));
}

TEST_F(SelectingTest, WhatIsOwedAndNotSelectedStaysAsItWas) {
    past("t::1", Status::Failed);
    past("t::2", Status::Failed);
    plan({.what = {"t::1"}, .failed = true});
    EXPECT_THAT(selected(), ElementsAre("t::1"));
    EXPECT_EQ(carried(), (Carried{{"t::2", Status::Failed}, {"t::3", Status::NotRun}}));
    EXPECT_EQ(made_.carried[1].carried_from, "");
}

TEST_F(SelectingTest, GroupsThatAreNotWantedAreCarriedOver) {
    past("t::1", Status::Failed);
    past("u::1", Status::Failed, "b");
    past("u::2", Status::Passed, "b");
    past("v::1", Status::Passed, "a group that was renamed");
    plan({.failed = true}, {"t::1"});
    EXPECT_THAT(selected(), ElementsAre("t::1"));
    EXPECT_EQ(carried(), (Carried{{"u::1", Status::Failed}, {"u::2", Status::Passed}}));
    EXPECT_EQ(tests_.find("u::1")->group, GroupIndex(1));
}

TEST_F(SelectingTest, TestsThatVanishedAreTold) {
    past("t::1", Status::Failed);
    past("t::gone", Status::Failed);
    past("t::passed and gone", Status::Passed);
    plan({.failed = true}, {"t::1"});
    EXPECT_THAT(made_.notes,
                ElementsAre(AllOf(HasSubstr("1 test that failed"), HasSubstr("t::gone"))));
    EXPECT_EQ(tests_.find("t::gone"), nullptr);
}

TEST_F(SelectingTest, ShardsOfAPlanAreDisjointAndCompleteAndOfOneWhole) {
    std::vector<std::string> all;
    std::set<std::string> divisions;
    for (std::size_t number = 1; number <= 2; ++number) {
        tests_ = {};
        plan({.sharding = select::Sharding{.shard = {number, 2}}}, {"t::1", "t::2", "t::3"},
             {"bad.py"});
        EXPECT_THAT(errors(), IsEmpty());
        EXPECT_EQ(made_.broken.size(), 1U);
        EXPECT_EQ(made_.shard->whole.size(), 3U);
        divisions.insert(made_.shard->tests + made_.shard->division);
        std::ranges::copy(selected(), std::back_inserter(all));
    }
    EXPECT_THAT(all, UnorderedElementsAre("t::1", "t::2", "t::3"));
    EXPECT_THAT(divisions, SizeIs(1));
}

TEST_F(SelectingTest, ShardIsTakenOfWhatTheRestSelects) {
    plan({.what = {"t::1", "t::2"}, .sharding = select::Sharding{.shard = {2, 2}}});
    EXPECT_THAT(selected(), SizeIs(1));
    EXPECT_EQ(made_.shard->whole.size(), 2U);
}

TEST_F(SelectingTest, ShardForWhichNothingIsLeftIsNoError) {
    plan({.sharding = select::Sharding{.shard = {4, 4}}});
    EXPECT_THAT(selected(), IsEmpty());
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(SelectingTest, ShardOfNoTestsIsAnError) {  // TRAPS 15
    plan({.sharding = select::Sharding{.shard = {1, 4}}}, {});
    EXPECT_THAT(errors(), HasSubstr("no tests found"));
}

TEST_F(SelectingTest, BrokenModulesStandInTheWholeReport) {
    past("t::1", Status::Passed);
    plan({.failed = true}, {"t::1"}, {"bad.py"});
    EXPECT_EQ(made_.broken.size(), 1U);
    EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(SelectingTest, ModuleThatCannotBeCollectedIsNoUnknownName) {
    plan({.what = {"bad.py::test_x"}}, {"t::1"}, {"bad.py"});
    EXPECT_THAT(errors(), IsEmpty());
    EXPECT_EQ(made_.broken.size(), 1U);
}

// The nearest of very many names is dear: a list that has little in common with them must end.
TEST_F(SelectingTest, OnlyTheFirstOfManyUnknownNamesAreCompared) {
    std::vector<std::string> what;
    for (int i = 0; i < 30; ++i) what.push_back("t::" + std::to_string(10 + i));
    plan({.what = what});
    ASSERT_THAT(made_.errors, SizeIs(30));
    EXPECT_THAT(made_.errors.front().hint, HasSubstr("the nearest one is t::"));
    EXPECT_EQ(made_.errors.back().hint, "`offload collect` prints all IDs");
}

TEST_F(SelectingTest, WhatNamesNothingIsAnErrorThatNamesTheNearest) {
    plan({.what = {"t::1", "t::22"}});
    EXPECT_THAT(errors(), AllOf(HasSubstr("t::22"), HasSubstr("the nearest one is t::2")));
    tests_ = {};
    plan({.filter = *select::Expression::parse("=t::9 and not =x")});
    EXPECT_THAT(errors(),
                AllOf(HasSubstr("=t::9 and not =x"), HasSubstr("the nearest one is t::")));
}

TEST_F(SelectingTest, FilterThatOnlyMatchesWhatIsNotOwedIsNoError) {
    for (const char* id : {"t::1", "t::2", "t::3"}) past(id, Status::Passed);
    plan({.filter = *select::Expression::parse("=t::1"), .failed = true});
    EXPECT_THAT(errors(), IsEmpty());
    EXPECT_EQ(carried().size(), 3U);
}

// Whatever is known: each test is selected or carried over, never both, and what is carried over
// within the selection is not owed.
TEST_F(SelectingTest, EachTestIsSelectedOrCarried) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        past_ = std::make_shared<select::Past>();
        tests_ = {};
        Ids ids;
        for (std::size_t i = 0; i < 1 + random() % 12; ++i) {
            ids.push_back("t::" + std::to_string(i));
            if (random() % 4 > 0) past(ids.back(), static_cast<Status>(random() % 6));
        }
        select::Selection selection{.failed = true};
        if (random() % 2 == 0) selection.what = {ids[random() % ids.size()]};
        plan(selection, ids);
        ASSERT_THAT(errors(), IsEmpty());
        const auto others = carried();
        ASSERT_EQ(others.size() + made_.selected.size(), ids.size());
        EXPECT_TRUE(std::ranges::is_sorted(made_.carried, {}, &Verdict::test));
        for (const auto& id : selected()) {
            EXPECT_FALSE(others.contains(id));
            EXPECT_TRUE(select::is_owed(past_->find(id)));
        }
    }
}

}  // namespace
}  // namespace offload::run
