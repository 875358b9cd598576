#include "offload/schedule/scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace offload::schedule {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Lt;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr Seconds kNow{0};

TestIndex at(std::size_t index) { return TestIndex(index); }
SandboxNumber box(std::size_t number) { return SandboxNumber(number); }

Item known(std::size_t index, double seconds, std::size_t affinity = 0, std::size_t group = 0) {
    return {.test = at(index),
            .group = GroupIndex(group),
            .expected = Seconds{seconds},
            .command_bytes = 1,
            .affinity = affinity};
}

Item unknown(std::size_t index, std::size_t affinity = 0, std::size_t group = 0) {
    Item item = known(index, 0, affinity, group);
    item.expected.reset();
    return item;
}

std::vector<TestIndex> tests_of(std::optional<Assignment> assignment) {
    return assignment ? assignment->tests : std::vector<TestIndex>{};
}

// All results arrive, then the batch ends.
void complete(Scheduler& scheduler, SandboxNumber sandbox, const std::vector<TestIndex>& tests,
              Seconds now = kNow) {
    for (const TestIndex test : tests) scheduler.finished(sandbox, test, now);
    scheduler.ended(sandbox, now, std::nullopt);
}

// Runs what is left on one sandbox and returns the sizes of its batches.
std::vector<std::size_t> drain(Scheduler& scheduler, SandboxNumber sandbox) {
    std::vector<std::size_t> sizes;
    while (auto assignment = scheduler.next(sandbox, kNow)) {
        sizes.push_back(assignment->tests.size());
        complete(scheduler, sandbox, assignment->tests);
    }
    return sizes;
}

TEST(Scheduler, NothingQueuedGivesNothing) {
    Scheduler scheduler({.slots = 2});
    EXPECT_FALSE(scheduler.next(box(0), kNow));
    EXPECT_FALSE(scheduler.has_queued());
    EXPECT_EQ(scheduler.startable(5), 0);
}

TEST(Scheduler, HeaviestTestStartsFirst) {
    Scheduler scheduler({.slots = 2});
    scheduler.add(known(0, 1));
    scheduler.add(known(1, 9));
    scheduler.add(known(2, 5));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(1)));
    EXPECT_THAT(tests_of(scheduler.next(box(1), kNow)), ElementsAre(at(2)));
}

TEST(Scheduler, BatchesShrinkAsTheQueueDrains) {
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 400; ++i) scheduler.add(known(i, 1));
    const auto sizes = drain(scheduler, box(0));
    EXPECT_EQ(sizes.front(), 133);
    EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend()));
    EXPECT_EQ(sizes.back(), 1);
    EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), 400);
}

TEST(Scheduler, TrivialTestsMakeOneBatchPerSlotWhereOverheadOutweighsThem) {
    Scheduler scheduler({.slots = 2, .batch_overhead = Seconds{1}});
    for (std::size_t i = 0; i < 2000; ++i) scheduler.add(known(i, 0.001, 1 + i / 10));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), SizeIs(1000));
    EXPECT_THAT(tests_of(scheduler.next(box(1), kNow)), SizeIs(1000));
    EXPECT_FALSE(scheduler.has_queued());
}

TEST(Scheduler, TestsReportedAsInstantMakeOneBatchPerSlotToo) {
    Scheduler scheduler({.slots = 4, .batch_overhead = Seconds{1}});
    for (std::size_t i = 0; i < 2000; ++i) scheduler.add(known(i, 0));
    for (std::size_t slot = 0; slot < 4; ++slot) {
        EXPECT_THAT(tests_of(scheduler.next(box(slot), kNow)), SizeIs(500));
    }
    EXPECT_FALSE(scheduler.has_queued());
}

TEST(Scheduler, MeasuredOverheadReplacesTheGuess) {  // TRAPS 37
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 400; ++i) scheduler.add(known(i, 1));
    const auto first = tests_of(scheduler.next(box(0), kNow));
    for (const TestIndex test : first) scheduler.finished(box(0), test, Seconds{110});
    scheduler.ended(box(0), Seconds{110}, BatchTime{Seconds{100}, Seconds{10}});
    EXPECT_THAT(tests_of(scheduler.next(box(0), Seconds{110})), SizeIs(90));
}

