#include "offload/history/last_durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "offload/base/file.hpp"

namespace offload::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

SystemTime at(std::int64_t ms) { return SystemTime(std::chrono::milliseconds(ms)); }

TestResult took(double seconds, Outcome outcome = Outcome::Passed) {
    return {.outcome = outcome, .duration = Seconds{seconds}};
}

// A run of one test.
void take(LastDurations& all, const std::string& run_id, std::string_view id, double seconds,
          std::int64_t ms, Outcome outcome = Outcome::Passed) {
    RunDurations run;
    run.add(TestIndex(0), took(seconds, outcome), at(ms));
    all.take({run_id, {}}, run, [&](TestIndex) { return id; });
}

TEST(LastDurations, WithinARunAPassCountsThenTheLast) {
    RunDurations run;
    const TestIndex a(0);
    const TestIndex b(1);
    const TestIndex c(2);
    run.add(a, took(1), at(1));
    run.add(a, took(9, Outcome::Failed), at(2));
    run.add(b, took(8, Outcome::Failed), at(1));
    run.add(b, took(2, Outcome::Errored), at(2));
    run.add(c, took(8, Outcome::Failed), at(1));
    run.add(c, took(3), at(2));
    run.add(TestIndex(3), took(3, Outcome::Skipped), at(1));
    run.add(TestIndex(4), took(0), at(1));
    EXPECT_THAT(run.by_test(),
                ElementsAre(Measured{1, 1, true}, Measured{2, 2, false}, Measured{2, 3, true}));
}

TEST(LastDurations, KeepHowManyProcessorsATestKeptBusyWhereItWasMoreThanOne) {
    RunDurations run;
    auto wide = took(2);
    wide.cpu = Seconds{3.82};
    auto waits = took(2);
    waits.cpu = Seconds{0.1};
    run.add(TestIndex(0), wide, at(1));
    run.add(TestIndex(1), waits, at(1));
    LastDurations all;
    all.take({"1", {}}, run, [](TestIndex test) { return test.value() == 0 ? "a a" : "b"; });
    const auto text = all.render();
    EXPECT_EQ(text, "offload durations 1 1\n1 2.000000 p1.9 a a\n1 2.000000 p b\n");
    EXPECT_EQ(LastDurations::parse(text).all(), all.all());
    EXPECT_THAT(
        LastDurations::parse("offload durations 1 1\n1 2 p0.5 a\n1 2 pnan b\n1 2 px c\n").all(),
        IsEmpty());
}

// TRAPS 38
TEST(LastDurations, TheNewestCountsWhateverItsOutcomeAndTheOthersStay) {
    LastDurations all;
    take(all, "1", "a", 1, 1000);
    take(all, "2", "b", 2, 2000);
    take(all, "3", "a", 9, 3000, Outcome::Failed);
    take(all, "late", "b", 7, 500);
    EXPECT_THAT(all.all(), UnorderedElementsAre(Pair("a", Measured{3000, 9, false}),
                                                Pair("b", Measured{2000, 2, true})));
    EXPECT_EQ(all.last_run().id, "late");
}

TEST(LastDurations, TestsThatHaveNotRunForLongAreForgotten) {
    constexpr std::int64_t kOneDay = 24 * 3600 * 1000;
    LastDurations all;
    take(all, "1", "old", 1, 0);
    take(all, "2", "young", 1, 2 * kOneDay);
    take(all, "3", "new", 1, 91 * kOneDay);
    EXPECT_THAT(all.all(),
                UnorderedElementsAre(Pair("young", testing::_), Pair("new", testing::_)));
}

TEST(LastDurations, AnyIdSurvivesTheFile) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> pieces{
        "a", " ", "\\", "n", "\n", "\r", "\\n", "p ", "\xff", "ü", std::string(1, '\0'), "1 "};
    LastDurations all;
    for (int i = 0; i < 300; ++i) {
        std::string id;
        for (std::size_t n = 1 + random() % 6; n > 0; --n) id += pieces[random() % pieces.size()];
        take(all, "run", id, static_cast<double>(random() % 1000 + 1) / 1000, random() % 100);
    }
    const auto again = LastDurations::parse(all.render());
    EXPECT_EQ(again.all(), all.all());
    EXPECT_EQ(again.last_run().id, "run");
    EXPECT_EQ(again.render(), all.render());
}

TEST(LastDurations, FileThatIsNotSortedIsReadAsIfItWere) {
    const auto found = LastDurations::parse(
        "offload durations 1 r 2026-11-29T09:00:00.000Z\n1 2 p b\n1 1 p a\n2 3 f b\n");
    EXPECT_EQ(found.last_run(), (RunName{"r", "2026-11-29T09:00:00.000Z"}));
    EXPECT_THAT(found.all(),
                ElementsAre(Pair("a", Measured{1, 1, true}), Pair("b", Measured{2, 3, false})));
}

TEST(LastDurations, LinesThatMakeNoSenseAreLeftOut) {
    EXPECT_THAT(LastDurations::parse("").all(), IsEmpty());
    EXPECT_THAT(LastDurations::parse("{\"other\": 1}\n1 1 p a\n").all(), IsEmpty());
    const auto found = LastDurations::parse(
        "offload durations 1 r\n1 0.5 p a\nx 1 p b\n1 nan p c\n1 -1 p d\n1 1 q e\n1 1\n\n1 1 f g\n"
        "1 2.5 p cu");
    EXPECT_THAT(found.all(), UnorderedElementsAre(Pair("a", Measured{1, 0.5, true}),
                                                  Pair("g", Measured{1, 1, false})));
}

