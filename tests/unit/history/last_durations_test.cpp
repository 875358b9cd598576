#include "offload/history/last_durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "offload/base/file.hpp"

namespace offload::history {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

SystemTime at(std::int64_t ms) { return SystemTime(std::chrono::milliseconds(ms)); }

TestResult took(double seconds, Outcome outcome = Outcome::Passed) {
    return {.outcome = outcome, .duration = Seconds{seconds}};
}

RunDurations run_of(const std::string& id, double seconds, std::int64_t ms,
                    Outcome outcome = Outcome::Passed) {
    RunDurations run;
    run.add(id, took(seconds, outcome), at(ms));
    return run;
}

TEST(LastDurations, WithinARunAPassCountsThenTheLast) {
    RunDurations run;
    run.add("a", took(1), at(1));
    run.add("a", took(9, Outcome::Failed), at(2));
    run.add("b", took(8, Outcome::Failed), at(1));
    run.add("b", took(2, Outcome::Errored), at(2));
    run.add("c", took(8, Outcome::Failed), at(1));
    run.add("c", took(3), at(2));
    run.add("d", took(3, Outcome::Skipped), at(1));
    run.add("e", took(0), at(1));
    EXPECT_THAT(run.all(), UnorderedElementsAre(Pair("a", Measured{1, 1, true}),
                                                Pair("b", Measured{2, 2, false}),
                                                Pair("c", Measured{2, 3, true})));
}

// TRAPS 38
TEST(LastDurations, TheNewestCountsWhateverItsOutcomeAndTheOthersStay) {
    LastDurations all;
    all.take("1", run_of("a", 1, 1000));
    all.take("2", run_of("b", 2, 2000));
    all.take("3", run_of("a", 9, 3000, Outcome::Failed));
    all.take("late", run_of("b", 7, 500));
    EXPECT_THAT(all.all(), UnorderedElementsAre(Pair("a", Measured{3000, 9, false}),
                                                Pair("b", Measured{2000, 2, true})));
    EXPECT_EQ(all.last_run(), "late");
}

TEST(LastDurations, TestsThatHaveNotRunForLongAreForgotten) {
    constexpr std::int64_t kDay = 24 * 3600 * 1000;
    LastDurations all;
    all.take("1", run_of("old", 1, 0));
    all.take("2", run_of("young", 1, 2 * kDay));
    all.take("3", run_of("new", 1, 91 * kDay));
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
        RunDurations run;
        run.add(id, took(static_cast<double>(random() % 1000 + 1) / 1000), at(random() % 100));
        all.take("run", run);
    }
    const auto again = LastDurations::parse(all.render());
    EXPECT_EQ(again.all(), all.all());
    EXPECT_EQ(again.last_run(), "run");
    EXPECT_EQ(again.render(), all.render());
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
        tell(saver, finished);
    }
    static void tell(Sink& sink, EventBody body) {
        ASSERT_TRUE(sink.consume({at(1'700'000'000'000), Seconds{1}, std::move(body)}));
    }
    TemporaryFolder folder_ = *TemporaryFolder::create("offload-test-");
};

TEST_F(DurationsSaverTest, RunsOfPartsAddUp) {
    run("1", "a", 1.5);
    run("2", "b", 2);
    const auto all = load_durations(folder_.path());
    EXPECT_THAT(all.all(), UnorderedElementsAre(Pair("a", Measured{1'700'000'000'000, 1.5, true}),
                                                Pair("b", Measured{1'700'000'000'000, 2, true})));
    EXPECT_EQ(all.last_run(), "2");
}

// TRAPS 61
TEST_F(DurationsSaverTest, RunWithNothingToTellChangesNothing) {
    run("1", "a", 1.5);
    run("2", "a", 3, VerdictSource::PerTest, false);
    EXPECT_EQ(load_durations(folder_.path()).last_run(), "1");
}

TEST_F(DurationsSaverTest, WhereBatchesDecideTestsHaveNoDuration) {
    run("1", "a", 1.5, VerdictSource::PerBatch);
    EXPECT_THAT(load_durations(folder_.path()).all(), IsEmpty());
    EXPECT_EQ(load_durations(folder_.path()).last_run(), "1");
}

}  // namespace
}  // namespace offload::history