// Ten slots run their first batches, of which each takes `factor` (of its slot) times what was
// expected of it, then their second ones. Are there third ones?
bool third_batches_after(Item (*item)(std::size_t), double (*factor)(std::size_t)) {
    constexpr std::size_t kSlots = 10;
    constexpr Seconds kOverhead{0.1};
    Scheduler scheduler({.slots = kSlots, .batch_overhead = kOverhead});
    for (std::size_t i = 0; i < 1500; ++i) scheduler.add(item(i));
    std::vector<std::vector<TestIndex>> batches;
    for (std::size_t i = 0; i < kSlots; ++i) {
        batches.push_back(tests_of(scheduler.next(box(i), kNow)));
    }
    for (std::size_t i = 0; i < kSlots; ++i) {
        const Seconds work{factor(i) * static_cast<double>(batches[i].size())};
        // Messages are late now and then; that says nothing of the estimates.
        const Seconds end = work + kOverhead + Seconds{static_cast<double>(i)};
        for (const TestIndex test : batches[i]) scheduler.finished(box(i), test, end);
        scheduler.ended(box(i), end, BatchTime{work, kOverhead});
    }
    EXPECT_TRUE(scheduler.has_queued());
    for (std::size_t i = 0; i < kSlots; ++i) scheduler.next(box(i), Seconds{300});
    return scheduler.has_queued();
}

Item measured(std::size_t index) {
    Item item = known(index, 1);
    item.measured = true;
    return item;
}

TEST(Scheduler, ShareIsOfWhatIsLeftAtThatTime) {
    constexpr std::size_t kSlots = 67;
    Scheduler scheduler({.slots = kSlots, .batch_overhead = Seconds{1}});
    for (std::size_t i = 0; i < kSlots - 1; ++i) scheduler.add(known(i, 10));
    for (std::size_t i = 0; i < kSlots; ++i) scheduler.add(known(kSlots + i, 1));
    for (std::size_t i = 0; i < kSlots - 1; ++i) {
        EXPECT_THAT(tests_of(scheduler.next(box(i), kNow)), SizeIs(1));
    }
    // The others have two seconds to go, and there is one more for each.
    EXPECT_THAT(tests_of(scheduler.next(box(kSlots), Seconds{9})), SizeIs(3));
}

TEST(Scheduler, SplitsNoMoreOnceBatchesTakeWhatIsExpected) {
    EXPECT_FALSE(third_batches_after(measured, [](std::size_t) { return 1.0; }));
    // That all is slower than it was changes no share.
    EXPECT_FALSE(third_batches_after(measured, [](std::size_t) { return 2.0; }));
}

TEST(Scheduler, GoesOnToSplitWhereBatchesStray) {
    EXPECT_TRUE(
        third_batches_after(measured, [](std::size_t i) { return i % 2 == 0 ? 0.9 : 1.1; }));
}

TEST(Scheduler, PunctualBatchesSayNothingOfTestsThatWereNeverMeasured) {
    const auto guessed_later = [](std::size_t i) { return i < 700 ? measured(i) : known(i, 0.99); };
    EXPECT_TRUE(third_batches_after(guessed_later, [](std::size_t) { return 1.0; }));
}

Item steady(std::size_t index, double deviation) {
    Item item = measured(index);
    item.deviation = deviation;
    return item;
}

TEST(Scheduler, FirstBatchesAreWholeSharesWhereEarlierRunsNeverStrayed) {
    constexpr std::size_t kSlots = 10;
    // Of a share of 150 s, a deviation of a thousandth is less than the start of one more batch.
    for (const double deviation : {0.0, 0.001, 0.01, 0.5}) {
        SCOPED_TRACE(deviation);
        Scheduler scheduler({.slots = kSlots, .batch_overhead = Seconds{0.4}});
        for (std::size_t i = 0; i < 1500; ++i) scheduler.add(steady(i, deviation));
        for (std::size_t i = 0; i < kSlots; ++i) scheduler.next(box(i), kNow);
        EXPECT_EQ(scheduler.has_queued(), deviation >= 0.01);
    }
}

TEST(Scheduler, FirstBatchesAreWholeSharesWhereTheLastRunsBatchesNeverStrayed) {
    constexpr std::size_t kSlots = 10;
    const auto needs_more_batches = [](double spread, Seconds start_up) {
        Scheduler scheduler({.slots = kSlots, .batch_overhead = start_up, .spread = spread});
        for (std::size_t i = 0; i < 1500; ++i) scheduler.add(measured(i));
        for (std::size_t i = 0; i < kSlots; ++i) scheduler.next(box(i), kNow);
        return scheduler.has_queued();
    };
    EXPECT_FALSE(needs_more_batches(0, Seconds{0.4}));
    EXPECT_FALSE(needs_more_batches(0.001, Seconds{0.4}));
    EXPECT_TRUE(needs_more_batches(0.01, Seconds{0.4}));
    // What a share of 150 s strays by is less than the start of one more batch that takes so long.
    EXPECT_FALSE(needs_more_batches(0.01, Seconds{4}));
    EXPECT_TRUE(needs_more_batches(0.5, Seconds{4}));
}

