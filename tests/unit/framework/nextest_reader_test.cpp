#include "cargo/nextest_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "framework_fixture.hpp"

namespace offload::framework::nextest {
namespace {

using test::exited;
using test::killed;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const StreamNames kNames = {{"alpha::alpha", {"alpha", "alpha::bin/alpha"}},
                            {"alpha::endings", {"alpha::endings"}}};

constexpr std::string_view kStream =
    R"({"type":"suite","event":"started","test_count":2,"nextest":{"crate":"alpha"}}
{"type":"test","event":"started","name":"alpha::alpha$tests::passes"}
{"type":"test","event":"ok","name":"alpha::alpha$tests::passes","exec_time":0.25}
{"type":"test","event":"started","name":"alpha::alpha$tests::panics"}
{"type":"test","event":"failed","name":"alpha::alpha$tests::panics","exec_time":0.5,"stdout":"said\nthread 'tests::panics' (1) panicked at src/lib.rs:2:3:\nassertion failed\n"}
{"type":"test","event":"started","name":"alpha::endings$aborts"}
{"type":"test","event":"failed","name":"alpha::endings$aborts","exec_time":0.1,"stdout":"last words\n"}
{"type":"suite","event":"failed","passed":1,"failed":2}
)";

const std::vector<std::string> kIds = {"alpha tests::passes", "alpha tests::panics",
                                       "alpha::endings aborts"};

std::string junit_of(std::string_view cases) {
    return "<testsuites><testsuite name=\"s\">" + std::string(cases) + "</testsuite></testsuites>";
}
const std::string kJunit = junit_of(R"xml(
<testcase name="tests::passes" classname="alpha" time="0.25"/>
<testcase name="tests::panics" classname="alpha" time="0.5">
<failure message="m" type="t">d</failure></testcase>
<testcase name="aborts" classname="alpha::endings" time="0.1">
<failure message="process aborted with signal 6 (SIGABRT)" type="test abort">x</failure></testcase>
)xml");

Reader reader_of(std::vector<std::string> ids, bool named = true) {
    return Reader({.ids = std::move(ids),
                   .format = "{classname} {name}",
                   .path = "/run/batch-7.xml",
                   .names = named ? &kNames : nullptr});
}

TEST(NextestReader, PassesAndPanicsAreToldAtOnceAndTheRestByTheFile) {
    auto reader = reader_of(kIds);
    Signals signals;
    std::string visible;
    reader.feed(Stream::Out, kStream, signals, visible);
    test::Told early;
    early.add(signals);
    EXPECT_THAT(early.began, ElementsAre(0, 1, 2));
    ASSERT_THAT(early.ended, SizeIs(2));
    EXPECT_EQ(early.ended.at(0).outcome, Outcome::Passed);
    EXPECT_EQ(early.ended.at(0).duration, Seconds(0.25));
    EXPECT_EQ(early.ended.at(1).message, "panicked at src/lib.rs:2:3: assertion failed");
    EXPECT_THAT(early.ended.at(1).details, HasSubstr("said"));
    EXPECT_THAT(visible, HasSubstr("--- alpha tests::panics ---\nsaid\nthread"));
    EXPECT_THAT(visible, EndsWith("--- alpha::endings aborts ---\nlast words\n"));

    signals.clear();
    const auto reading = reader.finish(exited(100), kJunit, signals, visible);
    EXPECT_TRUE(reading.complete);
    test::Told late;
    late.add(signals);
    ASSERT_THAT(late.ended, SizeIs(1));
    EXPECT_EQ(late.ended.at(2).message, "process aborted with signal 6 (SIGABRT)");
    EXPECT_THAT(late.refused, IsEmpty());
}

TEST(NextestReader, PiecesCutAnywhereMeanTheSame) {
    for (const std::size_t piece : {1U, 2U, 7U, 64U, 1000U}) {
        auto reader = reader_of(kIds);
        const auto read = test::read_all(reader, "setup says hello\n" + std::string(kStream),
                                         "PASS\n", exited(100), kJunit, piece);
        EXPECT_TRUE(read.reading.complete);
        EXPECT_FALSE(read.told.twice);
        EXPECT_THAT(read.told.ended, SizeIs(3));
        EXPECT_THAT(read.visible, StartsWith("setup says hello\n--- alpha tests::panics"));
        EXPECT_THAT(read.visible, EndsWith("last words\nPASS\n"));
    }
}

TEST(NextestReader, WhateverIsCutOffNothingIsToldTwiceOrInvented) {
    const auto seed = std::random_device()();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
        auto reader = reader_of(kIds);
        const auto cut = [&](std::string_view text) {
            return text.substr(0,
                               std::uniform_int_distribution<std::size_t>(0, text.size())(random));
        };
        std::optional<std::string> file;
        if (round % 3 != 0) file = cut(kJunit);
        const auto read = test::read_all(reader, cut(kStream), "", killed(), file, 13);
        EXPECT_FALSE(read.reading.complete);
        EXPECT_FALSE(read.told.twice);
        EXPECT_THAT(read.told.refused, IsEmpty());
        EXPECT_THAT(read.told.unknown, IsEmpty());
        for (const auto& [position, result] : read.told.ended) {
            EXPECT_EQ(is_failure(result.outcome), position != 0);
        }
    }
}

