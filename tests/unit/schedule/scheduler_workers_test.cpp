// What the scheduler gives workers while they run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {
namespace scheduler_workers_test {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Seconds kNow{0};

TestIndex at(std::size_t index) { return TestIndex(index); }
SandboxNumber box(std::size_t number) { return SandboxNumber(number); }

Item item(std::size_t index, std::optional<double> seconds, std::size_t affinity = 0,
          std::size_t group = 0) {
    Item made{.test = at(index),
              .group = GroupIndex(group),
              .expected = {},
              .command_bytes = 0,
              .alone = false,
              .affinity = affinity};
    if (seconds) made.expected = Seconds{*seconds};
    return made;
}

Scheduler of(std::size_t slots, std::size_t tests, std::optional<double> seconds) {
    Scheduler scheduler({.slots = slots, .ahead = Seconds{1}});
    for (std::size_t i = 0; i < tests; ++i) scheduler.add(item(i, seconds));
    return scheduler;
}

// Of three files, the one with the most work is in the middle, and tests weigh more and more.
TEST(SchedulerWorkers, GetTheTestsOfFilesInOrderAsLongAsTheHeaviestCanWait) {
    for (const bool known : {false, true}) {
        Scheduler scheduler({.slots = 2, .ahead = Seconds{1}});
        const std::size_t files[] = {40, 200, 60};
        std::vector<std::size_t> file_of;
        for (std::size_t file = 0; file < 3; ++file) {
            for (std::size_t i = 0; i < files[file]; ++i) {
                const double seconds = 0.1 + 0.001 * static_cast<double>(i % 10);
                const auto expected = known ? std::optional(seconds) : std::nullopt;
                scheduler.add(item(file_of.size(), expected, 2 * (file + 1)));
                file_of.push_back(file);
            }
        }
        std::map<SandboxNumber, std::vector<TestIndex>> ran;
        std::map<SandboxNumber, std::vector<TestIndex>> open;
        for (const auto sandbox : {box(0), box(1)}) {
            open[sandbox] = scheduler.next(sandbox, kNow)->tests;
        }
        for (double now = 0; ran[box(0)].size() < 100; now += 0.1) {
            for (auto& [sandbox, tests] : open) {
                ran[sandbox].push_back(tests.front());
                tests.erase(tests.begin());
                scheduler.finished(sandbox, ran[sandbox].back(), Seconds{now + 0.1});
                for (const auto test : scheduler.more(sandbox, Seconds{now + 0.1})) {
                    tests.push_back(test);
                }
            }
        }
        for (const auto& [sandbox, tests] : ran) {
            EXPECT_TRUE(std::is_sorted(tests.begin(), tests.end())) << known;
        }
        EXPECT_EQ(file_of[ran[box(0)].front().value()], 0U);
        EXPECT_EQ(file_of[ran[box(1)].front().value()], 1U);
        EXPECT_EQ(file_of[ran[box(0)][40].value()], 2U);  // a file that nobody has begun
    }
}

TEST(SchedulerWorkers, GetMoreTestsUntilAllAreGiven) {
    for (const std::optional<double> seconds : {std::optional<double>{}, std::optional(0.3)}) {
        Scheduler scheduler = of(1, 100, seconds);
        std::vector<TestIndex> open = scheduler.next(box(0), kNow)->tests;
        EXPECT_LT(open.size(), 50U);
        std::set<TestIndex> given(open.begin(), open.end());
        double now = 0;
        while (!open.empty()) {
            scheduler.finished(box(0), open.back(), Seconds{now += 0.1});
            open.pop_back();
            for (const auto test : scheduler.more(box(0), Seconds{now})) {
                EXPECT_TRUE(given.insert(test).second);
                open.push_back(test);
            }
        }
        EXPECT_EQ(given.size(), 100U);
        EXPECT_FALSE(scheduler.has_queued());
        EXPECT_TRUE(scheduler.has_running());
        scheduler.ended(box(0), Seconds{now}, std::nullopt);
        EXPECT_FALSE(scheduler.has_running());
    }
}

TEST(SchedulerWorkers, HoldOneTestAheadOfALongOne) {
    Scheduler scheduler = of(2, 100, 5.0);
    const auto first = scheduler.next(box(0), kNow)->tests;
    EXPECT_THAT(first, SizeIs(1));
    EXPECT_THAT(scheduler.more(box(0), kNow), SizeIs(1));
    EXPECT_THAT(scheduler.more(box(0), kNow), IsEmpty());
}

// Three tests that take long, and many that do not: each of the three is begun at once.
TEST(SchedulerWorkers, HoldNoLongTestAheadOfALongOneWhileAQuickOneIsLeft) {
    Scheduler scheduler({.slots = 4, .ahead = Seconds{0.25}});
    for (std::size_t i = 0; i < 23; ++i) scheduler.add(item(i, i < 3 ? 5 : 0.005));
    const auto is_long = [](TestIndex test) { return test.value() < 3; };
    for (std::size_t worker = 0; worker < 2; ++worker) {
        EXPECT_THAT(scheduler.next(box(worker), kNow)->tests, ElementsAre(testing::Truly(is_long)));
    }
    for (std::size_t worker = 0; worker < 2; ++worker) {
        const auto ahead = scheduler.more(box(worker), kNow, 2);
        EXPECT_THAT(ahead, SizeIs(1));
        EXPECT_THAT(ahead, Each(testing::Not(testing::Truly(is_long))));
    }
    EXPECT_THAT(scheduler.next(box(2), kNow)->tests, ElementsAre(testing::Truly(is_long)));
}

TEST(SchedulerWorkers, LeaveToOthersWhatTheseCanBeginAtOnce) {
    for (const auto seconds : {std::optional(5.0), std::optional<double>{}}) {
        Scheduler scheduler = of(8, 6, seconds);
        EXPECT_THAT(scheduler.next(box(0), kNow)->tests, SizeIs(1));
        EXPECT_THAT(scheduler.more(box(0), kNow, 7), IsEmpty());
        EXPECT_THAT(scheduler.next(box(1), kNow)->tests, SizeIs(1));
        EXPECT_THAT(scheduler.more(box(1), kNow, 6), IsEmpty());
        // No more sandboxes can be had.
        EXPECT_THAT(scheduler.more(box(1), kNow, 0), SizeIs(1));
    }
}

TEST(SchedulerWorkers, LeaveNothingToOthersThatWouldStillBeStarting) {
    Scheduler scheduler({.slots = 8, .batch_overhead = Seconds{0.4}, .ahead = Seconds{1}});
    for (std::size_t i = 0; i < 6; ++i) scheduler.add(item(i, 0.01));
    const auto first = scheduler.next(box(0), kNow)->tests;
    EXPECT_THAT(scheduler.more(box(0), kNow, 7), Not(IsEmpty()));
}

TEST(SchedulerWorkers, TakeWhatIsLeftToOthersOnceTheyHaveNothingElse) {
    Scheduler scheduler = of(8, 2, 5.0);
    const auto first = scheduler.next(box(0), kNow)->tests;
    EXPECT_THAT(scheduler.more(box(0), kNow, 7), IsEmpty());
    scheduler.finished(box(0), first[0], Seconds{5});
    EXPECT_THAT(scheduler.more(box(0), Seconds{5}, 7), SizeIs(1));
}

// Nothing is known of the slow group, however quick another one is.
TEST(SchedulerWorkers, HoldFewTestsOfAGroupOfWhichNoneHasRun) {
    Scheduler scheduler({.slots = 2, .ahead = Seconds{1}});
    for (std::size_t i = 0; i < 1000; ++i) scheduler.add(item(i, {}, 0, i < 600 ? 0 : 1));
    double now = 0;
    auto quick = scheduler.next_of(GroupIndex(0), box(0), kNow)->tests;
    for (int round = 0; round < 2; ++round) {
        for (const auto test : quick) scheduler.finished(box(0), test, Seconds{now += 0.001});
        quick = scheduler.more(box(0), Seconds{now});
    }
    EXPECT_GT(quick.size(), 20U);
    const auto slow = scheduler.next_of(GroupIndex(1), box(1), Seconds{now});
    ASSERT_TRUE(slow);
    EXPECT_EQ(slow->group, GroupIndex(1));
    EXPECT_THAT(slow->tests, SizeIs(2));
}

TEST(SchedulerWorkers, FirstTestsOfAGroupAreOfThatGroupAlone) {
    Scheduler scheduler({.slots = 3, .ahead = Seconds{1}});
    for (std::size_t i = 0; i < 20; ++i) scheduler.add(item(i, 1.0, 0, i % 2));
    EXPECT_FALSE(scheduler.next_of(GroupIndex(7), box(0), kNow));
    for (std::size_t group = 0; group < 2; ++group) {
        const auto assignment = scheduler.next_of(GroupIndex(group), box(group), kNow);
        ASSERT_TRUE(assignment);
        EXPECT_EQ(assignment->group, GroupIndex(group));
        for (const auto test : assignment->tests) EXPECT_EQ(test.value() % 2, group);
        EXPECT_FALSE(scheduler.next_of(GroupIndex(group), box(group), kNow)) << "it runs already";
    }
    scheduler.stop_streaming();
    EXPECT_FALSE(scheduler.next_of(GroupIndex(0), box(2), kNow));
}

TEST(SchedulerWorkers, KeepApartWhatSharesNoBatchWithoutThem) {
    Scheduler scheduler({.slots = 2, .ahead = Seconds{1}});
    for (std::size_t i = 0; i < 20; ++i) {
        auto one = item(i, 0.2, i % 3);
        one.apart = true;
        scheduler.add(one);
    }
    const auto held = scheduler.next(box(0), kNow)->tests;
    EXPECT_GT(held.size(), 1U);
    scheduler.stop_streaming();
    const auto alone = scheduler.next(box(1), kNow)->tests;
    EXPECT_THAT(alone, SizeIs(1));
    scheduler.ended(box(0), kNow, std::nullopt);
    scheduler.requeue_together(held, std::nullopt);
    EXPECT_EQ(scheduler.queued_units(), held.size());
    EXPECT_THAT(scheduler.next(box(0), kNow)->tests, SizeIs(1));
}

// Two files of four tests each, apart from one another.
Scheduler with_files_apart() {
    Scheduler scheduler({.slots = 2, .ahead = Seconds{10}});
    for (std::size_t i = 0; i < 8; ++i) {
        auto one = item(i, 0.2, 2 + 2 * (i / 4));
        one.apart = one.bonded = true;
        scheduler.add(one);
    }
    return scheduler;
}

std::set<std::size_t> files_of(const std::vector<TestIndex>& tests) {
    std::set<std::size_t> files;
    for (const auto test : tests) files.insert(test.value() / 4);
    return files;
}

TEST(SchedulerWorkers, KeepFilesApartEachOfWhichIsABatchWithoutThem) {
    auto scheduler = with_files_apart();
    const auto held = scheduler.next(box(0), kNow)->tests;
    EXPECT_THAT(held, SizeIs(testing::AnyOf(4, 8)));
    scheduler.stop_streaming();
    scheduler.ended(box(0), kNow, std::nullopt);
    scheduler.requeue(held, std::nullopt);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto alone = scheduler.next(box(i), kNow)->tests;
        EXPECT_THAT(alone, SizeIs(4));
        EXPECT_THAT(files_of(alone), SizeIs(1));
    }
    EXPECT_FALSE(scheduler.has_queued());
}

