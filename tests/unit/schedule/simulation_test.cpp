// Whole runs on a virtual clock, with random worlds.
#include "offload/simulator/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "offload/simulator/dice.hpp"
#include "offload/simulator/worlds.hpp"

namespace offload::simulator {
namespace {

using testing::IsEmpty;

struct Kind {
    bool exact = false;   // expected durations are the real ones
    bool breaks = false;  // crashes, hangs, left-out tests
    bool losses = false;
    bool overheads = false;
    bool instant_sandboxes = false;
    bool hedges = false;  // and stragglers that give reason for them
    bool workers = false;
    bool resources = false;
};

// Most need nothing; some need a lot, or more than there is.
Needs random_needs(Dice& dice) {
    Needs needs;
    if (dice.chance(0.5)) return needs;
    if (dice.chance(0.2)) needs.slots = dice.chance(0.3) ? Needs::kAllSlots : 1 + dice.below(4);
    const std::size_t claims = dice.below(3);
    for (std::size_t i = 0; i < claims; ++i) {
        needs.claims.push_back({std::string(1, static_cast<char>('a' + dice.below(3))),
                                1 + dice.below(dice.chance(0.2) ? 9 : 2)});
    }
    return needs;
}

World random_world(Dice& dice, Kind kind) {
    World world;
    const std::size_t groups = 1 + dice.below(3);
    for (std::size_t g = 0; g < groups; ++g) world.retry_counts.push_back(dice.below(4));
    world.slots = 1 + dice.below(dice.chance(0.2) ? 40 : 6);
    world.streaming = kind.exact || dice.chance(0.5);
    if (kind.overheads) {
        world.overhead = Seconds{dice.between(0, 5)};
        const bool instant = kind.instant_sandboxes || dice.chance(0.5);
        world.creation = Seconds{instant ? 0 : dice.between(0, 30)};
        if (dice.chance(0.5)) world.known_overhead = world.overhead;
    }
    if (dice.chance(0.2)) world.command_bytes = 1 + dice.below(60);
    const bool known = kind.exact || dice.chance(0.5);
    const std::size_t files = 1 + dice.below(10);
    const std::size_t count = dice.chance(0.1) ? 1 + dice.below(3) : 1 + dice.below(80);
    Seconds longest{0};
    for (std::size_t i = 0; i < count; ++i) {
        Case test;
        test.duration = dice.duration();
        longest = std::max(longest, test.duration);
        if (known) test.expected = kind.exact ? test.duration : dice.duration();
        test.group = GroupIndex(dice.below(groups));
        test.affinity = dice.below(files);
        test.command_bytes = 1 + dice.below(10);
        test.alone = dice.chance(0.05);
        if (kind.resources) test.needs = random_needs(dice);
        if (dice.chance(0.15)) test.failures = 1 + dice.below(4);
        if (kind.breaks && dice.chance(0.05)) {
            test.fate = static_cast<Fate>(1 + dice.below(3));
            test.failures = 0;
        }
        world.cases.push_back(test);
    }
    if (kind.losses) world.losses_per_hour = 3600 / (4 * (longest + world.overhead).count() + 10);
    if (kind.breaks) world.time_limit = (longest + world.overhead) * dice.between(1.1, 5);
    world.seed = dice.below(1000000);
    if (kind.resources) world.capacities = {{"a", 1 + dice.below(3)}, {"b", 1}};
    if (kind.workers) {
        world.streaming = true;
        world.ahead = Seconds{dice.between(0.01, 2)};
    }
    if (kind.hedges) {
        world.hedges = true;
        world.measured = dice.chance(0.9);
        world.straggling = dice.between(0, 0.2);
        world.straggling_factor = dice.between(1, 30);
        // Nobody's fault, so no timeout; and what hangs must come to its time limit.
        world.time_limit *= world.straggling_factor;
        world.losses_per_hour /= world.straggling_factor;
    }
    return world;
}

// What a test's verdict must be, whatever the schedule was.
void expect_verdicts(const World& world, const Report& report) {
    ASSERT_EQ(report.verdicts.size(), world.cases.size());
    for (std::size_t i = 0; i < world.cases.size(); ++i) {
        const Case& test = world.cases[i];
        const Verdict& verdict = report.verdicts[i];
        const std::size_t most = 1 + world.retry_counts[test.group.value()];
        ASSERT_LE(verdict.attempts.size(), most) << "test " << i;
        switch (test.fate) {
            case Fate::Regular:
                ASSERT_EQ(verdict.attempts.size(), std::min(most, test.failures + 1)) << i;
                ASSERT_EQ(verdict.status, test.failures == 0     ? Status::Passed
                                          : test.failures < most ? Status::Flaky
                                                                 : Status::Failed)
                    << "test " << i;
                break;
            case Fate::Crashes:
            case Fate::Hangs:
                ASSERT_EQ(verdict.attempts.size(), most) << "test " << i;
                ASSERT_EQ(verdict.status, Status::Errored) << "test " << i;
                for (const Attempt& attempt : verdict.attempts) {
                    ASSERT_EQ(attempt.result.type,
                              test.fate == Fate::Crashes ? kCrashType : kTimeoutType);
                }
                break;
            case Fate::LeftOut:
                ASSERT_EQ(verdict.status, Status::NotRun) << "test " << i;
                ASSERT_FALSE(verdict.not_run_reason.empty());
                break;
        }
    }
}

template <class Check>
void for_worlds(std::uint64_t count, Kind kind, Check check) {
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Dice dice(seed);
        const World world = random_world(dice, kind);
        const Report report = simulate(world);
        ASSERT_THAT(report.violations, IsEmpty());
        expect_verdicts(world, report);
        check(world, report);
        if (testing::Test::HasFatalFailure()) return;
    }
}

// TRAPS 13, 21, 33
TEST(Simulation, QuietRunExecutesEachAttemptExactlyOnce) {
    for_worlds(500, {.overheads = true}, [](const World&, const Report& report) {
        for (std::size_t i = 0; i < report.executions.size(); ++i) {
            ASSERT_EQ(report.executions[i], report.verdicts[i].attempts.size()) << "test " << i;
        }
    });
}

// TRAPS 35
TEST(Simulation, NoSandboxIsMadeThatGetsNoBatch) {
    for_worlds(
        300, {.overheads = true, .instant_sandboxes = true},
        [](const World&, const Report& report) { ASSERT_LE(report.sandboxes, report.batches); });
}

// TRAPS 23
TEST(Simulation, LostSandboxesChangeNoVerdict) {
    std::size_t lost = 0;
    for_worlds(400, {.losses = true, .overheads = true},
               [&](const World&, const Report& report) { lost += report.lost; });
    EXPECT_GT(lost, 300);
}

// TRAPS 18, 19, 21
TEST(Simulation, CrashesHangsAndLeftOutTestsHurtNoOtherTest) {
    for_worlds(300, {.breaks = true, .overheads = true}, [](const World&, const Report&) {});
}

TEST(Simulation, EverythingAtOnceStillEndsWithTheRightVerdicts) {
    for_worlds(300, {.breaks = true, .losses = true, .overheads = true},
               [](const World&, const Report&) {});
}

// TRAPS 13, 34
TEST(Simulation, DuplicatesOfStragglersChangeNoVerdict) {
    std::size_t hedges = 0;
    std::size_t cancelled = 0;
    const auto check = [&](const World&, const Report& report) {
        hedges += report.hedges;
        cancelled += report.cancelled;
    };
    for_worlds(400, {.overheads = true, .hedges = true}, check);
    EXPECT_GT(hedges, 50);
    EXPECT_GT(cancelled, 50);
    for_worlds(400, {.breaks = true, .losses = true, .overheads = true, .hedges = true}, check);
}

// TRAPS 21
TEST(Simulation, ResourcesAreNeverOverdrawnAndNobodyStarves) {
    const auto nothing = [](const World&, const Report&) {};
    for_worlds(400, {.overheads = true, .resources = true}, nothing);
    for_worlds(300, {.breaks = true, .losses = true, .overheads = true, .resources = true},
               nothing);
    for_worlds(300, {.overheads = true, .hedges = true, .resources = true}, nothing);
    for_worlds(
        300,
        {.breaks = true, .losses = true, .overheads = true, .workers = true, .resources = true},
        nothing);
}

// TRAPS 35
TEST(Simulation, NoSandboxIsMadeForWhatMustWait) {
    for_worlds(
        300, {.overheads = true, .instant_sandboxes = true, .resources = true},
        [](const World&, const Report& report) { ASSERT_LE(report.sandboxes, report.batches); });
}

TEST(Simulation, WhatNeedsALockRunsBesideWhatDoesNot) {
    World world;
    world.retry_counts = {0};
    world.slots = 2;
    for (std::size_t i = 0; i < 200; ++i) {
        Case test;
        test.expected = test.duration = Seconds{i % 2 == 0 ? 1.0 : 1.1};
        if (i % 2 == 0) test.needs.claims = {{"lock"}};
        world.cases.push_back(test);
    }
    const Report report = simulate(world);
    ASSERT_THAT(report.violations, IsEmpty());
    EXPECT_LT(report.makespan.count(), 1.1 * report.lower_bound(world).count());
}

// TRAPS 13, 18, 19, 23
TEST(Simulation, WorkersChangeNoVerdict) {
    for_worlds(300, {.overheads = true, .workers = true}, [](const World&, const Report& report) {
        for (std::size_t i = 0; i < report.executions.size(); ++i) {
            ASSERT_EQ(report.executions[i], report.verdicts[i].attempts.size()) << "test " << i;
        }
    });
    for_worlds(300, {.breaks = true, .losses = true, .overheads = true, .workers = true},
               [](const World&, const Report&) {});
    for_worlds(300,
               {.breaks = true, .losses = true, .overheads = true, .hedges = true, .workers = true},
               [](const World&, const Report&) {});
}

// Graham's bound for any order of work that leaves no slot idle.
TEST(Simulation, WithoutOverheadTheRunStaysWithinWorkPerSlotPlusLongestChain) {
    for_worlds(500, {.exact = true}, [](const World& world, const Report& report) {
        const Seconds bound =
            report.work / static_cast<double>(world.slots) + report.longest + Seconds{1e-6};
        ASSERT_LE(report.makespan, bound) << "slots " << world.slots;
    });
}

// How far from the least possible time a run may be, as it was measured. A policy that gets better
// lowers these; none may get worse unseen.
struct Golden {
    const char* name;
    Setting setting;
    double most;       // makespan in lower bounds
    double ahead = 0;  // in workers that hold so many seconds of work; 0: in batches
};

double ratio_of(const Setting& setting, PolicyKind policy, double ahead = 0) {
    World world = make_world(setting);
    world.policy = policy;
    world.ahead = Seconds{ahead};
    const Report report = simulate(world);
    EXPECT_THAT(report.violations, IsEmpty());
    return report.makespan / report.lower_bound(world);
}

// Ten tests a slot, and a start-up that counts beside them.
Setting fleet(double noise, std::size_t history = 0) {
    return {.tests = 2'000,
            .slots = 200,
            .mean = 1.1,
            .tail = 0.7,
            .noise = noise,
            .history = history,
            .overhead = 0.3,
            .creation = 2};
}

Setting unlike(Setting hosts) {
    hosts.slowness = 0.3;
    return hosts;
}

TEST(Simulation, OneBatchASlotWhereHistorySaysThatEstimatesAreExact) {
    EXPECT_LE(simulate(make_world(fleet(0.005, 3))).batches, 1.05 * 200);
    EXPECT_GT(simulate(make_world(fleet(0.005, 1))).batches, 1.9 * 200);
    EXPECT_GT(simulate(make_world(unlike(fleet(0.005, 3)))).batches, 1.9 * 200);
}

// The history is of hosts that were alike; today's are not, and all work is given out at once.
TEST(Simulation, WhatEarlierRunsDidNotForeseeIsBalancedByDuplicates) {
    World world = make_world(fleet(0.005, 3));
    world.slowness = 0.5;
    const Report report = simulate(world);
    EXPECT_THAT(report.violations, IsEmpty());
    EXPECT_GT(report.hedges, 0);
    EXPECT_LE(report.makespan / report.lower_bound(world), 1.2);
}

TEST(Simulation, NoMoreThanTwoBatchesASlotWhereEstimatesAreExact) {
    const Report exact = simulate(make_world(fleet(0)));
    EXPECT_LE(exact.batches, 2.1 * 200);
    EXPECT_GT(simulate(make_world(fleet(0.2))).batches, 2.5 * 200);
}

// TRAPS 37
TEST(Simulation, TheTimeLeftIsForeseenWithinAFifth) {
    const std::pair<const char*, Setting> all[] = {
        {"heavy tail", {.tests = 20'000, .slots = 200}},
        {"bad estimates", {.tests = 20'000, .slots = 200, .noise = 0.3}},
        {"quick tests", {.tests = 20'000, .slots = 50, .mean = 0.1}},
        {"start-up of a second", {.tests = 4'000, .slots = 20, .mean = 0.5}},
        {"short run", fleet(0.1)},
        {"slow runner", {.tests = 20'000, .slots = 50, .mean = 0.1, .overhead_per_test = 0.01}},
        {"very slow runner", {.tests = 20'000, .slots = 200, .mean = 1, .overhead_per_test = 0.1}},
    };
    for (const auto& [name, setting] : all) {
        for (const double ahead : {0.0, 1.5}) {
            SCOPED_TRACE(testing::Message() << name << ", ahead " << ahead);
            World world = make_world(setting);
            world.ahead = Seconds{ahead};
            world.forecast_interval = Seconds{0.5};
            const Report report = simulate(world);
            ASSERT_FALSE(report.forecasts.empty());
            for (const Forecast& forecast : report.forecasts) {
                const double left = (report.makespan - forecast.at).count();
                // Before there are sandboxes, and for the last breath, no part of it can be told.
                if (forecast.at < 2 * world.creation || left < 0.2 * report.makespan.count())
                    continue;
                EXPECT_NEAR(forecast.left.count(), left, 0.2 * left)
                    << "at " << forecast.at.count();
            }
        }
    }
}

TEST(Simulation, GoldenRatiosAreKept) {
    const Golden all[] = {
        {"heavy tail", {.tests = 20'000, .slots = 200, .deaths = 0.01}, 1.035},
        {"bad estimates", {.tests = 20'000, .slots = 200, .noise = 0.5}, 1.05},
        {"stragglers", {.tests = 20'000, .slots = 200, .straggling = 0.001}, 1.05},
        {"unlike hosts", {.tests = 20'000, .slots = 200, .slowness = 0.3}, 1.04},
        {"quick tests", {.tests = 20'000, .slots = 50, .mean = 0.1}, 1.08},
        {"flaky tests", {.tests = 20'000, .slots = 200, .failures = 0.05}, 1.045},
        {"slow runner",
         {.tests = 20'000, .slots = 50, .mean = 0.1, .overhead_per_test = 0.03},
         1.08},
        {"very slow runner",
         {.tests = 20'000, .slots = 200, .mean = 1, .overhead_per_test = 0.1},
         1.06},
        {"short run", fleet(0.02), 1.08},
        {"short run, history", fleet(0.005, 3), 1.035},
        {"short run, history of unlike hosts", unlike(fleet(0.005, 3)), 1.11},
        {"short run, bad history", fleet(0.2, 3), 1.14},
        {"short run, bad estimates", fleet(0.2), 1.15},
        {"workers", {.tests = 20'000, .slots = 200, .deaths = 0.01}, 1.01, 1.5},
        {"workers, nothing known", {.tests = 20'000, .slots = 200, .unknown = 1}, 1.18, 1.5},
        {"workers, short run", fleet(0.2), 1.09, 1.5},
        {"workers, files", {.tests = 5'000, .slots = 8, .tests_per_file = 20}, 1.005, 1.5},
        {"workers, files, nothing known",
         {.tests = 5'000, .slots = 8, .unknown = 1, .tests_per_file = 20},
         1.03,
         1.5},
    };
    for (const Golden& golden : all) {
        SCOPED_TRACE(golden.name);
        const double ours = ratio_of(golden.setting, PolicyKind::Ours, golden.ahead);
        RecordProperty(golden.name, std::to_string(ours));
        EXPECT_LE(ours, golden.most);
        EXPECT_LE(ours, ratio_of(golden.setting, PolicyKind::RoundRobin));
    }
}

}  // namespace
}  // namespace offload::simulator
