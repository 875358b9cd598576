#include "command/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework_fixture.hpp"

namespace offload::framework {
namespace {

using test::context_in;
using test::exited;
using test::group_with;
using test::killed;
using test::Request;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

config::Config config_with(std::string discover, std::string run,
                           std::optional<std::string> result_file = {}) {
    config::Config config;
    config.framework.type = "default";
    config.framework.test_id_format = "{name}";
    CommandOptions options;
    options.discover_command = std::move(discover);
    options.run_command = std::move(run);
    options.result_file = std::move(result_file);
    config.framework.options = std::make_shared<CommandOptions>(std::move(options));
    return config;
}

CommandFramework framework_with(std::string run, std::optional<std::string> result_file = {}) {
    return CommandFramework(config_with("list {filters}", std::move(run), std::move(result_file)));
}

Result<Discovered> discovered_from(std::string_view out, const Ended& ended = exited(0),
                                   std::string_view err = "") {
    return framework_with("run {tests}")
        .read_discovery({group_with("-k 'a b'"), context_in("/run")}, ended, out, err);
}

std::vector<std::string> ids_of(const Discovered& discovered) {
    std::vector<std::string> ids;
    for (const auto& item : discovered.tests) ids.push_back(item.id);
    return ids;
}

TEST(CommandDiscovery, FiltersReplaceThePlaceholderAsWritten) {
    const CommandFramework framework(config_with("ls {filters} | cat; echo {tests}", "run"));
    const auto command =
        framework.discovery({group_with("-k 'a b' {filters}"), context_in("/run")});
    ASSERT_TRUE(command);
    EXPECT_EQ(command->command, "ls -k 'a b' {filters} | cat; echo {tests}");
    EXPECT_EQ(command->shown, command->command);
}

TEST(CommandDiscovery, LinesAreTrimmedAndEmptyOnesAndCommentsDropped) {
    const auto discovered = discovered_from("  a b\t\r\n\n# comment\n  # another\nc::d[é, 'x']\ne");
    ASSERT_TRUE(discovered);
    EXPECT_THAT(ids_of(*discovered), ElementsAre("a b", "c::d[é, 'x']", "e"));
    EXPECT_THAT(discovered->warnings, IsEmpty());
}

TEST(CommandDiscovery, RepeatedIdsAreKeptOnceWithOneWarning) {
    const auto discovered = discovered_from("a\nb\na\nb\na\n");
    ASSERT_TRUE(discovered);
    EXPECT_THAT(ids_of(*discovered), ElementsAre("a", "b"));
    ASSERT_THAT(discovered->warnings, SizeIs(1));
    EXPECT_THAT(discovered->warnings[0], HasSubstr("\"all\""));
}

TEST(CommandDiscovery, StatusOneInSilenceIsAnEmptyGroup) {
    const auto discovered = discovered_from("", exited(1));
    ASSERT_TRUE(discovered);
    EXPECT_THAT(discovered->tests, IsEmpty());
}

TEST(CommandDiscovery, AnyOtherFailureIsAnErrorWhateverWasPrinted) {
    for (const int status : {1, 2, 127}) {
        const auto discovered = discovered_from("a\nb\n", exited(status), "no such tool\n");
        ASSERT_FALSE(discovered) << status;
        const auto shown = discovered.error().to_string();
        EXPECT_THAT(shown, HasSubstr("exit status " + std::to_string(status)));
        EXPECT_THAT(shown, HasSubstr("no such tool"));
        EXPECT_THAT(shown, HasSubstr("list -k 'a b'"));
        EXPECT_THAT(discovered.error().hint,
                    HasSubstr(status == 127 ? "install that program" : "by hand"));
    }
    EXPECT_FALSE(discovered_from("", exited(1), "warning\n"));
    EXPECT_FALSE(discovered_from("a\n", exited(1)));
    EXPECT_FALSE(discovered_from("", exited(2)));
    EXPECT_FALSE(discovered_from("a\n", killed()));
}

TEST(CommandDiscovery, BinaryOutputIsAnErrorThatNamesTheLine) {
    using std::string_view_literals::operator""sv;
    for (const auto line : {"\0ELF"sv, "\x1b[32mgreen\x1b[0m"sv, "caf\xe9"sv, "a\x07"sv}) {
        const auto discovered = discovered_from("fine\n" + std::string(line) + "\n");
        ASSERT_FALSE(discovered);
        EXPECT_THAT(discovered.error().to_string(), HasSubstr("line 2"));
    }
}

TEST(CommandBatch, IdsAreQuotedAndReplacedInOnePass) {  // TRAPS 29
    const auto framework = framework_with("run --out={result_file} {tests}");
    const Request request(group_with(""), context_in("/run"),
                          {"plain", "it's $HOME", "{result_file}", "{tests}"});
    const auto batch = framework.batch(request());
    ASSERT_TRUE(batch);
    const auto ids =
        shell::join(std::vector<std::string>{"plain", "it's $HOME", "{result_file}", "{tests}"});
    EXPECT_EQ(batch->command, "run --out=/run/batch-7.xml " + ids);
    EXPECT_EQ(batch->result_file, "/run/batch-7.xml");
    EXPECT_FALSE(batch->shared_result_file);
}

TEST(CommandBatch, ResultFilesAreUniquePerBatchBesideTheConfiguredOne) {  // TRAPS 3, TRAPS 10
    const auto framework = framework_with("run {tests} > {result_file} 2>&1", "out/j unit.xml");
    const Request first(group_with(""), context_in("/run", "batch-1"), {"a"});
    const Request second(group_with(""), context_in("/run", "batch-2"), {"a"});
    const auto one = framework.batch(first());
    const auto two = framework.batch(second());
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->result_file, two->result_file);
    EXPECT_EQ(one->result_file, "out/j unit-batch-1-5eed.xml");
    EXPECT_EQ(one->command, "mkdir -p -- out || exit\nrun a > 'out/j unit-batch-1-5eed.xml' 2>&1");
    EXPECT_FALSE(one->shared_result_file);
}

TEST(CommandBatch, AResultFileThatTheCommandDoesNotMentionIsShared) {
    const auto framework = framework_with("npx vitest run {tests}", "junit.xml");
    const Request request(group_with(""), context_in("/run"), {"a"});
    const auto batch = framework.batch(request());
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->command, "npx vitest run a");
    EXPECT_EQ(batch->result_file, "junit.xml");
    EXPECT_TRUE(batch->shared_result_file);
    EXPECT_EQ(framework.verdict_source(), VerdictSource::PerTest);
    EXPECT_THAT(framework.warnings(), IsEmpty());
}