TEST(Scheduler, ATestsOwnDeviationCountsMoreThanAllBatches) {
    Scheduler scheduler({.slots = 10, .batch_overhead = Seconds{0.4}, .spread = 0});
    for (std::size_t i = 0; i < 1500; ++i) scheduler.add(steady(i, 0.5));
    for (std::size_t i = 0; i < 10; ++i) scheduler.next(box(i), kNow);
    EXPECT_TRUE(scheduler.has_queued());
}

// Ten batches, each of which takes `start_up`, around each test `around`, and of its tests' time
// `factors` in turn.
std::optional<BatchCosts> costs_learnt(std::size_t batches, bool durations_known,
                                       const std::vector<double>& factors,
                                       std::optional<double> spread = std::nullopt) {
    Scheduler scheduler({.slots = 1, .command_bytes = 12, .spread = spread});
    for (std::size_t i = 0; i < 12 * batches; ++i) {
        auto item = durations_known ? measured(i) : unknown(i);
        item.command_bytes = 1;
        scheduler.add(item);
    }
    for (std::size_t i = 0; i < batches; ++i) {
        const auto batch = scheduler.next(box(0), kNow);
        if (!batch) return std::nullopt;
        const double work = static_cast<double>(batch->tests.size()) * factors[i % factors.size()];
        scheduler.ended(box(0), kNow, BatchTime{.work = Seconds{work}, .overhead = Seconds{3}});
    }
    return scheduler.batch_costs();
}

TEST(Scheduler, TellsWhatBatchesHaveCost) {
    EXPECT_EQ(costs_learnt(4, true, {1}), std::nullopt);
    EXPECT_EQ(costs_learnt(5, true, {1}), (BatchCosts{Seconds{3}, Seconds{0}, std::nullopt}));
    EXPECT_EQ(costs_learnt(10, true, {1}), (BatchCosts{Seconds{3}, Seconds{0}, 0}));
    const auto strays = costs_learnt(10, true, {0.9, 1.1});
    ASSERT_TRUE(strays && strays->spread);
    EXPECT_NEAR(*strays->spread, 0.1, 1e-9);
    // Where weights count tests, nothing was expected that they could stray from.
    EXPECT_EQ(costs_learnt(10, false, {0.9, 1.1}),
              (BatchCosts{Seconds{3}, Seconds{0}, std::nullopt}));
}

TEST(Scheduler, FewBatchesMayDenyThatTheyNeverStray) {
    EXPECT_EQ(costs_learnt(2, true, {1}, 0), std::nullopt);
    EXPECT_EQ(costs_learnt(4, true, {0.99, 1.01}, 0.1), std::nullopt);
    const auto denied = costs_learnt(2, true, {0.9, 1.1}, 0.001);
    ASSERT_TRUE(denied && denied->spread);
    EXPECT_NEAR(*denied->spread, 0.1, 1e-9);
    EXPECT_EQ(costs_learnt(2, false, {0.9, 1.1}, 0.001), std::nullopt);
}

TEST(Scheduler, SteadyTestsSayNothingOfOthers) {
    for (const bool was_measured : {false, true}) {
        Scheduler scheduler({.slots = 10, .batch_overhead = Seconds{0.4}});
        for (std::size_t i = 0; i < 1500; ++i) {
            Item item = steady(i, 0);
            if (i % 4 == 0) item.deviation.reset();
            if (i % 4 == 0) item.measured = was_measured;
            scheduler.add(item);
        }
        for (std::size_t i = 0; i < 10; ++i) scheduler.next(box(i), kNow);
        EXPECT_TRUE(scheduler.has_queued());
    }
}

TEST(Scheduler, WhatThisRunShowsCountsMoreThanEarlierRuns) {
    const auto wild = [](std::size_t slot) { return slot % 2 == 0 ? 1.0 : 3.0; };
    const auto punctual = [](std::size_t) { return 1.0; };
    EXPECT_TRUE(third_batches_after([](std::size_t i) { return steady(i, 0.02); }, wild));
    EXPECT_FALSE(third_batches_after([](std::size_t i) { return steady(i, 0.9); }, punctual));
}

