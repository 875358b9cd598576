#include "junit_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework_fixture.hpp"

namespace offload::framework {
namespace {

using test::exited;
using test::killed;
using test::read_all;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kPassAndFail = R"(<testsuite name="s">
<testcase name="a" time="0.5"/><testcase name="b"><failure message="wrong"/></testcase>
</testsuite>)";

test::Read read_junit(std::vector<std::string> ids, const Ended& ended,
                      const std::optional<std::string>& file, std::string_view out = "") {
    JunitReader reader({.ids = std::move(ids), .format = "{name}", .path = "/run/batch-7.xml"});
    return read_all(reader, out, "", ended, file);
}

TEST(JunitReader, CasesBecomeResultsOfTheirTests) {
    const auto read = read_junit({"b", "a"}, exited(1), std::string(kPassAndFail), "hello\n");
    EXPECT_TRUE(read.reading.complete);
    EXPECT_EQ(read.visible, "hello\n");
    ASSERT_THAT(read.told.ended, SizeIs(2));
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Passed);
    EXPECT_EQ(read.told.ended.at(1).duration, Seconds(0.5));
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(JunitReader, WithoutAFileTheBatchIsIncompleteAndSaysWhy) {  // TRAPS 3
    const auto read = read_junit({"a"}, exited(0), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.reading.trouble, HasSubstr("/run/batch-7.xml"));
    EXPECT_THAT(read.told.ended, IsEmpty());
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(JunitReader, WhatIsNoJunitIsNoResult) {
    const auto read = read_junit({"a"}, exited(0), "all good, a passed");
    EXPECT_FALSE(read.reading.complete);
    EXPECT_FALSE(read.reading.trouble.empty());
    EXPECT_THAT(read.told.ended, IsEmpty());
}

TEST(JunitReader, AFileThatBreaksOffGivesItsWholeCases) {  // TRAPS 18
    const std::string file(kPassAndFail.substr(0, kPassAndFail.find("<failure")));
    const auto read = read_junit({"a", "b"}, exited(0), file);
    EXPECT_FALSE(read.reading.complete);
    ASSERT_THAT(read.told.ended, SizeIs(1));
    EXPECT_EQ(read.told.ended.count(0), 1U);
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(JunitReader, TestsThatTheFileDoesNotNameAreLeftOpen) {  // TRAPS 8
    const auto read = read_junit({"a", "b", "c"}, exited(1), std::string(kPassAndFail));
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.ended, SizeIs(2));
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(JunitReader, AFileThatKnowsNoTestOfTheBatchRefusesThemWithTheFormatThatWouldMatch) {
    const std::string file =
        "<testsuite><testcase classname='m' name='a'/><testcase classname='m' name='b'/>"
        "</testsuite>";
    const auto read = read_junit({"m::a", "m::b"}, exited(0), file);
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.unknown, SizeIs(2));
    ASSERT_THAT(read.told.refused, SizeIs(2));
    EXPECT_THAT(read.told.refused.at(0), HasSubstr("{classname}::{name}"));
}

TEST(JunitReader, AKilledRunnerIsIncompleteButItsResultsStand) {  // TRAPS 19
    for (const auto& ended : {killed(), exited(137)}) {
        const auto read = read_junit({"a", "b", "c"}, ended, std::string(kPassAndFail));
        EXPECT_FALSE(read.reading.complete);
        EXPECT_THAT(read.told.ended, SizeIs(2));
        EXPECT_THAT(read.told.refused, IsEmpty());
    }
}

TEST(JunitReader, UnknownCasesAreToldAndTheOthersCount) {  // TRAPS 6
    const auto read = read_junit({"a"}, exited(1), std::string(kPassAndFail));
    EXPECT_THAT(read.told.ended, SizeIs(1));
    ASSERT_THAT(read.told.unknown, SizeIs(1));
    EXPECT_EQ(read.told.unknown[0].name, "b");
    EXPECT_EQ(read.told.unknown[0].outcome, Outcome::Failed);
}

TEST(ExitStatusReader, TheStatusDecidesAllTests) {
    for (const int status : {0, 1, 137}) {
        ExitStatusReader reader(3);
        const auto read = read_all(reader, "o\n", "e\n", exited(status), std::nullopt);
        EXPECT_TRUE(read.reading.complete);
        EXPECT_EQ(read.visible, "o\ne\n");
        ASSERT_THAT(read.told.ended, SizeIs(3));
        for (const auto& [position, result] : read.told.ended) {
            EXPECT_EQ(result.outcome, status == 0 ? Outcome::Passed : Outcome::Failed);
            if (status == 0) continue;
            EXPECT_EQ(result.message, "exit status " + std::to_string(status));
            EXPECT_EQ(result.details, "o\ne\n");
        }
    }
}

TEST(ExitStatusReader, WithoutAStatusThereIsNoVerdict) {  // TRAPS 9
    ExitStatusReader reader(3);
    const auto read = read_all(reader, "", "", killed(), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.ended, IsEmpty());
}

}  // namespace
}  // namespace offload::framework
