#include "offload/schedule/resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Seconds kNow{0};

TEST(Resources, EqualNeedsHaveOneNumber) {
    Resources resources(4, {{"db", 2}});
    EXPECT_TRUE(Resources::is_plain(resources.intern({})));
    const auto db = resources.intern({.claims = {{"db"}}});
    EXPECT_FALSE(Resources::is_plain(db));
    EXPECT_EQ(resources.intern({.claims = {{"db"}}}), db);
    const auto both = resources.intern({.claims = {{"db"}, {"x"}}});
    EXPECT_EQ(resources.intern({.claims = {{"x"}, {"db"}}}), both);
    EXPECT_NE(both, db);
}

TEST(Resources, ThereAreSoManyUnitsAndNoMore) {
    Resources resources(4, {{"db", 2}});
    const auto db = resources.intern({.claims = {{"db"}}});
    EXPECT_EQ(resources.room(db), 2U);
    resources.take(db);
    EXPECT_TRUE(resources.free(db));
    resources.take(db);
    EXPECT_FALSE(resources.free(db));
    EXPECT_EQ(resources.room(db), 0U);
    EXPECT_TRUE(resources.free(0));
    resources.give_back(db);
    EXPECT_TRUE(resources.free(db));
}

TEST(Resources, WhatNobodyCountedIsALock) {
    Resources resources(4, {});
    const auto lock = resources.intern({.claims = {{"lock"}}});
    resources.take(lock);
    EXPECT_FALSE(resources.free(lock));
}

TEST(Resources, NeedingMoreThanThereIsMeansAllOfIt) {
    Resources resources(2, {{"db", 2}});
    const auto greedy = resources.intern({.slots = 9, .claims = {{"db", 2}, {"db", 5}}});
    EXPECT_TRUE(resources.free(greedy));
    EXPECT_TRUE(resources.is_alone(greedy));
    resources.take(0);
    EXPECT_FALSE(resources.free(greedy));
}

TEST(Resources, WhoNeedsAllSlotsRunsAlone) {
    Resources resources(3, {});
    const auto alone = resources.intern({.slots = Needs::kAllSlots});
    const auto two = resources.intern({.slots = 2});
    resources.take(two);
    EXPECT_FALSE(resources.free(alone));
    EXPECT_FALSE(resources.free(two));
    EXPECT_TRUE(resources.free(0));
    resources.give_back(two);
    resources.take(alone);
    EXPECT_FALSE(resources.free(0));
}

Item item(std::size_t index, Needs needs, std::size_t group = 0) {
    return {.test = TestIndex(index),
            .group = GroupIndex(group),
            .expected = Seconds{1},
            .needs = std::move(needs)};
}

TEST(SchedulerNeeds, ABatchHoldsThemFromItsStartToItsEnd) {
    Scheduler scheduler({.slots = 3});
    for (std::size_t i = 0; i < 4; ++i) scheduler.add(item(i, {.claims = {{"lock"}}}));
    const auto first = scheduler.next(SandboxNumber(0), kNow);
    ASSERT_TRUE(first);
    EXPECT_FALSE(scheduler.next(SandboxNumber(1), kNow));
    EXPECT_EQ(scheduler.startable(3), 0U);
    for (const auto test : first->tests) scheduler.finished(SandboxNumber(0), test, kNow);
    EXPECT_FALSE(scheduler.next(SandboxNumber(1), kNow)) << "it has not ended";
    scheduler.ended(SandboxNumber(0), kNow, std::nullopt);
    EXPECT_TRUE(scheduler.next(SandboxNumber(1), kNow));
}

TEST(SchedulerNeeds, OnlyWhatNeedsTheSameSharesABatch) {
    Scheduler scheduler({.slots = 1});
    for (std::size_t i = 0; i < 9; ++i) {
        scheduler.add(item(i, i % 3 == 0 ? Needs{} : Needs{.claims = {{i % 3 == 1 ? "a" : "b"}}}));
    }
    std::size_t tests = 0;
    while (const auto batch = scheduler.next(SandboxNumber(0), kNow)) {
        for (const auto test : batch->tests) {
            EXPECT_EQ(test.value() % 3, batch->tests.front().value() % 3);
            scheduler.finished(SandboxNumber(0), test, kNow);
            ++tests;
        }
        scheduler.ended(SandboxNumber(0), kNow, std::nullopt);
    }
    EXPECT_EQ(tests, 9U);
}

TEST(SchedulerNeeds, OthersGoFirstWhereSomethingIsHeld) {
    Scheduler scheduler({.slots = 2});
    scheduler.add(item(0, {.claims = {{"lock"}}}));
    scheduler.add(item(1, {.claims = {{"lock"}}}, 1));
    scheduler.add(item(2, {}));
    const auto first = scheduler.next(SandboxNumber(0), kNow);
    ASSERT_TRUE(first);
    EXPECT_NE(first->tests.front().value(), 2U) << "what needs a lock goes first";
    const auto second = scheduler.next(SandboxNumber(1), kNow);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->tests.front().value(), 2U);
}

TEST(SchedulerNeeds, RetriesHoldThemToo) {
    Scheduler scheduler({.slots = 2});
    scheduler.add(item(0, {.claims = {{"lock"}}}));
    scheduler.add(item(1, {.claims = {{"lock"}}}, 1));
    const auto first = scheduler.next(SandboxNumber(0), kNow);
    ASSERT_TRUE(first);
    const auto test = first->tests.front();
    scheduler.finished(SandboxNumber(0), test, kNow);
    scheduler.ended(SandboxNumber(0), kNow, std::nullopt);
    ASSERT_TRUE(scheduler.next(SandboxNumber(0), kNow));
    scheduler.requeue_together({test});
    EXPECT_FALSE(scheduler.next(SandboxNumber(1), kNow));
    scheduler.clear();
    EXPECT_EQ(scheduler.startable(2), 0U);
}

TEST(SchedulerNeeds, AWorkerIsGivenOnlyWhatItHoldsThingsFor) {
    Scheduler scheduler({.slots = 2, .ahead = Seconds{10}});
    for (std::size_t i = 0; i < 4; ++i) scheduler.add(item(i, {.claims = {{"lock"}}}));
    for (std::size_t i = 4; i < 8; ++i) scheduler.add(item(i, {}));
    const auto first = scheduler.next(SandboxNumber(0), kNow);
    ASSERT_TRUE(first);
    EXPECT_FALSE(scheduler.next_of(GroupIndex(0), SandboxNumber(1), kNow)->tests.empty());
    std::size_t given = first->tests.size();
    for (auto tests = first->tests; !tests.empty();
         tests = scheduler.more(SandboxNumber(0), kNow)) {
        for (const auto test : tests) {
            EXPECT_LT(test.value(), 4U);
            scheduler.finished(SandboxNumber(0), test, kNow);
        }
        if (tests != first->tests) given += tests.size();
    }
    EXPECT_EQ(given, 4U);
}

}  // namespace
}  // namespace offload::schedule