// Ten seconds of steady tests for each of three slots.
Scheduler of_whole_shares() {
    Scheduler scheduler({.slots = 3, .batch_overhead = Seconds{1}});
    for (std::size_t i = 0; i < 300; ++i) {
        Item item = steady(i, 0);
        item.expected = Seconds{0.1};
        scheduler.add(item);
    }
    return scheduler;
}

TEST(Scheduler, SlotsThatComeLateLeaveNoCrumbs) {
    Scheduler scheduler = of_whole_shares();
    scheduler.next(box(0), kNow);
    // By then, the others' share has shrunk to less than a third each.
    scheduler.next(box(1), Seconds{2.5});
    EXPECT_THAT(tests_of(scheduler.next(box(2), Seconds{2.5})), SizeIs(100));
    EXPECT_FALSE(scheduler.has_queued());
}

TEST(Scheduler, SlotsThatComeVeryLateGetLess) {
    Scheduler scheduler = of_whole_shares();
    scheduler.next(box(0), kNow);
    EXPECT_THAT(tests_of(scheduler.next(box(1), Seconds{9})), SizeIs(Lt(90)));
}

TEST(Scheduler, CommandStaysBelowItsLimit) {  // TRAPS 28
    Scheduler scheduler({.slots = 1, .command_bytes = 10, .batch_overhead = Seconds{100}});
    for (std::size_t i = 0; i < 7; ++i) {
        Item item = known(i, 1);
        item.command_bytes = 3;
        scheduler.add(item);
    }
    Item huge = known(7, 0.5);
    huge.command_bytes = 50;
    scheduler.add(huge);
    EXPECT_THAT(drain(scheduler, box(0)), ElementsAre(3, 3, 1, 1));
}

TEST(Scheduler, BatchIsPlannedWellBelowTheTimeLimit) {
    Scheduler scheduler({.slots = 1, .time_limit = Seconds{100}, .batch_overhead = Seconds{10}});
    for (std::size_t i = 0; i < 20; ++i) scheduler.add(known(i, 10));
    scheduler.add(known(20, 500));
    const auto sizes = drain(scheduler, box(0));
    EXPECT_THAT(sizes, ElementsAre(1, 7, 7, 6));
}

TEST(Scheduler, WhatARunnerNeedsAroundEachTestCounts) {  // TRAPS 37
    Scheduler scheduler({.slots = 1, .time_limit = Seconds{100}, .test_overhead = Seconds{9}});
    for (std::size_t i = 0; i < 20; ++i) scheduler.add(known(i, 1));
    EXPECT_EQ(scheduler.remaining(kNow), Seconds{200});
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), SizeIs(8));
    EXPECT_EQ(scheduler.remaining(kNow), Seconds{200});
    EXPECT_EQ(scheduler.remaining(Seconds{30}), Seconds{170});
}

TEST(Scheduler, LearnsWhatARunnerNeedsAroundEachTest) {  // TRAPS 37
    Scheduler scheduler({.slots = 1, .command_bytes = 12});
    for (std::size_t i = 0; i < 60; ++i) {
        Item item = known(i, 1);
        item.command_bytes = 1 + i % 5;
        scheduler.add(item);
    }
    for (std::size_t i = 0; i < 8; ++i) {
        const auto tests = tests_of(scheduler.next(box(0), kNow));
        for (const TestIndex test : tests) scheduler.finished(box(0), test, kNow);
        const auto count = static_cast<double>(tests.size());
        scheduler.ended(box(0), kNow, BatchTime{Seconds{count}, Seconds{3 + 4 * count}});
    }
    const auto left = static_cast<double>(scheduler.clear().size());
    for (std::size_t i = 60 - static_cast<std::size_t>(left); i < 60; ++i) {
        scheduler.requeue(std::vector{at(i)}, std::nullopt);
    }
    ASSERT_GT(left, 5);
    EXPECT_NEAR(scheduler.remaining(kNow)->count(), 3 + 5 * left, 1e-6);
}

TEST(Scheduler, CountsOfTestsAreNoSecondsToAddTo) {
    Scheduler scheduler({.slots = 2, .test_overhead = Seconds{5}});
    for (std::size_t i = 0; i < 8; ++i) scheduler.add(unknown(i));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), SizeIs(4));
    EXPECT_THAT(tests_of(scheduler.next(box(1), kNow)), SizeIs(4));
}

