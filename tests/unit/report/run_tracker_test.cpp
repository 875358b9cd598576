#include "run_tracker.hpp"

#include <gtest/gtest.h>

#include <random>

#include "run_script.hpp"

namespace offload::report {
namespace {

class TrackerSink final : public Sink {
  public:
    std::string_view name() const override { return "tracker"; }
    bool required() const override { return false; }
    Result<> consume(const Event& event) override {
        tracker.apply(event);
        return {};
    }
    RunTracker tracker;
};

std::vector<std::string> numbered(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back("t" + std::to_string(i));
    return ids;
}

class RunTrackerTest : public testing::Test {
  protected:
    RunTrackerTest() { run.sinks = {&sink}; }
    TrackerSink sink;
    RunTracker& tracker = sink.tracker;
    RunScript run;
};

TEST_F(RunTrackerTest, GoesThroughItsPhases) {
    run.start();
    EXPECT_EQ(tracker.phase(), Phase::Collecting);
    run.discover({"a"});
    EXPECT_EQ(tracker.phase(), Phase::Preparing);
    run.sandbox(0);
    run.batch(0, 0, {0});
    EXPECT_EQ(tracker.phase(), Phase::Running);
    run.attempt({.test = 0, .result = passed()});
    run.decided(0, Status::Passed);
    EXPECT_EQ(tracker.phase(), Phase::Finishing);
}

TEST_F(RunTrackerTest, CountsRunningTestsOfBatchesAndOfWorkers) {
    run.start();
    run.discover({"a", "b", "c", "d", "e"});
    run.batch(0, 0, {0, 1, 2});
    EXPECT_EQ(tracker.running(), 1U);
    EXPECT_EQ(tracker.remaining(), 4U);
    run.attempt({.test = 0, .batch = 0, .result = passed()});
    run.decided(0, Status::Passed);
    EXPECT_EQ(tracker.running(), 1U);
    run.batch(1, 1, {3, 4});
    run.test_started(3, 1);
    EXPECT_EQ(tracker.running(), 2U);
    EXPECT_EQ(tracker.remaining(), 2U);
    run.attempt({.test = 3, .batch = 1, .result = failed()}, true);
    EXPECT_EQ(tracker.running(), 1U);
    EXPECT_EQ(tracker.remaining(), 3U);
    run.batch_finished(0, BatchOutcome::Error);
    EXPECT_EQ(tracker.running(), 0U);
    EXPECT_EQ(tracker.remaining(), 4U);
}

TEST_F(RunTrackerTest, ModulesThatCouldNotBeCollectedAddToTheTotal) {
    run.start();
    run.tell(TestDiscovered{
        .test = {}, .id = "broken.py", .group = {}, .file = {}, .kind = TestKind::CollectionError});
    run.decided(0, Status::Errored);
    run.tell(RunPlanned{.selected = 2, .durations_known = false});
    EXPECT_EQ(tracker.total(), 3U);
    EXPECT_EQ(tracker.remaining(), 2U);
    EXPECT_NE(tracker.phase(), Phase::Finishing);
}

TEST_F(RunTrackerTest, ListsTheLongestRunningFirst) {
    run.start();
    run.discover({"a", "b", "c"});
    run.batch(0, 0, {0});
    run.tick(1);
    run.batch(1, 1, {1, 2});
    const auto all = tracker.longest_running(5);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].test, TestIndex(0));
    EXPECT_FALSE(all[1].test);
    EXPECT_EQ(all[1].tests, 2U);
    EXPECT_EQ(tracker.longest_running(1).size(), 1U);
}

TEST_F(RunTrackerTest, CountsSandboxes) {
    run.tell(SandboxCreating{.sandbox = SandboxNumber(0), .slot = SlotNumber(0)});
    EXPECT_EQ(tracker.sandboxes_coming(), 1U);
    run.sandbox(0);
    EXPECT_EQ(tracker.sandboxes_coming(), 0U);
    EXPECT_EQ(tracker.sandboxes_up(), 1U);
    run.tell(SandboxEnded{.sandbox = SandboxNumber(0), .id = "x", .trouble = {}});
    EXPECT_EQ(tracker.sandboxes_up(), 0U);
}

