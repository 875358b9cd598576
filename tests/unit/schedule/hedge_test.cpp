// Duplicates of stragglers, and what counts as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

TestIndex at(std::size_t index) { return TestIndex(index); }
SandboxNumber box(std::size_t number) { return SandboxNumber(number); }
Seconds after(double seconds) { return Seconds{seconds}; }

constexpr SchedulerOptions kHedging{.slots = 2, .batch_overhead = Seconds{0.1}, .hedges = true};

Item measured(std::size_t index, double seconds) {
    return {
        .test = at(index), .group = GroupIndex(0), .expected = Seconds{seconds}, .measured = true};
}

// Two sandboxes: the second one has done its only test, the first one is still at test 0, which was
// expected to take ten seconds.
struct Straggling {
    Scheduler scheduler;
    explicit Straggling(SchedulerOptions options = kHedging, Item first = measured(0, 10))
        : scheduler(options) {
        scheduler.add(first);
        scheduler.add(measured(1, 1));
        EXPECT_THAT(scheduler.next(box(0), after(0))->tests, ElementsAre(at(0)));
        EXPECT_THAT(scheduler.next(box(1), after(0))->tests, ElementsAre(at(1)));
        scheduler.finished(box(1), at(1), after(1));
        scheduler.ended(box(1), after(1), BatchTime{.overhead = Seconds{0.1}});
    }
};

TEST(Hedge, WhatIsPastItsEstimateIsRunTwice) {
    Straggling run;
    EXPECT_FALSE(run.scheduler.next(box(1), after(12)));
    const auto hedge = run.scheduler.next(box(1), after(40));
    ASSERT_TRUE(hedge);
    EXPECT_TRUE(hedge->hedge);
    EXPECT_THAT(hedge->tests, ElementsAre(at(0)));
}

TEST(Hedge, ATestThatNeedsOthersIsNotTornFromThem) {
    auto bonded = measured(0, 10);
    bonded.affinity = 1;
    bonded.bonded = true;
    Straggling run(kHedging, bonded);
    EXPECT_FALSE(run.scheduler.next(box(1), after(40)));
}

TEST(Hedge, WhatARunnerRefusesIsNotDuplicatedAgain) {
    Straggling run;
    ASSERT_TRUE(run.scheduler.next(box(1), after(40)));
    run.scheduler.refused(box(1), at(0), after(41));
    run.scheduler.ended(box(1), after(41), std::nullopt);
    EXPECT_FALSE(run.scheduler.next(box(1), after(400)));
    EXPECT_TRUE(run.scheduler.runs(at(0)));
}

TEST(Hedge, WhatEndsWithoutAResultAgainAndAgainIsNotDuplicatedForEver) {
    Straggling run;
    std::uint32_t box_number = 1;
    double now = 40;
    while (run.scheduler.next(box(box_number), after(now))) {
        ASSERT_LT(box_number, 20U);
        // The one before it comes to its end without this test.
        run.scheduler.ended(box(box_number - 1), after(now + 1), std::nullopt);
        ++box_number;
        now += 100;
    }
    EXPECT_TRUE(run.scheduler.runs(at(0)));
}

TEST(Hedge, ATestThatAWorkerWasGivenTwiceIsInItOnce) {
    SchedulerOptions options = kHedging;
    options.ahead = Seconds{1};
    Scheduler scheduler(options);
    scheduler.add(measured(0, 10));
    scheduler.add(measured(1, 1));
    EXPECT_THAT(scheduler.next(box(0), after(0))->tests, ElementsAre(at(0)));
    EXPECT_THAT(scheduler.more(box(0), after(0)), ElementsAre(at(1)));
    // The runner begins with the second one, which fails here and there.
    scheduler.finished(box(0), at(1), after(1));
    scheduler.retry(at(1), box(0));
    EXPECT_THAT(scheduler.next(box(1), after(1))->tests, ElementsAre(at(1)));
    scheduler.finished(box(1), at(1), after(2));
    scheduler.ended(box(1), after(2), BatchTime{.overhead = Seconds{0.1}});
    scheduler.retry(at(1), box(1));
    EXPECT_THAT(scheduler.more(box(0), after(2)), ElementsAre(at(1)));
    const auto hedge = scheduler.next(box(1), after(400));
    ASSERT_TRUE(hedge);
    EXPECT_THAT(hedge->tests, ElementsAre(at(1)));
}

TEST(Hedge, NothingRunsThreeTimes) {
    Straggling run;
    ASSERT_TRUE(run.scheduler.next(box(1), after(40)));
    EXPECT_FALSE(run.scheduler.next(box(2), after(400)));
    EXPECT_GT(run.scheduler.work_from(), after(400));
}

TEST(Hedge, FirstResultNamesTheOneThatLost) {
    Straggling run;
    ASSERT_TRUE(run.scheduler.next(box(1), after(40)));
    EXPECT_EQ(run.scheduler.finished(box(1), at(0), after(50)), box(0));
    EXPECT_FALSE(run.scheduler.runs(at(0)));
    EXPECT_EQ(run.scheduler.finished(box(0), at(0), after(51)), std::nullopt);
    run.scheduler.ended(box(1), after(51), std::nullopt);
    run.scheduler.ended(box(0), after(51), std::nullopt);
    EXPECT_FALSE(run.scheduler.has_running());
    EXPECT_FALSE(run.scheduler.has_queued());
}