TEST(SchedulerWorkers, RunTestsOfAFileThatIsApartAgainByThemselves) {
    auto scheduler = with_files_apart();
    scheduler.stop_streaming();
    const auto file = scheduler.next(box(0), kNow)->tests;
    const auto other = scheduler.next(box(1), kNow)->tests;
    for (const auto test : file) scheduler.finished(box(0), test, Seconds{1});
    scheduler.ended(box(0), Seconds{1}, std::nullopt);
    scheduler.retry(file[0], box(1));
    scheduler.retry(file[1], box(1));
    scheduler.ended(box(1), Seconds{1}, std::nullopt);
    scheduler.requeue_together({file[2], other[0], file[3], other[1]}, std::nullopt);
    EXPECT_EQ(scheduler.queued_units(), 2U);
    std::vector<std::size_t> sizes;
    while (scheduler.has_queued()) {
        const auto tests = scheduler.next(box(2 + sizes.size()), Seconds{1})->tests;
        EXPECT_THAT(files_of(tests), SizeIs(1));
        sizes.push_back(tests.size());
    }
    EXPECT_THAT(sizes, testing::UnorderedElementsAre(2, 2, 1, 1));
}

TEST(SchedulerWorkers, HoldManyQuickOnesAhead) {
    Scheduler scheduler = of(2, 10'000, 0.01);
    const auto first = scheduler.next(box(0), kNow)->tests;
    EXPECT_THAT(first, SizeIs(100));
}

TEST(SchedulerWorkers, OfUnknownTestsLearnHowManyThatIs) {
    Scheduler scheduler = of(2, 10'000, std::nullopt);
    auto open = scheduler.next(box(0), kNow)->tests;
    EXPECT_LE(open.size(), 8U);
    scheduler.finished(box(0), open[0], Seconds{3});  // with the start of the process
    scheduler.finished(box(0), open[1], Seconds{3.01});
    EXPECT_THAT(scheduler.more(box(0), Seconds{3.01}), SizeIs(100));
}

TEST(SchedulerWorkers, OfTestsThatNothingIsKnownOfHaveEnoughUntilTheFirstResults) {
    Scheduler scheduler = of(2, 1000, std::nullopt);
    const auto first = scheduler.next(box(0), kNow)->tests;
    ASSERT_GT(first.size(), 1U);
    EXPECT_THAT(scheduler.more(box(0), kNow), IsEmpty());
}

TEST(SchedulerWorkers, TellWhatTheyNeedAroundEachTest) {  // TRAPS 37
    Scheduler scheduler = of(1, 200, 0.1);
    double now = 0;
    std::vector<TestIndex> open = scheduler.next(box(0), kNow)->tests;
    for (std::size_t done = 0; done < 40; ++done) {
        ASSERT_FALSE(open.empty());
        scheduler.finished(box(0), open.front(), Seconds{now += 0.5}, Seconds{0.1});
        open.erase(open.begin());
        const auto more = scheduler.more(box(0), Seconds{now});
        open.insert(open.end(), more.begin(), more.end());
    }
    EXPECT_NEAR(scheduler.remaining(Seconds{now})->count(), 160 * 0.5, 1e-6);
}

TEST(SchedulerWorkers, KnowWhatFollowsTheirLastTest) {
    Scheduler scheduler = of(1, 2, 100.0);
    EXPECT_THAT(scheduler.next(box(0), kNow)->tests, SizeIs(1));
    EXPECT_THAT(scheduler.more(box(0), kNow), SizeIs(1));
    EXPECT_THAT(scheduler.more(box(0), kNow), IsEmpty());
}

TEST(SchedulerWorkers, StayWithTheirFileWhileTheRestCanWait) {
    Scheduler scheduler({.slots = 2, .ahead = Seconds{1}});
    for (std::size_t i = 0; i < 200; ++i)
        scheduler.add(item(i, 1.0 + 0.01 * double(i % 7), 1 + i / 20));
    auto given = scheduler.next(box(0), kNow)->tests;
    for (int i = 0; i < 19; ++i) {
        const auto more = scheduler.more(box(0), kNow);
        ASSERT_FALSE(more.empty());
        for (const auto test : more) {
            scheduler.finished(box(0), given.back(), kNow);
            given.push_back(test);
        }
    }
    std::map<std::size_t, int> files;
    for (const auto test : given) ++files[test.value() / 20];
    EXPECT_THAT(files, SizeIs(1));
}

TEST(SchedulerWorkers, UnitsAndTestsOfOtherGroupsAreNotForThem) {
    Scheduler scheduler({.slots = 1, .ahead = Seconds{1}});
    scheduler.add(item(0, 1, 0, 0));
    scheduler.add(item(1, 1, 0, 0));
    scheduler.add(item(2, 0.5, 0, 1));
    const auto first = scheduler.next(box(0), kNow);
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->closed);
    scheduler.finished(box(0), at(0), kNow);
    scheduler.requeue_together({at(0)});
    const auto rest = scheduler.more(box(0), kNow);
    EXPECT_THAT(rest, ElementsAre(at(1)));
    scheduler.finished(box(0), at(1), kNow);
    EXPECT_THAT(scheduler.more(box(0), kNow), IsEmpty());
    EXPECT_EQ(scheduler.queued_units(), 1U);
    scheduler.ended(box(0), kNow, std::nullopt);
    const auto unit = scheduler.next(box(0), kNow);
    ASSERT_TRUE(unit);
    EXPECT_THAT(unit->tests, ElementsAre(at(0)));
    EXPECT_TRUE(unit->closed);
    EXPECT_THAT(scheduler.more(box(0), kNow), IsEmpty());
}

TEST(SchedulerWorkers, ARetryGoesElsewhereUnlessThereIsNoOther) {
    Scheduler scheduler = of(2, 2, 1.0);
    const auto first = scheduler.next(box(0), kNow)->tests;
    const auto second = scheduler.next(box(1), kNow)->tests;
    scheduler.finished(box(0), first[0], kNow);
    scheduler.retry(first[0], box(0));
    // The other one is about to be done; this one would only idle.
    EXPECT_THAT(scheduler.more(box(0), kNow), ElementsAre(first[0]));
    scheduler.finished(box(0), first[0], kNow);
    scheduler.retry(first[0], box(0));
    scheduler.finished(box(1), second[0], kNow);
    EXPECT_THAT(scheduler.more(box(1), kNow), ElementsAre(first[0]));
}

TEST(SchedulerWorkers, AfterTheEndOfStreamingBatchesAreWhole) {
    Scheduler scheduler = of(2, 1000, 1.0);
    EXPECT_THAT(scheduler.next(box(0), kNow)->tests, SizeIs(1));
    scheduler.stop_streaming();
    EXPECT_THAT(scheduler.more(box(0), kNow), IsEmpty());
    EXPECT_GT(scheduler.next(box(1), kNow)->tests.size(), 100U);
}

}  // namespace scheduler_workers_test
}  // namespace offload::schedule