TEST(NextestReader, WithoutDiscoverysNamesTheFileAloneDecides) {
    auto reader = reader_of(kIds, false);
    const auto read = test::read_all(reader, kStream, "", exited(100), kJunit);
    EXPECT_FALSE(reader.tells_starts());
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.began, IsEmpty());
    EXPECT_THAT(read.told.ended, SizeIs(3));
}

TEST(NextestReader, TestsThatShareANameInTheStreamWaitForTheFile) {  // TRAPS 16
    auto reader = reader_of({"alpha same", "alpha::bin/alpha same", "alpha other"});
    const auto read = test::read_all(
        reader,
        "{\"type\":\"test\",\"event\":\"ok\",\"name\":\"alpha::alpha$same\",\"exec_time\":1}\n"
        "{\"type\":\"test\",\"event\":\"failed\",\"name\":\"alpha::alpha$same\",\"exec_time\":1}\n",
        "", exited(100),
        junit_of("<testcase name='same' classname='alpha'><failure/></testcase>"
                 "<testcase name='same' classname='alpha::bin/alpha'/>"
                 "<testcase name='other' classname='alpha'/>"));
    ASSERT_THAT(read.told.ended, SizeIs(3));
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Passed);
}

TEST(NextestReader, NamesThatTheStreamCannotCarryWaitForTheFile) {
    auto reader = reader_of({"alpha say \"hi\""});
    const auto read = test::read_all(
        reader, "{\"type\":\"test\",\"event\":\"ok\",\"name\":\"alpha::alpha$say \"hi\"\"}\n", "",
        exited(0), junit_of("<testcase name='say &quot;hi&quot;' classname='alpha'/>"));
    EXPECT_EQ(read.visible, "");
    EXPECT_THAT(read.told.ended, SizeIs(1));
}

TEST(NextestReader, AKillLeavesWhatEndedAndTheOneThatRan) {  // TRAPS 18, TRAPS 19
    auto reader = reader_of(kIds);
    const auto upto = kStream.substr(0, kStream.find("{\"type\":\"test\",\"event\":\"failed\","
                                                     "\"name\":\"alpha::endings"));
    const auto read = test::read_all(reader, upto, "", killed(), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.began, ElementsAre(0, 1, 2));
    EXPECT_THAT(read.told.ended, SizeIs(2));
    EXPECT_EQ(read.told.ended.count(2), 0U);
    EXPECT_THAT(read.told.refused, IsEmpty());
    EXPECT_TRUE(reader.tells_starts());
}

// As versions before 0.9.103 do. Whoever ran when the end came was not told of.
TEST(NextestReader, AStreamThatHoldsBinariesBackDoesNotClaimToTellStarts) {  // TRAPS 19
    auto reader = reader_of(kIds);
    const auto first_binary =
        kStream.substr(0, kStream.find("{\"type\":\"test\",\"event\":\"started\","
                                       "\"name\":\"alpha::endings"));
    const auto read = test::read_all(reader, first_binary, "", killed(), std::nullopt);
    EXPECT_THAT(read.told.ended, SizeIs(2));
    EXPECT_FALSE(reader.tells_starts());
}