TEST(Scheduler, TestsOfOneFileStandTogetherInTableOrder) {
    Scheduler scheduler({.slots = 1, .batch_overhead = Seconds{100}});
    for (std::size_t i = 0; i < 6; ++i)
        scheduler.add(known(i, 1 + static_cast<double>(i), 1 + i % 2));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)),
                ElementsAre(at(1), at(3), at(5), at(0), at(2), at(4)));
}

TEST(Scheduler, FileIsKeptTogetherWhereItCostsNoBalance) {
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 30; ++i) scheduler.add(known(i, 1, 1 + i % 3));
    std::set<std::size_t> files;
    for (const TestIndex test : tests_of(scheduler.next(box(0), kNow))) {
        files.insert(test.value() % 3);
    }
    EXPECT_THAT(files, SizeIs(1));
}

TEST(Scheduler, BondedTestsAreNeverParted) {
    std::mt19937 random(11);
    for (int round = 0; round < 200; ++round) {
        const bool durations = round % 2 == 0;
        const bool workers = round % 4 < 2;
        Scheduler scheduler({.slots = 1 + random() % 5, .ahead = Seconds{workers ? 0.2 : 0}});
        std::vector<std::size_t> bond_of;  // from 5 on: of none, only a file
        for (std::size_t i = 0; i < 40; ++i) {
            bond_of.push_back(1 + random() % 8);
            const double seconds = 0.01 * static_cast<double>(random() % 300);
            Item item = durations ? known(i, seconds, bond_of[i]) : unknown(i, bond_of[i]);
            item.bonded = bond_of[i] < 5;
            scheduler.add(item);
        }
        const std::set<std::size_t> all(bond_of.begin(), bond_of.end());
        const auto bonds = static_cast<std::size_t>(std::distance(all.begin(), all.lower_bound(5)));
        const auto free = static_cast<std::size_t>(
            std::ranges::count_if(bond_of, [](std::size_t bond) { return bond >= 5; }));
        EXPECT_EQ(scheduler.startable(100), bonds + free);  // TRAPS 35
        std::size_t given = 0;
        std::set<std::size_t> complete_bonds;
        const auto take = [&](const std::vector<TestIndex>& tests) {
            given += tests.size();
            std::set<std::size_t> here;
            for (const auto test : tests) here.insert(bond_of[test.value()]);
            for (const auto bond : here) {
                if (bond >= 5) continue;
                EXPECT_TRUE(complete_bonds.insert(bond).second) << "in two parts";
            }
        };
        while (const auto assignment = scheduler.next(box(0), kNow)) {
            take(assignment->tests);
            for (const auto test : assignment->tests) scheduler.finished(box(0), test, kNow);
            for (auto more = scheduler.more(box(0), kNow); !more.empty();
                 more = scheduler.more(box(0), kNow)) {
                take(more);
                for (const auto test : more) scheduler.finished(box(0), test, kNow);
            }
            scheduler.ended(box(0), kNow, std::nullopt);
        }
        EXPECT_EQ(given, 40U);
    }
}

TEST(Scheduler, ABondIsPartedOnlyWhereTheCommandWouldBeTooLong) {  // TRAPS 28
    Scheduler scheduler({.slots = 3, .command_bytes = 4});
    for (std::size_t i = 0; i < 10; ++i) {
        Item item = known(i, 1, 1);
        item.bonded = true;
        scheduler.add(item);
    }
    EXPECT_EQ(scheduler.startable(9), 1U);
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; scheduler.has_queued(); ++i) {
        EXPECT_GE(scheduler.startable(1), 1U);
        sizes.push_back(tests_of(scheduler.next(box(i), kNow)).size());
    }
    EXPECT_THAT(sizes, ElementsAre(4, 4, 2));
}

TEST(Scheduler, BatchHoldsOneGroupOnly) {
    Scheduler scheduler({.slots = 1, .batch_overhead = Seconds{100}});
    for (std::size_t i = 0; i < 10; ++i) scheduler.add(known(i, 1, 0, i % 2));
    for (int round = 0; round < 2; ++round) {
        const auto assignment = scheduler.next(box(0), kNow);
        ASSERT_TRUE(assignment);
        EXPECT_THAT(assignment->tests, SizeIs(5));
        for (const TestIndex test : assignment->tests) {
            EXPECT_EQ(test.value() % 2, assignment->group.value());
        }
        complete(scheduler, box(0), assignment->tests);
    }
}