TEST(Hedge, OriginalMayWinAsWell) {
    Straggling run;
    ASSERT_TRUE(run.scheduler.next(box(1), after(40)));
    EXPECT_EQ(run.scheduler.finished(box(0), at(0), after(41)), box(1));
}

TEST(Hedge, WhatARunnerNeedsAroundEachTestIsNoDelay) {
    const auto late_after = [](Seconds around) {
        Scheduler scheduler({.slots = 1, .test_overhead = around, .hedges = true});
        scheduler.add(measured(0, 1));
        scheduler.next(box(0), after(0));
        scheduler.finished(box(0), at(0), after(1));
        scheduler.ended(box(0), after(1), BatchTime{Seconds{1}, around});
        for (std::size_t i = 1; i < 20; ++i) scheduler.add(measured(i, 1));
        std::vector<TestIndex> rest;
        for (std::size_t i = 1; i < 20; ++i) rest.push_back(at(i));
        scheduler.clear();
        scheduler.requeue_together(rest);
        EXPECT_TRUE(scheduler.next(box(1), after(100)));
        EXPECT_FALSE(scheduler.next(box(0), after(100)));
        return (scheduler.work_from() - after(100)).count();
    };
    EXPECT_GT(late_after(Seconds{10}), 19 * 11);
    EXPECT_LT(late_after(Seconds{0}), 19 * 11);
}

TEST(Hedge, WhatStillRunsElsewhereIsNotQueuedWhenItsSandboxIsLost) {
    for (const std::size_t lost : {0U, 1U}) {
        Straggling run;
        ASSERT_TRUE(run.scheduler.next(box(1), after(40)));
        run.scheduler.ended(box(lost), after(41), std::nullopt);
        run.scheduler.requeue(std::vector{at(0)}, box(lost));
        EXPECT_FALSE(run.scheduler.has_queued());
        EXPECT_TRUE(run.scheduler.runs(at(0)));
        // And may be hedged again.
        EXPECT_THAT(run.scheduler.next(box(2), after(100))->tests, ElementsAre(at(0)));
        EXPECT_EQ(run.scheduler.finished(box(2), at(0), after(101)), box(1 - lost));
    }
}

TEST(Hedge, NeverWithoutItsOwnMeasuredEstimate) {  // TRAPS 34
    Item guessed = measured(0, 10);
    guessed.measured = false;
    Straggling run(kHedging, guessed);
    EXPECT_FALSE(run.scheduler.next(box(1), after(1e6)));
}

TEST(Hedge, NeverBeforeAnyOverheadWasMeasured) {  // TRAPS 34
    Scheduler scheduler(kHedging);
    scheduler.add(measured(0, 10));
    ASSERT_TRUE(scheduler.next(box(0), after(0)));
    EXPECT_FALSE(scheduler.next(box(1), after(1e6)));
}

TEST(Hedge, NeverUnlessAskedFor) {
    SchedulerOptions options = kHedging;
    options.hedges = false;
    Straggling run(options);
    EXPECT_FALSE(run.scheduler.next(box(1), after(1e6)));
    EXPECT_GT(run.scheduler.work_from(), after(1e6));
}

TEST(Hedge, QueuedWorkGoesFirst) {
    Straggling run;
    run.scheduler.add(measured(2, 1));
    EXPECT_FALSE(run.scheduler.next(box(1), after(40))->hedge);
}

// The second test of a batch hangs; what waits behind it is taken over first, then the test itself.
TEST(Hedge, RestOfALateBatchIsSplit) {
    Scheduler scheduler({.slots = 2, .batch_overhead = Seconds{1}, .hedges = true});
    for (std::size_t i = 0; i < 4; ++i) {
        Item item = measured(i, 2);
        item.affinity = 1;
        scheduler.add(item);
    }
    scheduler.add(measured(5, 8));
    EXPECT_THAT(scheduler.next(box(0), after(0))->tests, ElementsAre(at(5)));
    EXPECT_THAT(scheduler.next(box(1), after(0))->tests, ElementsAre(at(0), at(1), at(2), at(3)));
    scheduler.finished(box(1), at(0), after(3));
    scheduler.finished(box(0), at(5), after(9));
    scheduler.ended(box(0), after(9), BatchTime{.overhead = Seconds{1}});
    ASSERT_FALSE(scheduler.has_queued());

    const auto rest = scheduler.next(box(0), after(60));
    ASSERT_TRUE(rest);
    EXPECT_THAT(rest->tests, ElementsAre(at(2), at(3)));
    for (const auto test : rest->tests) {
        EXPECT_EQ(scheduler.finished(box(0), test, after(66)), box(1));
    }
    scheduler.ended(box(0), after(66), BatchTime{.overhead = Seconds{1}});
    EXPECT_THAT(scheduler.next(box(0), after(66))->tests, ElementsAre(at(1)));
}

