#include "offload/history/history_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "offload/base/file.hpp"

namespace offload::history {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

class HistoryFile : public testing::Test {
  protected:
    TemporaryFolder folder_ = *TemporaryFolder::create("offload-test-");
    std::filesystem::path path_ = folder_.path() / "deep" / "history.jsonl";
    TestTable tests_;

    TestIndex add(std::string id, TestKind kind = TestKind::Test) {
        return tests_.add(std::move(id), GroupIndex(0), {}, kind).test.index;
    }

    static void tell(Sink& sink, EventBody body) {
        const Event event{SystemTime(std::chrono::seconds(1'700'000'000)), Seconds{1},
                          std::move(body)};
        ASSERT_TRUE(sink.consume(event));
    }

    static AttemptFinished attempt(TestIndex test, Outcome outcome, double seconds) {
        AttemptFinished told;
        told.attempt.test = test;
        told.attempt.result.outcome = outcome;
        told.attempt.result.duration = Seconds{seconds};
        return told;
    }

    void run(const std::vector<AttemptFinished>& attempts, const std::string& id = "r1") {
        Recorder recorder({.path = path_, .config = "offload.toml", .capacity = 20}, tests_);
        RunStarted started;
        started.run_id = id;
        tell(recorder, started);
        for (const auto& each : attempts) tell(recorder, each);
        tell(recorder, RunFinished{});
    }

    History read() { return load(path_)->history; }
};

// TRAPS 38
TEST_F(HistoryFile, FailingRunsAreRecordedToo) {
    const auto a = add("a");
    run({attempt(a, Outcome::Failed, 3), attempt(a, Outcome::Passed, 2)});
    const auto history = read();
    const Record& record = history.records().at({"offload.toml", "a"});
    EXPECT_EQ(record.attempts, 2U);
    EXPECT_THAT(record.passed, ElementsAre(Sample{"r1", 1'700'000'000'000, 2}));
    EXPECT_THAT(record.failed, ElementsAre(Sample{"r1", 1'700'000'000'000, 3}));
}

TEST_F(HistoryFile, SkippedTestsAndBrokenModulesAreNoSamples) {
    run({attempt(add("a"), Outcome::Skipped, 1),
         attempt(add("b", TestKind::CollectionError), Outcome::Errored, 0),
         attempt(add("not \xff text"), Outcome::Passed, 1)});
    EXPECT_THAT(read().records(), SizeIs(0));
}

TEST_F(HistoryFile, RunsAddUp) {
    const auto a = add("a");
    run({attempt(a, Outcome::Passed, 1)}, "r1");
    run({attempt(a, Outcome::Passed, 2)}, "r2");
    EXPECT_EQ(read().records().at({"offload.toml", "a"}).attempts, 2U);
}

TEST_F(HistoryFile, MissingFileIsAnEmptyHistory) {
    const auto loaded = load(path_);
    ASSERT_TRUE(loaded);
    EXPECT_THAT(loaded->history.records(), SizeIs(0));
}

TEST_F(HistoryFile, UnreadableFileIsAnErrorAndStaysAsItIs) {
    ASSERT_TRUE(make_folder(path_));
    EXPECT_FALSE(load(path_));
    EXPECT_FALSE(update(path_, [](History&) {}));
}

TEST_F(HistoryFile, RunsThatEndTogetherLoseNothing) {
    {
        std::vector<std::jthread> runs;
        for (int i = 0; i < 8; ++i) {
            runs.emplace_back([this, i] {
                for (int k = 0; k < 5; ++k) {
                    const auto id = "r" + std::to_string(i * 10 + k);
                    EXPECT_TRUE(update(path_, [&](History& history) {
                        history.record("c", {"a", {id, i * 10 + k, 1}, true}, 100);
                    }));
                }
            });
        }
    }
    EXPECT_THAT(read().records().at({"c", "a"}).passed, SizeIs(40));
}

}  // namespace
}  // namespace offload::history
