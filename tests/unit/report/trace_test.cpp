#include "offload/report/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "offload/base/file.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

using nlohmann::json;

class TraceFile : public testing::Test {
  protected:
    TemporaryFolder folder_ = *TemporaryFolder::create("offload-test-");
    RunScript script_;
    Trace trace_{folder_.path() / "trace.json", script_.table};

    void SetUp() override { script_.sinks = {&trace_}; }

    void at(double now, EventBody body) {
        script_.now = Seconds{now};
        script_.tell(std::move(body));
    }
    json events() {
        at(100, RunFinished{});
        return json::parse(*read_file(folder_.path() / "trace.json"));
    }
    static json slice(const json& events, const std::string& name) {
        for (const auto& event : events) {
            if (event["ph"] == "X" && event["name"].get<std::string>().starts_with(name)) {
                return event;
            }
        }
        ADD_FAILURE() << name << " is not in " << events.dump(2);
        return {};
    }
};

TEST_F(TraceFile, RunWithoutEventsIsAnEmptyList) { EXPECT_EQ(events(), json::array()); }

TEST_F(TraceFile, ShowsCreationBatchesAndTestsInTheRowOfTheirSlot) {
    at(0, TestDiscovered{TestIndex(0), "tests/a \"q\"", GroupIndex(0), "", TestKind::Test});
    at(1, SandboxCreating{SandboxNumber(7), SlotNumber(3)});
    at(3, SandboxReady{SandboxNumber(7), "sb-1", Seconds{2}});
    at(4, BatchStarted{BatchNumber(0), SandboxNumber(7), {TestIndex(0)}});
    at(5, TestStarted{TestIndex(0), 1, BatchNumber(0), SandboxNumber(7)});
    at(6.5, AttemptFinished{make_attempt({.sandbox = 7, .result = passed(1.5)})});
    at(7, BatchFinished{BatchNumber(0), SandboxNumber(7), BatchOutcome::Success, "", Seconds{3}});
    const auto all = events();
    const auto creation = slice(all, "create sb-1");
    const auto batch = slice(all, "batch 0");
    const auto test = slice(all, "tests/a \"q\"");
    EXPECT_EQ(creation["ts"], 1'000'000);
    EXPECT_EQ(creation["dur"], 2'000'000);
    EXPECT_EQ(test["ts"], 5'000'000);
    EXPECT_EQ(test["dur"], 1'500'000);
    EXPECT_EQ(test["cat"], "passed");
    EXPECT_EQ(batch["ts"], 4'000'000);
    EXPECT_EQ(batch["dur"], 3'000'000);
    EXPECT_EQ(creation["tid"], batch["tid"]);
    EXPECT_EQ(batch["tid"], test["tid"]);
}

TEST_F(TraceFile, WhereStartsAreNotToldTestsFollowEachOther) {
    for (std::size_t i = 0; i < 2; ++i) {
        at(0, TestDiscovered{TestIndex(i), "t" + std::to_string(i), GroupIndex(0), "",
                             TestKind::Test});
    }
    at(0, SandboxCreating{SandboxNumber(0), SlotNumber(0)});
    at(1, BatchStarted{BatchNumber(0), SandboxNumber(0), {TestIndex(0), TestIndex(1)}});
    at(5, AttemptFinished{make_attempt({.test = 0, .result = passed(2)})});
    at(6, AttemptFinished{make_attempt({.test = 1, .result = passed(3)})});
    const auto all = events();
    EXPECT_EQ(slice(all, "t0")["ts"], 3'000'000);
    EXPECT_EQ(slice(all, "t1")["ts"], 5'000'000);
}

TEST_F(TraceFile, FailureToWriteNamesTheFile) {
    Trace trace("/proc/nowhere/trace.json", script_.table);
    const auto result = trace.consume({{}, Seconds{0}, RunFinished{}});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().to_string(), testing::HasSubstr("/proc/nowhere/trace.json"));
}

}  // namespace
}  // namespace offload::report