TEST(Scheduler, LoneTestsAreAloneAlsoWhenTheyComeBack) {
    Scheduler scheduler({.slots = 1, .batch_overhead = Seconds{100}});
    for (std::size_t i = 0; i < 4; ++i) {
        Item item = known(i, 1);
        item.alone = i < 2;
        scheduler.add(item);
    }
    const auto first = tests_of(scheduler.next(box(0), kNow));
    complete(scheduler, box(0), first);
    scheduler.requeue(first, std::nullopt);
    EXPECT_THAT(drain(scheduler, box(0)), UnorderedElementsAre(1, 1, 2));
}

TEST(Scheduler, LoneBondsAreAloneAndWhole) {
    for (const bool streaming : {false, true}) {
        Scheduler scheduler({.slots = 2, .ahead = Seconds{streaming ? 1.0 : 0.0}});
        for (std::size_t i = 0; i < 9; ++i) {
            Item item = unknown(i, 1 + i % 3);
            item.alone = item.bonded = true;
            scheduler.add(item);
        }
        EXPECT_EQ(scheduler.startable(9), 3U);
        std::set<std::vector<TestIndex>> batches;
        while (scheduler.has_queued()) {
            const auto batch = tests_of(scheduler.next(box(0), kNow));
            EXPECT_TRUE(scheduler.more(box(0), kNow).empty());
            batches.insert(batch);
            complete(scheduler, box(0), batch);
        }
        EXPECT_THAT(batches,
                    ElementsAre(ElementsAre(at(0), at(3), at(6)), ElementsAre(at(1), at(4), at(7)),
                                ElementsAre(at(2), at(5), at(8))));
    }
}

TEST(Scheduler, UnknownTestsAreDealtEvenly) {
    Scheduler scheduler({.slots = 3});
    for (std::size_t i = 0; i < 10; ++i) scheduler.add(unknown(i));
    std::vector<std::size_t> sizes;
    for (std::size_t slot = 0; slot < 3; ++slot) {
        sizes.push_back(tests_of(scheduler.next(box(slot), kNow)).size());
    }
    EXPECT_THAT(sizes, UnorderedElementsAre(4, 3, 3));
    EXPECT_FALSE(scheduler.has_queued());
}

TEST(Scheduler, UnknownTestsKeepTheirFileWhereTheShareAllowsIt) {
    Scheduler scheduler({.slots = 4});
    for (std::size_t i = 0; i < 40; ++i) scheduler.add(unknown(i, 1 + i / 5));
    for (std::size_t slot = 0; slot < 4; ++slot) {
        std::set<std::size_t> files;
        const auto tests = tests_of(scheduler.next(box(slot), kNow));
        for (const TestIndex test : tests) files.insert(test.value() / 5);
        EXPECT_THAT(tests, SizeIs(10));
        EXPECT_THAT(files, SizeIs(2));
    }
}

TEST(Scheduler, UnknownNeighboursAreSpreadOverTheSlots) {
    Scheduler scheduler({.slots = 4});
    for (std::size_t i = 0; i < 400; ++i) scheduler.add(unknown(i));
    const auto tests = tests_of(scheduler.next(box(0), kNow));
    std::size_t in_first_quarter = 0;
    for (const TestIndex test : tests) in_first_quarter += test.value() < 100;
    EXPECT_LT(in_first_quarter, 50);
}

TEST(Scheduler, UnknownGroupsShareTheSlots) {
    Scheduler scheduler({.slots = 4});
    for (std::size_t i = 0; i < 40; ++i) scheduler.add(unknown(i, 0, i < 30 ? 0 : 1));
    std::vector<std::size_t> sizes;
    for (std::size_t slot = 0; slot < 4; ++slot) {
        sizes.push_back(tests_of(scheduler.next(box(slot), kNow)).size());
    }
    EXPECT_THAT(sizes, ElementsAre(10, 10, 10, 10));
}

TEST(Scheduler, FailureRunsAgainBeforeFreshTests) {
    Scheduler scheduler({.slots = 1});
    for (std::size_t i = 0; i < 3; ++i) scheduler.add(known(i, 1));
    const auto first = tests_of(scheduler.next(box(0), kNow));
    complete(scheduler, box(0), first);
    scheduler.retry(first[0], box(9));
    EXPECT_EQ(tests_of(scheduler.next(box(0), kNow)).at(0), first[0]);
}

TEST(Scheduler, RetryPrefersAnotherSandbox) {
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 4; ++i) scheduler.add(known(i, 1));
    const auto failed = tests_of(scheduler.next(box(0), kNow));
    complete(scheduler, box(0), failed);
    scheduler.retry(failed[0], box(0));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), testing::Not(testing::Contains(failed[0])));
    EXPECT_THAT(tests_of(scheduler.next(box(1), kNow)), ElementsAre(failed[0]));
}

