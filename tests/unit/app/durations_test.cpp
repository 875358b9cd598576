#include "durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offload/base/file.hpp"

namespace offload::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

junit::Case made(std::string name, Outcome outcome, double seconds, std::string type = {}) {
    junit::Case out;
    out.name = std::move(name);
    out.result.outcome = outcome;
    out.result.duration = Seconds{seconds};
    out.result.type = std::move(type);
    return out;
}

TEST(KnownDurations, AreTakenFromTestsThatRan) {
    junit::Document document;
    document.cases = {made("a", Outcome::Passed, 1.5),
                      made("b", Outcome::Failed, 2),
                      made("c", Outcome::Skipped, 3),
                      made("d", Outcome::Passed, 0),
                      made("e", Outcome::Errored, 4, std::string(kNotRunType)),
                      made("", Outcome::Passed, 5)};
    EXPECT_THAT(durations_of(document),
                ElementsAre(Pair("a", Seconds{1.5}), Pair("b", Seconds{2})));
}

TEST(KnownDurations, OfSeveralResultsAPassCountsThenTheLast) {
    junit::Document document;
    document.cases = {made("a", Outcome::Passed, 1), made("a", Outcome::Failed, 9),
                      made("b", Outcome::Failed, 1), made("b", Outcome::Failed, 2),
                      made("c", Outcome::Failed, 8), made("c", Outcome::Passed, 3)};
    EXPECT_THAT(durations_of(document),
                ElementsAre(Pair("a", Seconds{1}), Pair("b", Seconds{2}), Pair("c", Seconds{3})));
}

TEST(KnownDurations, AbsentOrSpoiltReportIsNoKnowledge) {
    EXPECT_THAT(read_last_run("/nonexistent/junit.xml").durations, IsEmpty());
    auto folder = TemporaryFolder::create("offload-app-");
    ASSERT_TRUE(folder);
    const auto file = folder->path() / "junit.xml";
    ASSERT_TRUE(write_file_atomically(file, "no XML at all"));
    EXPECT_THAT(read_last_run(file).durations, IsEmpty());
    ASSERT_TRUE(write_file_atomically(
        file, "<testsuite><testcase name=\"x &amp; y\" time=\"0.25\"/></testsuite>"));
    EXPECT_THAT(read_last_run(file).durations, ElementsAre(Pair("x & y", Seconds{0.25})));
}

// 2023-11-14T22:13:20Z
constexpr std::int64_t kRecorded = 1'700'000'000'000;

history::History with(std::string_view test, double seconds) {
    history::History history;
    history.record("offload.toml", {test, {"r", kRecorded, seconds}, true}, 20);
    return history;
}

TEST(NewestDurations, HistoryKnowsWhatTheLastRunLeftOut) {
    EXPECT_THAT(newest_durations({{{"a", Seconds{1}}}, "2024-01-01T00:00:00.000Z"}, with("b", 2),
                                 "offload.toml"),
                ElementsAre(Pair("a", Seconds{1}), Pair("b", Seconds{2})));
    EXPECT_THAT(newest_durations({}, with("b", 2), "other.toml"), IsEmpty());
}

// TRAPS 38
TEST(NewestDurations, NewerEvidenceWins) {
    const auto last_run = [](std::string began) {
        return LastRun{{{"a", Seconds{1}}}, std::move(began)};
    };
    EXPECT_THAT(
        newest_durations(last_run("2024-01-01T00:00:00.000Z"), with("a", 2), "offload.toml"),
        ElementsAre(Pair("a", Seconds{1})));
    EXPECT_THAT(
        newest_durations(last_run("2023-11-14T22:13:19.000Z"), with("a", 2), "offload.toml"),
        ElementsAre(Pair("a", Seconds{2})));
    EXPECT_THAT(newest_durations(last_run(""), with("a", 2), "offload.toml"),
                ElementsAre(Pair("a", Seconds{2})));
}

TEST(KnownDurations, ReportTellsWhenItsRunBegan) {
    auto folder = TemporaryFolder::create("offload-app-");
    const auto file = folder->path() / "junit.xml";
    ASSERT_TRUE(write_file_atomically(
        file,
        "<testsuites timestamp=\"2024-01-01T00:00:00.000Z\"><testsuite timestamp=\"x\">"
        "<testcase name=\"a\" time=\"1\"/></testsuite></testsuites>"));
    EXPECT_EQ(read_last_run(file).began, "2024-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace offload::app