TEST(NextestReader, TestsWhoseNamesTheStreamCannotCarryMayBeTheOnesThatRan) {
    auto reader = reader_of({"alpha same", "alpha::bin/alpha same", "alpha other"});
    test::read_all(reader,
                   "{\"type\":\"test\",\"event\":\"started\",\"name\":\"alpha::alpha$other\"}\n",
                   "", killed(), std::nullopt);
    EXPECT_FALSE(reader.tells_starts());
}

TEST(NextestReader, TestsThatDieBecauseNextestWasToldToStopHaveNoVerdict) {
    constexpr std::string_view kDying =
        "{\"type\":\"test\",\"event\":\"started\",\"name\":\"alpha::endings$aborts\"}\n"
        "{\"type\":\"test\",\"event\":\"failed\",\"name\":\"alpha::endings$aborts\","
        "\"exec_time\":9,\"stdout\":\"\"}\n";
    const auto file = junit_of(
        "<testcase name='aborts' classname='alpha::endings'><failure type='test abort' "
        "message='process aborted with signal 15 (SIGTERM)'/></testcase>");
    // nextest itself ends in order after SIGTERM: status 100, a whole file.
    for (const auto& ended : {exited(100), killed()}) {
        auto reader = reader_of({"alpha::endings aborts"});
        const auto read = test::read_all(
            reader, kDying, "  Cancelling due to signal: 1 test still running\n", ended, file);
        EXPECT_FALSE(read.reading.complete);
        EXPECT_THAT(read.told.ended, IsEmpty());
        EXPECT_THAT(read.told.refused, IsEmpty());
    }
    // A signal that nextest was not the cause of.
    auto reader = reader_of({"alpha::endings aborts"});
    const auto read = test::read_all(reader, kDying, "", exited(100), file);
    EXPECT_TRUE(read.reading.complete);
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Failed);
}

std::string event(std::string_view kind, std::string_view name, std::string_view output = "") {
    auto line = "{\"type\":\"test\",\"event\":\"" + std::string(kind) + "\",\"name\":\"" +
                std::string(name) + "\"";
    if (kind == "failed") line += ",\"exec_time\":0.5,\"stdout\":\"" + std::string(output) + "\"";
    return line + "}\n";
}

TEST(NextestReader, AFailureThatAStartFollowsIsTheTestsOwnAndStands) {  // TRAPS 13, TRAPS 18
    const auto failed_and_on = event("started", "alpha::endings$aborts") +
                               event("failed", "alpha::endings$aborts") +
                               event("started", "alpha::alpha$tests::passes");
    const auto file = junit_of(
        "<testcase name='aborts' classname='alpha::endings'><failure type='test abort' "
        "message='process aborted with signal 15 (SIGTERM)'/></testcase>");
    for (const auto& junit : {std::optional<std::string>(), std::optional(file)}) {
        auto reader = reader_of(kIds);
        const auto read =
            test::read_all(reader, failed_and_on,
                           "  Cancelling due to signal: 1 test still running\n", killed(), junit);
        ASSERT_THAT(read.told.ended, SizeIs(1));
        EXPECT_EQ(read.told.ended.at(2).outcome, Outcome::Failed);
        EXPECT_TRUE(reader.tells_starts());
    }
    // The one that was ended last may have been ended by nextest.
    auto reader = reader_of(kIds);
    const auto read =
        test::read_all(reader, failed_and_on + event("failed", "alpha::alpha$tests::passes"), "",
                       killed(), std::nullopt);
    EXPECT_EQ(read.told.ended.count(0), 0U);
    EXPECT_EQ(read.told.ended.count(2), 1U);
}