TEST(Scheduler, NoSlotIdlesForThatPreference) {  // TRAPS 21
    Scheduler scheduler({.slots = 2});
    scheduler.add(known(0, 1));
    complete(scheduler, box(0), tests_of(scheduler.next(box(0), kNow)));
    scheduler.retry(at(0), box(0));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(0)));
    complete(scheduler, box(0), {at(0)});
    scheduler.retry_whole({at(0)}, box(0));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(0)));
}

TEST(Scheduler, RetryMayRunWhileItsFirstBatchGoesOn) {
    Scheduler scheduler({.slots = 2, .batch_overhead = Seconds{100}});
    for (std::size_t i = 0; i < 4; ++i) scheduler.add(known(i, 1));
    const auto first = tests_of(scheduler.next(box(0), kNow));
    complete(scheduler, box(1), tests_of(scheduler.next(box(1), kNow)));
    scheduler.finished(box(0), first[0], Seconds{1});
    scheduler.retry(first[0], box(0));
    EXPECT_THAT(tests_of(scheduler.next(box(1), Seconds{1})), ElementsAre(first[0]));
    scheduler.finished(box(0), first[0], Seconds{2});  // not its own any more
    scheduler.ended(box(0), Seconds{2}, std::nullopt);
    EXPECT_TRUE(scheduler.has_running());
    scheduler.finished(box(1), first[0], Seconds{2});
    scheduler.ended(box(1), Seconds{2}, std::nullopt);
    EXPECT_FALSE(scheduler.has_running());
    EXPECT_FALSE(scheduler.has_queued());
}

TEST(Scheduler, TestIsNeverQueuedTwice) {  // TRAPS 13
    Scheduler scheduler({.slots = 1, .batch_overhead = Seconds{100}});
    scheduler.add(known(0, 1));
    scheduler.add(known(0, 1));
    scheduler.retry(at(0), box(1));
    scheduler.requeue(std::vector{at(0), at(0)}, std::nullopt);
    scheduler.requeue_together({at(0), at(0)});
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(0)));
    EXPECT_FALSE(scheduler.has_queued());
    complete(scheduler, box(0), {at(0)});
    scheduler.requeue_together({at(0), at(0)});
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(0)));
}

TEST(Scheduler, SuspectsRunInABatchOfExactlyTheirOwn) {  // TRAPS 19
    Scheduler scheduler({.slots = 1, .batch_overhead = Seconds{100}});
    for (std::size_t i = 0; i < 6; ++i) scheduler.add(known(i, 1));
    const auto all = tests_of(scheduler.next(box(0), kNow));
    scheduler.ended(box(0), kNow, std::nullopt);
    scheduler.requeue(std::vector{at(4), at(5)}, std::nullopt);
    scheduler.requeue_together({at(2), at(0)});
    scheduler.requeue_together({at(1), at(3)});
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(2), at(0)));
    complete(scheduler, box(0), {at(2), at(0)});
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(1), at(3)));
    complete(scheduler, box(0), {at(1), at(3)});
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), UnorderedElementsAre(at(4), at(5)));
}

TEST(Scheduler, WholeBatchesComeBackAsTheyWere) {
    Scheduler scheduler({.slots = 2, .whole_batches = true});
    for (std::size_t i = 0; i < 6; ++i) scheduler.add(unknown(i));
    const auto first = tests_of(scheduler.next(box(0), kNow));
    const auto second = tests_of(scheduler.next(box(1), kNow));
    complete(scheduler, box(0), first);
    complete(scheduler, box(1), second);
    scheduler.retry_whole(first, box(0));
    scheduler.requeue(second, box(1));
    EXPECT_EQ(tests_of(scheduler.next(box(1), kNow)), first);
    EXPECT_EQ(tests_of(scheduler.next(box(0), kNow)), second);
}

TEST(Scheduler, NoMoreSandboxesHaveAUseThanThereAreBatches) {  // TRAPS 35
    Scheduler scheduler({.slots = 10});
    for (std::size_t i = 0; i < 3; ++i) scheduler.add(known(i, 1));
    EXPECT_EQ(scheduler.startable(10), 3);
    EXPECT_EQ(scheduler.startable(2), 2);
    const auto taken = tests_of(scheduler.next(box(0), kNow));
    EXPECT_THAT(taken, SizeIs(1));
    EXPECT_EQ(scheduler.startable(10), 2);
    scheduler.ended(box(0), kNow, std::nullopt);
    scheduler.requeue_together({taken[0]});
    EXPECT_EQ(scheduler.startable(10), 3);
}