TEST(LastDurations, KeepWhatBatchesCost) {
    const BatchCosts costs{Seconds{0.31}, Seconds{0.002}, 0.015};
    LastDurations all;
    take(all, "1", "a", 1, 1);
    all.take_costs(costs);
    EXPECT_EQ(all.render(),
              "offload durations 1 1\ncosts 0.310000 0.002000 0.015000 \n1 1.000000 p a\n");
    const auto again = LastDurations::parse(all.render());
    EXPECT_EQ(again.batch_costs(), costs);
    EXPECT_EQ(again.all(), all.all());
}

TEST(LastDurations, WhatARunHasNotLearntOfItsBatchesStaysAsItWas) {
    LastDurations all;
    all.take_costs(std::nullopt);
    EXPECT_EQ(all.batch_costs(), std::nullopt);
    all.take_costs(BatchCosts{Seconds{1}, Seconds{2}, std::nullopt});
    EXPECT_EQ(LastDurations::parse(all.render()).batch_costs(), all.batch_costs());
    all.take_costs(BatchCosts{Seconds{1}, Seconds{2}, 0.5});
    all.take_costs(std::nullopt);
    EXPECT_EQ(all.batch_costs(), (BatchCosts{Seconds{1}, Seconds{2}, 0.5}));
    all.take_costs(BatchCosts{Seconds{3}, Seconds{4}, std::nullopt});
    EXPECT_EQ(all.batch_costs(), (BatchCosts{Seconds{3}, Seconds{4}, 0.5}));
}

TEST(LastDurations, CostsThatMakeNoSenseAreLeftOut) {
    for (const auto* costs :
         {"", "1 2", "1 2 ", "1 2 x ", "-1 2 3 ", "1 nan 3 ", "1 2 3", "- - - "}) {
        SCOPED_TRACE(costs);
        const auto found = LastDurations::parse("offload durations 1 1\ncosts " +
                                                std::string(costs) + "\n1 1 p a\n");
        EXPECT_EQ(found.batch_costs(), std::nullopt);
        EXPECT_THAT(found.all(), ElementsAre(Pair("a", Measured{1, 1, true})));
    }
}

class DurationsSaverTest : public testing::Test {
  protected:
    void run(const std::string& run_id, const std::string& id, double seconds,
             VerdictSource source = VerdictSource::PerTest, bool begins = true) {
        TestTable tests;
        tests.add(id, GroupIndex(0));
        DurationsSaver saver(folder_.path(), tests);
        RunStarted started;
        started.run_id = run_id;
        started.verdict_source = source;
        tell(saver, started);
        tell(saver, RunPlanned{1, false});
        if (begins) {
            tell(saver, BatchStarted{{}, {}, {TestIndex(0)}});
            AttemptFinished attempt;
            attempt.attempt.result = took(seconds);
            tell(saver, attempt);
        }
        RunFinished finished;
        if (!begins) finished.summary.interrupted_by = 2;
        finished.summary.batch_costs = costs_;
        tell(saver, finished);
    }
    static void tell(Sink& sink, EventBody body) {
        ASSERT_TRUE(sink.consume({at(1'700'000'000'000), Seconds{1}, std::move(body)}));
    }
    std::optional<BatchCosts> costs_;
    TemporaryFolder folder_ = *TemporaryFolder::create("offload-test-");
};

TEST_F(DurationsSaverTest, WhatBatchesCostIsThereForTheNextRun) {
    EXPECT_EQ(load_batch_costs(folder_.path()), std::nullopt);
    run("1", "a", 1.5);
    EXPECT_EQ(load_batch_costs(folder_.path()), std::nullopt);
    costs_ = BatchCosts{Seconds{3}, Seconds{0.25}, 0.5};
    run("2", "a", 1.5);
    EXPECT_EQ(load_batch_costs(folder_.path()), costs_);
    run("3", "a", 1.5, VerdictSource::PerTest, false);
    EXPECT_EQ(load_batch_costs(folder_.path()), costs_);
}

TEST_F(DurationsSaverTest, RunsOfPartsAddUp) {
    run("1", "a", 1.5);
    run("2", "b", 2);
    const auto all = load_durations(folder_.path());
    EXPECT_THAT(all.all(), UnorderedElementsAre(Pair("a", Measured{1'700'000'000'000, 1.5, true}),
                                                Pair("b", Measured{1'700'000'000'000, 2, true})));
    EXPECT_EQ(all.last_run(), (RunName{"2", "2023-11-14T22:13:20.000Z"}));
}

// TRAPS 61
TEST_F(DurationsSaverTest, RunWithNothingToTellChangesNothing) {
    run("1", "a", 1.5);
    run("2", "a", 3, VerdictSource::PerTest, false);
    EXPECT_EQ(load_durations(folder_.path()).last_run().id, "1");
}

TEST_F(DurationsSaverTest, WhereBatchesDecideTestsHaveNoDuration) {
    run("1", "a", 1.5, VerdictSource::PerBatch);
    EXPECT_THAT(load_durations(folder_.path()).all(), IsEmpty());
    EXPECT_EQ(load_durations(folder_.path()).last_run(), (RunName{"1", ""}));
}

}  // namespace
}  // namespace offload::history