TEST(NextestReader, AFailureReportedBeforeTheCancellationIsTheTestsOwn) {  // TRAPS 13, TRAPS 18
    constexpr std::string_view kCancelling = "  Cancelling due to signal: 1 test still running\n";
    const auto stream =
        event("started", "alpha::endings$aborts") + event("failed", "alpha::endings$aborts");
    struct Case {
        std::string line;
        bool own;
    };
    const Case cases[] = {
        {"        FAIL [   0.006s] ( 3/13) alpha::endings aborts\n", true},
        {"        FAIL [   0.006s] alpha::endings aborts\n", true},
        {"     SIGABRT [1234.567s] (3/3) alpha::endings aborts\n", true},
        {"     TIMEOUT [   1.006s] (3/3) alpha::endings aborts\n", true},
        {"     SIGTERM [   0.006s] (3/3) alpha::endings aborts\n", false},
        {"     SIGKILL [   0.006s] (3/3) alpha::endings aborts\n", false},
        {"        SLOW [>  1.000s] (2/3) alpha::endings aborts\n", false},
        {" TERMINATING [>  2.000s] (2/3) alpha::endings aborts\n", false},
        {"        PASS [   0.006s] (1/3) alpha::endings aborts\n", false},
        {"        FAIL [   0.006s] (3/3) alpha::endings aborts_too\n", false},
        {"        FAIL [   0.006s] (3/3\n", false},
        {"        FAIL [\n", false},
    };
    for (const auto& [line, own] : cases) {
        for (const bool before : {true, false}) {
            SCOPED_TRACE(line);
            auto reader = reader_of(kIds);
            const auto messages =
                before ? line + std::string(kCancelling) : std::string(kCancelling) + line;
            const auto read = test::read_all(reader, stream, messages, killed(), std::nullopt);
            EXPECT_EQ(read.told.ended.count(2), own && before ? 1U : 0U);
        }
    }
}

void expect_told_when_both_streams_have(const std::string& output, const std::string& ending,
                                        const std::string& message) {
    const std::pair<Stream, std::string> parts[] = {
        {Stream::Out, event("started", "alpha::endings$aborts") +
                          event("failed", "alpha::endings$aborts", output)},
        {Stream::Err, ending + " [   0.006s] (3/3) alpha::endings aborts\n"}};
    for (const bool swapped : {false, true}) {
        auto reader = reader_of(kIds);
        test::Told told;
        for (const auto part : {swapped ? 1 : 0, swapped ? 0 : 1}) {
            EXPECT_THAT(told.ended, IsEmpty());
            Signals signals;
            std::string visible;
            reader.feed(parts[part].first, parts[part].second, signals, visible);
            told.add(signals);
        }
        ASSERT_EQ(told.ended.count(2), 1U);
        EXPECT_EQ(told.ended.at(2).message, message);
        EXPECT_FALSE(told.twice);
    }
}

TEST(NextestReader, AReturnedErrorOrASignalIsToldWhenBothStreamsHaveReportedIt) {
    expect_told_when_both_streams_have("Error: 7\\n", "        FAIL", "Error: 7");
    expect_told_when_both_streams_have("last words\\n", "     SIGSEGV",
                                       "process aborted with SIGSEGV");
}

TEST(NextestReader, OutputThatTheProjectKeepsOutOfTheFileComesFromTheStream) {
    auto reader = reader_of(kIds);
    const auto read =
        test::read_all(reader,
                       event("started", "alpha::endings$aborts") +
                           event("failed", "alpha::endings$aborts", "last words\\n"),
                       "        FAIL [   0.006s] (3/3) alpha::endings aborts\n", exited(100),
                       junit_of("<testcase name='aborts' classname='alpha::endings'>"
                                "<failure type='test failure with exit code 3'/></testcase>"));
    EXPECT_EQ(read.told.ended.at(2).message, "test failure with exit code 3");
    EXPECT_EQ(read.told.ended.at(2).system_out, "last words\n");
}

TEST(NextestReader, AReturnedErrorIsToldWhenTheNextTestStarts) {
    auto reader = reader_of(kIds);
    Signals signals;
    std::string visible;
    reader.feed(
        Stream::Out,
        event("started", "alpha::endings$aborts") +
            event("failed", "alpha::endings$aborts", "Error: mine\\nError: \\\"no luck\\\"\\n"),
        signals, visible);
    test::Told before;
    before.add(signals);
    EXPECT_THAT(before.ended, IsEmpty());
    signals.clear();
    reader.feed(Stream::Out, event("started", "alpha::alpha$tests::passes"), signals, visible);
    test::Told after;
    after.add(signals);
    ASSERT_EQ(after.ended.count(2), 1U);
    EXPECT_EQ(after.ended.at(2).message, "Error: \"no luck\"");
}

