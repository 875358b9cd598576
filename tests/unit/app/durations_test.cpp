#include "durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "offload/base/file.hpp"

namespace offload::app {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

// Of one duration there is no deviation.
KnownDuration known(std::string id, double seconds) { return {std::move(id), Seconds{seconds}}; }

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
    EXPECT_THAT(durations_of(document), ElementsAre(known("a", 1.5), known("b", 2)));
}

TEST(KnownDurations, OfSeveralResultsAPassCountsThenTheLast) {
    junit::Document document;
    document.cases = {made("a", Outcome::Passed, 1), made("a", Outcome::Failed, 9),
                      made("b", Outcome::Failed, 1), made("b", Outcome::Failed, 2),
                      made("c", Outcome::Failed, 8), made("c", Outcome::Passed, 3)};
    EXPECT_THAT(durations_of(document), ElementsAre(known("a", 1), known("b", 2), known("c", 3)));
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
    EXPECT_THAT(read_last_run(file).durations, ElementsAre(known("x & y", 0.25)));
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
                ElementsAre(known("a", 1), known("b", 2)));
    EXPECT_THAT(newest_durations({}, with("b", 2), "other.toml"), IsEmpty());
}

// TRAPS 38
TEST(NewestDurations, NewerEvidenceWins) {
    const auto last_run = [](std::string began) {
        return LastRun{{{"a", Seconds{1}}}, std::move(began)};
    };
    EXPECT_THAT(
        newest_durations(last_run("2024-01-01T00:00:00.000Z"), with("a", 2), "offload.toml"),
        ElementsAre(known("a", 1)));
    EXPECT_THAT(
        newest_durations(last_run("2023-11-14T22:13:19.000Z"), with("a", 2), "offload.toml"),
        ElementsAre(known("a", 2)));
    EXPECT_THAT(newest_durations(last_run(""), with("a", 2), "offload.toml"),
                ElementsAre(known("a", 2)));
}

TEST(NewestDurations, HistoryTellsHowFarTheyDeviate) {
    auto history = with("a", 2);
    history.record("offload.toml", {"a", {"s", kRecorded + 1, 2}, true}, 20);
    history.record("offload.toml", {"b", {"s", kRecorded + 1, 3}, true}, 20);
    const auto newest = newest_durations({}, history, "offload.toml");
    ASSERT_THAT(newest, SizeIs(2));
    EXPECT_THAT(newest[0].deviation, Optional(0.0));
    EXPECT_EQ(newest[1].deviation, std::nullopt);
    // About what counts: the last run's duration, where that is newer.
    const LastRun last_run{{known("a", 1), known("c", 1)}, "2024-01-01T00:00:00.000Z"};
    const auto other = newest_durations(last_run, history, "offload.toml");
    ASSERT_THAT(other, SizeIs(3));
    EXPECT_EQ(other[0].duration, Seconds{1});
    EXPECT_THAT(other[0].deviation, Optional(DoubleNear(std::sqrt(2), 1e-9)));
    EXPECT_EQ(other[1].deviation, std::nullopt);
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

// TRAPS 38
TEST(KnownDurations, WhatRunsRememberCountsWhereItIsNewer) {
    const std::vector<std::string_view> ids{"a", "gone", "b"};
    const auto id_of = [&](TestIndex test) { return ids[test.value()]; };
    const SystemTime morning(std::chrono::milliseconds(1'764'316'800'000));  // 2025-11-28T08:00Z
    TestResult result;
    result.duration = Seconds{7};
    history::RunDurations before;
    for (const std::size_t test : {0, 1}) before.add(TestIndex(test), result, morning);
    history::RunDurations after;
    after.add(TestIndex(2), result, morning + std::chrono::hours(2));
    history::LastDurations remembered;
    remembered.take({"1", {}}, before, id_of);
    remembered.take({"2", {}}, after, id_of);
    const LastRun report{{known("a", 1), known("b", 2), known("c", 3)}, "2025-11-28T09:00:00.000Z"};
    EXPECT_THAT(with_remembered(report, remembered).durations,
                ElementsAre(known("a", 1), known("b", 7), known("c", 3), known("gone", 7)));
    EXPECT_THAT(with_remembered({}, remembered).durations, SizeIs(3));
    EXPECT_THAT(with_remembered(report, {}).durations, SizeIs(3));
}

// TRAPS 38: a report that something else has brought is of another run.
TEST(KnownDurations, ReportIsReadWhereItTellsMoreThanIsRemembered) {
    auto folder = TemporaryFolder::create("offload-app-");
    config::Config config;
    config.report.output_dir = folder->path().string();
    const auto write = [&](const char* file, std::string_view content) {
        ASSERT_TRUE(write_file_atomically(folder->path() / file, content));
    };
    write("junit.xml",
          "<testsuites timestamp=\"2026-11-29T09:00:00.000Z\"><testsuite>"
          "<testcase name=\"b\" time=\"2\"/></testsuite></testsuites>");
    EXPECT_THAT(known_durations(config), ElementsAre(known("b", 2)));
    write("durations.txt", "offload durations 1 r 2026-11-29T09:00:00.000Z\n1 1 p a\n");
    EXPECT_THAT(known_durations(config), ElementsAre(known("a", 1)));
    write("durations.txt", "offload durations 1 r 2026-11-29T08:00:00.000Z\n1 1 p a\n");
    EXPECT_THAT(known_durations(config), ElementsAre(known("b", 2), known("a", 1)));
    write("durations.txt", "offload durations 1 r\n1 1 p a\n");
    EXPECT_THAT(known_durations(config), ElementsAre(known("b", 2), known("a", 1)));
}

}  // namespace
}  // namespace offload::app
