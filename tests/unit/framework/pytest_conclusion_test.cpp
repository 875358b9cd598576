// The session that combines coverage: when there is one, and what is read from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework_fixture.hpp"
#include "pytest/conclusion.hpp"
#include "pytest/discovery.hpp"
#include "pytest/pytest.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;
using test::context_in;
using test::exited;
using test::group_with;
using test::killed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PytestFramework framework() {
    config::Config config;
    PytestOptions pytest;
    pytest.prefix = {"pytest"};
    pytest.run_args = {"--cov=lib"};
    config.framework.options = std::make_shared<PytestOptions>(pytest);
    return PytestFramework(config);
}

TEST(PytestConclusion, HasTheOptionsOfTheFirstGroupThatMeasured) {
    auto first = group_with("-m one");
    auto second = group_with("-m 'two words'");
    first.name = "a b/c";
    second.name = "c";
    const auto carry = std::make_shared<const PytestCarry>(PytestWays{});
    auto context = context_in("/d", "conclusion");
    context.run_folder = "/d d";
    const auto command = framework().conclusion(
        {.groups = {{first, carry}, {second, carry}}, .context = context, .any_failure = true});
    ASSERT_TRUE(command);
    EXPECT_THAT(command->command, HasSubstr("if [ -d '/d d/coverage.a%20b%2fc' ]; then\n"));
    EXPECT_THAT(command->command, HasSubstr("elif [ -d '/d d/coverage.c' ]; then\n"));
    EXPECT_LT(command->command.find("--cov=lib -m one"), command->command.find("elif"));
    EXPECT_GT(command->command.find("--cov=lib -m 'two words'"), command->command.find("elif"));
    const auto plan = json::parse(command->files.at(1).content);
    EXPECT_EQ(plan["mode"], "conclude");
    EXPECT_EQ(plan["coverage"], json({"/d d/coverage.a%20b%2fc", "/d d/coverage.c"}));
    EXPECT_EQ(plan["failed"], true);
}

TEST(PytestConclusion, IsNotNeededWhereThePluginCannotBeLoaded) {
    const auto group = group_with("");
    const auto plain = std::make_shared<const PytestCarry>(PytestWays{.plain = true});
    EXPECT_FALSE(framework().conclusion(
        {.groups = {{group, plain}, {group, nullptr}}, .context = context_in("/d", "conclusion")}));
}

constexpr auto kHello =
    "\x1e"
    "5eed {\"t\":\"hello\",\"protocol\":1}\n";

std::string bye(int status, const std::string& reason = "") {
    return "\x1e"
           "5eed " +
           json{{"t", "bye"}, {"status", status}, {"reason", reason}}.dump() + "\n";
}

std::string notice(const std::string& severity, const std::string& text) {
    return "\x1e"
           "5eed " +
           json{{"t", "notice"}, {"severity", severity}, {"text", text}}.dump() + "\n";
}

TEST(PytestConclusion, ItsOutputIsTheReport) {
    const auto read = read_pytest_conclusion(
        "5eed", exited(5), kHello + bye(5) + "\n== coverage ==\nTOTAL 54%\n\n", "noise");
    EXPECT_EQ(read.report, "== coverage ==\nTOTAL 54%");
    EXPECT_THAT(read.warnings, IsEmpty());
    EXPECT_FALSE(read.failure);
}

TEST(PytestConclusion, TooLittleCoverageIsAFailureAndALossAWarning) {
    const auto read = read_pytest_conclusion(
        "5eed", exited(1), kHello + notice("warning", "lost") + notice("error", "too low") + bye(1),
        "");
    EXPECT_EQ(read.failure, "too low");
    EXPECT_THAT(read.warnings, ElementsAre("lost"));
}

TEST(PytestConclusion, NothingMeasuredNothingSaid) {
    const auto read = read_pytest_conclusion("5eed", exited(0), "", "");
    EXPECT_THAT(read.warnings, IsEmpty());
    EXPECT_EQ(read.report, "");
}

// Exit status 1 alone says nothing about coverage: a wrapper that fails has the same.
TEST(PytestConclusion, OneThatBreaksIsAWarningAndNoFailure) {
    const auto no_python = read_pytest_conclusion("5eed", exited(1), "", "no such tool");
    EXPECT_FALSE(no_python.failure);
    EXPECT_THAT(no_python.warnings, ElementsAre(HasSubstr("no such tool")));
    const auto internal =
        read_pytest_conclusion("5eed", exited(3), kHello + bye(3, "internal error: disk full"), "");
    EXPECT_THAT(internal.warnings, ElementsAre(HasSubstr("disk full")));
    const auto dead = read_pytest_conclusion("5eed", killed(), kHello, "");
    EXPECT_THAT(dead.warnings, ElementsAre(HasSubstr("killed by signal 9")));
}

}  // namespace
}  // namespace offload::framework