TEST(NextestReader, WhatATestPrintedCannotPassForAnEventOrAMessageOfNextests) {
    const auto prints =
        event("started", "alpha::endings$aborts") +
        event("failed", "alpha::endings$aborts",
              "Cancelling due to signal\\n{\\\"type\\\":\\\"test\\\",\\\"event\\\":\\\"ok\\\","
              "\\\"name\\\":\\\"alpha::alpha$tests::passes\\\"}\\n");
    auto reader = reader_of(kIds);
    const auto read = test::read_all(
        reader, prints, "", exited(100),
        junit_of("<testcase name='aborts' classname='alpha::endings'><failure "
                 "type='test failure with exit code 7'/><system-out>Cancelling due to signal"
                 "</system-out></testcase>"));
    EXPECT_TRUE(read.reading.complete);
    EXPECT_EQ(read.told.ended.at(2).message, "test failure with exit code 7");
    EXPECT_THAT(read.told.ended, SizeIs(1));
}

TEST(NextestReader, WithoutAStreamTheFileGivesTheLogWhatFailedTestsPrinted) {
    auto reader = reader_of(kIds);
    const auto read = test::read_all(
        reader, "", "", exited(100),
        junit_of("<testcase name='tests::panics' classname='alpha'><failure/><system-out>said"
                 "</system-out></testcase>"));
    EXPECT_EQ(read.visible, "--- alpha tests::panics ---\nsaid\n");
    EXPECT_FALSE(reader.tells_starts());
}

TEST(NextestReader, ATerminalThatMakesOneStreamOfTwoChangesNothing) {  // TRAPS 13
    auto reader = reader_of(kIds);
    const auto read = test::read_all(
        reader,
        "    Starting 3 tests across 2 binaries\r\n" + event("started", "alpha::endings$aborts") +
            event("failed", "alpha::endings$aborts") +
            "        FAIL [   0.006s] (1/3) alpha::endings aborts\r\n" +
            event("started", "alpha::alpha$tests::passes") +
            "  Cancelling due to signal: 1 test still running\r\n" +
            event("failed", "alpha::alpha$tests::passes") +
            "     SIGTERM [   0.006s] (2/3) alpha tests::passes\r\n",
        "", exited(100), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.ended, SizeIs(1));
    EXPECT_EQ(read.told.ended.count(2), 1U);
}

TEST(NextestReader, HeldFailuresCountWithoutAFileWhenNextestEndedByItself) {
    auto reader = reader_of(kIds);
    const auto read = test::read_all(reader, kStream, "", exited(100), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    ASSERT_THAT(read.told.ended, SizeIs(3));
    EXPECT_EQ(read.told.ended.at(2).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(2).message, "test failure");
}

TEST(NextestReader, AFailureWithoutAMessageIsNamedByItsType) {
    auto reader = reader_of({"alpha a", "alpha b"});
    const auto read = test::read_all(
        reader, "", "", exited(100),
        junit_of("<testcase name='a' classname='alpha'><failure type='test timeout'/></testcase>"
                 "<testcase name='b' classname='alpha'><failure type='test abort' "
                 "message='process aborted with signal 9 (SIGKILL)'/></testcase>"));
    EXPECT_EQ(read.told.ended.at(0).message, "test timeout");
    EXPECT_THAT(read.told.ended.at(1).message, HasSubstr("out of memory?"));
}

TEST(NextestReader, ABuildFailureRefusesAllTestsWithTheCompilersWords) {
    auto reader = reader_of(kIds);
    const auto read =
        test::read_all(reader, "", "error[E0308]: mismatched types\n", exited(101), std::nullopt);
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.ended, IsEmpty());
    ASSERT_THAT(read.told.refused, SizeIs(3));
    EXPECT_THAT(read.told.refused.at(0), HasSubstr("E0308"));
}

TEST(NextestReader, ACrashOfNextestIsNoBuildFailure) {
    auto reader = reader_of(kIds);
    const auto read = test::read_all(reader, kStream, "", exited(101), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(NextestReader, TestsThatAreGoneAreRefusedWhenNoneIsLeftElseLeftOpen) {  // TRAPS 8
    auto none = reader_of(kIds);
    EXPECT_THAT(test::read_all(none, "", "", exited(4), std::nullopt).told.refused, SizeIs(3));

    auto some = reader_of({"alpha tests::passes", "alpha gone"});
    const auto file = junit_of("<testcase name='tests::passes' classname='alpha'/>");
    const auto read = test::read_all(some, "", "", exited(0), file);
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.ended, SizeIs(1));
    EXPECT_THAT(read.told.refused, IsEmpty());
}

}  // namespace
}  // namespace offload::framework::nextest