// Nothing is known beforehand. One worker was given three tests ahead, because its first took no
// time; the second one takes long, and the other sandbox is done.
struct Blocked {
    Scheduler scheduler;
    explicit Blocked(SchedulerOptions options = {.slots = 2, .ahead = Seconds{1}, .hedges = true})
        : scheduler(options) {
        for (std::size_t i = 0; i < 4; ++i) {
            scheduler.add({.test = at(i), .group = GroupIndex(0), .expected = {}});
        }
        EXPECT_THAT(scheduler.next(box(0), after(0))->tests, ElementsAre(at(0)));
        EXPECT_THAT(scheduler.more(box(0), after(0)), ElementsAre(at(2)));
        scheduler.finished(box(0), at(0), after(0.01));
        EXPECT_THAT(scheduler.more(box(0), after(0.01)), ElementsAre(at(1)));
        EXPECT_THAT(scheduler.more(box(0), after(0.01)), IsEmpty());
        scheduler.finished(box(0), at(2), after(0.02));
        EXPECT_THAT(scheduler.more(box(0), after(0.02)), ElementsAre(at(3)));
    }
};

TEST(Hedge, WhatWaitsBehindALongTestIsRunElsewhere) {
    Blocked run;
    EXPECT_FALSE(run.scheduler.next(box(1), after(0.1)));
    EXPECT_LT(run.scheduler.work_from(), after(10));
    const auto hedge = run.scheduler.next(box(1), after(10));
    ASSERT_TRUE(hedge);
    EXPECT_TRUE(hedge->hedge);
    EXPECT_THAT(hedge->tests, ElementsAre(at(3)));
    EXPECT_EQ(run.scheduler.finished(box(1), at(3), after(11)), box(0));
    run.scheduler.ended(box(1), after(11), std::nullopt);
    // The long one itself has no estimate.
    EXPECT_FALSE(run.scheduler.next(box(1), after(1e6)));
}

TEST(Hedge, WhatATakerRunsFitsItsCommand) {
    Scheduler scheduler({.slots = 2, .command_bytes = 25, .ahead = Seconds{1}, .hedges = true});
    for (std::size_t i = 0; i < 6; ++i) {
        scheduler.add({.test = at(i), .group = GroupIndex(0), .expected = {}, .command_bytes = 10});
    }
    std::vector<TestIndex> given = scheduler.next(box(0), after(0))->tests;
    const auto take_more = [&] {
        for (const auto test : scheduler.more(box(0), after(0.01))) given.push_back(test);
    };
    take_more();
    scheduler.finished(box(0), given.at(0), after(0.01));
    take_more();
    scheduler.finished(box(0), given.at(1), after(0.02));
    for (int i = 0; i < 6; ++i) take_more();
    ASSERT_THAT(given, SizeIs(6));
    const auto hedge = scheduler.next(box(1), after(1));
    ASSERT_TRUE(hedge);
    EXPECT_THAT(hedge->tests, SizeIs(2));
}

TEST(Hedge, WhatWaitsStaysWhereNothingIsRunTwice) {
    Blocked run({.slots = 2, .ahead = Seconds{1}});
    EXPECT_FALSE(run.scheduler.next(box(1), after(1e6)));
}

TEST(Hedge, WholeBatchesAreDuplicatedAsTheyAre) {
    Scheduler scheduler(
        {.slots = 2, .batch_overhead = Seconds{10}, .whole_batches = true, .hedges = true});
    for (std::size_t i = 0; i < 4; ++i) scheduler.add(measured(i, 1));
    const auto first = scheduler.next(box(0), after(0));
    const auto second = scheduler.next(box(1), after(0));
    for (const auto test : second->tests) scheduler.finished(box(1), test, after(12));
    scheduler.ended(box(1), after(12), BatchTime{.overhead = Seconds{10}});
    EXPECT_EQ(scheduler.next(box(1), after(100))->tests, first->tests);
}

TEST(Lateness, FollowsWhatIsSeen) {
    Lateness precise;
    Lateness wild;
    for (int i = 0; i < 100; ++i) {
        precise.add(1.01, 1);
        wild.add(i % 10 == 0 ? 3 : 1, 1);
    }
    EXPECT_LT(precise.factor(), Lateness().factor());
    EXPECT_DOUBLE_EQ(wild.factor(), 3);
}

TEST(Lateness, StaysWithinBoundsAndIgnoresWhatSaysNothing) {
    Lateness lateness;
    const double guess = lateness.factor();
    lateness.add(5, 0);
    for (int i = 0; i < 9; ++i) lateness.add(1, 1);
    EXPECT_DOUBLE_EQ(lateness.factor(), guess);
    for (int i = 0; i < 2000; ++i) lateness.add(1e9, 1);
    EXPECT_THAT(lateness.factor(), AllOf(Ge(guess), Le(10)));
}

}  // namespace
}  // namespace offload::schedule