TEST(CommandBatch, WithoutAResultFileTheExitStatusDecidesAndAWarningSaysSo) {
    const auto framework = framework_with("make test T={tests}");
    EXPECT_EQ(framework.verdict_source(), VerdictSource::PerBatch);
    EXPECT_THAT(framework.warnings(),
                ElementsAre(AllOf(HasSubstr("flaky"), HasSubstr("schedule_individual = true"))));
    const Request request(group_with(""), context_in("/run"), {"a", "b"});
    const auto batch = framework.batch(request());
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->result_file, std::nullopt);
    EXPECT_FALSE(batch->shared_result_file);
    const auto reader = framework.reader(request());
    const auto read = test::read_all(*reader, "", "", exited(0), std::nullopt);
    EXPECT_THAT(read.told.ended, SizeIs(2));
}

TEST(CommandBatch, TheExitStatusOfOneTestIsItsOwn) {
    auto config = config_with("list", "go test -run {tests}");
    config.groups.resize(2);
    for (auto& group : config.groups) group.schedule_individual = true;
    EXPECT_THAT(CommandFramework(config).warnings(), IsEmpty());
    config.groups.back().schedule_individual = false;
    EXPECT_THAT(CommandFramework(config).warnings(), SizeIs(1));
}

TEST(CommandBatch, ACommandWithoutTestsIsWarnedOf) {
    EXPECT_THAT(framework_with("make test > {result_file}").warnings(),
                ElementsAre(HasSubstr("{tests}")));
}

TEST(CommandBatch, CommandBytesBoundWhatATestAdds) {  // TRAPS 28
    for (const auto* run : {"run {tests}", "run {tests} && again {tests}", "run all"}) {
        const auto framework = framework_with(run);
        for (const auto* id : {"plain", "it's", "''''", "ünï code", ""}) {
            const Request without(group_with(""), context_in("/run"), {"x"});
            const Request with(group_with(""), context_in("/run"), {"x", id});
            const auto growth = framework.batch(with())->command.size() -
                                framework.batch(without())->command.size();
            EXPECT_LE(growth, framework.command_bytes(id)) << run << " " << id;
        }
    }
}

}  // namespace
}  // namespace offload::framework