TEST_F(RunTrackerTest, EstimatesFromTheRate) {
    run.start();
    run.discover(numbered(100));
    run.batch(0, 0, {});
    EXPECT_FALSE(tracker.time_left(run.now));
    for (std::size_t i = 0; i < 40; ++i) {
        run.tick(1);
        run.decided(i, Status::Passed);
    }
    ASSERT_TRUE(tracker.time_left(run.now));
    EXPECT_NEAR(tracker.time_left(run.now)->count(), 60, 1);
}

// The heaviest tests run first: by their number alone, the rest would seem to take hours.
TEST_F(RunTrackerTest, EstimatesFromExpectedDurationsWhereTheyAreKnown) {
    std::vector<KnownDuration> known;
    for (const auto& id : numbered(100))
        known.emplace_back(id, Seconds{known.size() < 10 ? 5 : 0.1});
    known.pop_back();  // unknown: taken for an average one
    tracker = RunTracker(known);
    run.start();
    run.discover(numbered(100));
    run.batch(0, 0, {});
    for (std::size_t i = 0; i < 10; ++i) {
        run.tick(5);
        run.decided(i, Status::Passed);
    }
    ASSERT_TRUE(tracker.time_left(run.now));
    EXPECT_NEAR(tracker.time_left(run.now)->count(), 9.5, 0.5);
}

// TRAPS 37
TEST_F(RunTrackerTest, TheSchedulersForecastComesFirst) {
    run.start();
    run.discover(numbered(100));
    tracker.forecast(run.now, Seconds{30});
    EXPECT_NEAR(tracker.time_left(run.now + Seconds{2}).value_or(Seconds{0}).count(), 28, 1e-9);
    run.batch(0, 0, {});
    for (std::size_t i = 0; i < 40; ++i) {
        run.tick(1);
        run.decided(i, Status::Passed);
    }
    EXPECT_NEAR(tracker.time_left(run.now).value_or(Seconds{0}).count(), 60, 1) << "it is outdated";
    tracker.forecast(run.now, Seconds{0.5});
    EXPECT_FALSE(tracker.time_left(run.now));
}

TEST_F(RunTrackerTest, ChosenTestsAreEstimatedFromTheirNumber) {
    tracker = RunTracker({{"t0", Seconds(1)}, {"t99", Seconds(1000)}});
    run.start();
    run.discover(numbered(100));
    run.tell(RunPlanned{.selected = 20, .durations_known = true});
    run.batch(0, 0, {});
    for (std::size_t i = 0; i < 10; ++i) {
        run.tick(1);
        run.decided(i, Status::Passed);
    }
    ASSERT_TRUE(tracker.time_left(run.now));
    EXPECT_NEAR(tracker.time_left(run.now)->count(), 10, 1);
}

// TRAPS 7: the totals add up, whatever comes.
TEST_F(RunTrackerTest, NumbersAlwaysAddUp) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    run.start();
    run.discover(std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h"});
    std::vector<bool> decided(8);
    for (int i = 0; i < 2000; ++i) {
        const std::size_t test = random() % 8;
        const std::size_t batch = random() % 4;
        switch (random() % 5) {
            case 0:
                run.batch(batch, 0, {test, (test + 1) % 8});
                break;
            case 1:
                run.test_started(test, batch);
                break;
            case 2:
                run.attempt({.test = test, .batch = batch});
                break;
            case 3:
                run.batch_finished(batch, BatchOutcome::Cancelled);
                break;
            default:
                if (!decided[test] && random() % 50 == 0) {
                    decided[test] = true;
                    run.decided(test, static_cast<Status>(random() % 6));
                }
        }
        EXPECT_EQ(tracker.decided() + tracker.running() + tracker.remaining(), 8U);
    }
}

}  // namespace
}  // namespace offload::report