TEST(Scheduler, EverySandboxThatHasAUseIsGivenABatch) {  // TRAPS 35
    Scheduler scheduler({.slots = 3, .batch_overhead = Seconds{5}});
    scheduler.add(known(0, 0.5));
    scheduler.add(known(1, 0.1));
    scheduler.add(known(2, 0.1));
    for (std::size_t slot = 0; slot < 3; ++slot) {
        EXPECT_THAT(tests_of(scheduler.next(box(slot), kNow)), SizeIs(1));
    }
}

TEST(Scheduler, ClearTakesOutAllThatIsQueuedAndLeavesWhatRuns) {
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 8; ++i) scheduler.add(known(i, 1, 1));
    scheduler.add(known(8, 100));
    EXPECT_THAT(tests_of(scheduler.next(box(0), kNow)), ElementsAre(at(8)));
    const auto second = tests_of(scheduler.next(box(1), kNow));
    complete(scheduler, box(1), second);
    scheduler.requeue_together(second);
    EXPECT_THAT(scheduler.clear(),
                ElementsAre(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)));
    EXPECT_FALSE(scheduler.has_queued());
    EXPECT_TRUE(scheduler.has_running());
    EXPECT_FALSE(scheduler.next(box(1), kNow));
    EXPECT_THAT(scheduler.clear(), IsEmpty());
}

TEST(Scheduler, RemainingTimeFallsAsTestsFinish) {
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 8; ++i) scheduler.add(known(i, 10));
    EXPECT_EQ(scheduler.remaining(kNow), Seconds{40});
    const auto tests = tests_of(scheduler.next(box(0), kNow));
    EXPECT_EQ(scheduler.remaining(kNow), Seconds{40});
    EXPECT_EQ(scheduler.remaining(Seconds{4}), Seconds{38});
    complete(scheduler, box(0), tests, Seconds{20});
    EXPECT_EQ(scheduler.remaining(Seconds{20}),
              Seconds{(8.0 - static_cast<double>(tests.size())) * 5});
}

TEST(Scheduler, StartUpIsNoProgress) {
    Scheduler scheduler({.slots = 1, .batch_overhead = Seconds{5}});
    scheduler.add(known(0, 10));
    scheduler.next(box(0), Seconds{0});
    EXPECT_EQ(scheduler.remaining(Seconds{4}), Seconds{10});
    EXPECT_EQ(scheduler.remaining(Seconds{7}), Seconds{8});
    scheduler.began(box(0), Seconds{8});
    EXPECT_EQ(scheduler.remaining(Seconds{8}), Seconds{10});
    EXPECT_EQ(scheduler.remaining(Seconds{10}), Seconds{8});
}

TEST(Scheduler, OneLongTestIsNotTakenForAll) {
    Scheduler scheduler({.slots = 2});
    for (std::size_t i = 0; i < 400; ++i) scheduler.add(unknown(i));
    const auto light = tests_of(scheduler.next(box(0), kNow));
    ASSERT_GT(light.size(), 80U);
    for (std::size_t i = 0; i < 80; ++i) {
        scheduler.finished(box(0), light[i], Seconds{static_cast<double>(i)});
    }
    const auto heavy = tests_of(scheduler.next(box(1), kNow));
    scheduler.finished(box(1), heavy[0], Seconds{80});
    scheduler.ended(box(1), Seconds{80}, std::nullopt);
    scheduler.requeue(std::vector(heavy.begin() + 1, heavy.end()), std::nullopt);
    // 81 tests have taken 160 seconds of two sandboxes.
    EXPECT_NEAR(scheduler.remaining(Seconds{80})->count(), 319 * 160.0 / 81 / 2, 1);
}

TEST(Scheduler, RemainingTimeIsUnknownUntilSomethingIsKnown) {
    Scheduler scheduler({.slots = 2});
    EXPECT_EQ(scheduler.remaining(kNow), Seconds{0});
    for (std::size_t i = 0; i < 8; ++i) scheduler.add(unknown(i));
    EXPECT_EQ(scheduler.remaining(kNow), std::nullopt);
    complete(scheduler, box(0), tests_of(scheduler.next(box(0), kNow)), Seconds{40});
    EXPECT_EQ(scheduler.remaining(Seconds{40}), Seconds{20});
}

}  // namespace
}  // namespace offload::schedule
