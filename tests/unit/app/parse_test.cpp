#include "parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Options options_of(const std::vector<std::string>& arguments, std::string_view command) {
    const auto parsed = parse_arguments(arguments);
    if (const auto* answer = std::get_if<Answer>(&parsed)) {
        ADD_FAILURE() << answer->text;
        return {};
    }
    EXPECT_EQ(std::get<Chosen>(parsed).command->name, command);
    return std::get<Chosen>(parsed).options;
}

Answer answer_of(const std::vector<std::string>& arguments) {
    const auto parsed = parse_arguments(arguments);
    if (const auto* answer = std::get_if<Answer>(&parsed)) return *answer;
    ADD_FAILURE() << "a command was chosen";
    return {};
}

TEST(CommandLine, RunHasDefaults) {
    const auto options = options_of({"run"}, "run");
    EXPECT_EQ(options.global.config, "offload.toml");
    EXPECT_EQ(options.global.verbose, 0);
    EXPECT_FALSE(options.global.quiet);
    EXPECT_FALSE(options.run.parallel);
    EXPECT_FALSE(options.run.flaky_exit_code);
    EXPECT_THAT(options.run.selection.ids, IsEmpty());
}

// TRAPS 49
TEST(CommandLine, GlobalFlagsCountBeforeAndBehindTheCommand) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"-c", "x.toml", "-v", "run"},
             {"run", "-c", "x.toml", "-v"},
             {"-v", "run", "--config=x.toml"},
             {"--config", "x.toml", "run", "--verbose"},
             {"run", "--fail-fast", "-c", "x.toml", "--verbose", "--ci"}}) {
        const auto options = options_of(arguments, "run");
        EXPECT_EQ(options.global.config, "x.toml");
        EXPECT_EQ(options.global.verbose, 1);
    }
    for (const char* command : {"collect", "validate", "init", "logs"}) {
        EXPECT_EQ(options_of({command, "-c", "x.toml"}, command).global.config, "x.toml");
    }
}

TEST(CommandLine, MoreOrLessCanBeSaidInColourOrWithout) {
    EXPECT_EQ(options_of({"run", "-vv"}, "run").global.verbose, 2);
    EXPECT_EQ(options_of({"-v", "run", "-v"}, "run").global.verbose, 2);
    EXPECT_TRUE(options_of({"run", "-q"}, "run").global.quiet);
    EXPECT_THAT(answer_of({"run", "-q", "-v"}).text, HasSubstr("--verbose"));
    EXPECT_EQ(options_of({"run"}, "run").global.colour, report::ColourWish::Auto);
    EXPECT_EQ(options_of({"--color", "always", "run", "--color=never"}, "run").global.colour,
              report::ColourWish::Never);
    EXPECT_EQ(answer_of({"run", "--color", "blue"}).exit_status, 1);
}

TEST(CommandLine, RunTakesEveryFlag) {
    const auto run = options_of({"run",
                                 "--parallel",
                                 "7",
                                 "--collect-only",
                                 "--copy-dir",
                                 "a:/a",
                                 "--copy-dir",
                                 "b:/b",
                                 "--env",
                                 "A=1",
                                 "--env",
                                 "B=x y",
                                 "--no-cache",
                                 "--fail-fast",
                                 "--trace",
                                 "--ci",
                                 "--show-estimated-cost",
                                 "--record-history",
                                 "--group",
                                 "unit",
                                 "--group",
                                 "slow",
                                 "--flaky-exit-code",
                                 "0"},
                                "run")
                         .run;
    EXPECT_EQ(run.parallel, 7U);
    EXPECT_THAT(run.copy_dirs, ElementsAre("a:/a", "b:/b"));
    EXPECT_THAT(run.env, ElementsAre("A=1", "B=x y"));
    EXPECT_THAT(run.groups, ElementsAre("unit", "slow"));
    EXPECT_EQ(run.flaky_exit_code, 0);
    EXPECT_TRUE(run.collect_only && run.no_cache && run.fail_fast && run.trace && run.ci &&
                run.show_estimated_cost && run.record_history);
}

TEST(CommandLine, HistoryHasCommandsOfItsOwn) {
    const auto merge = options_of({"history", "merge", "o", "a", "b"}, "history").history;
    EXPECT_EQ(merge.action, HistoryAction::Merge);
    EXPECT_EQ(merge.base + merge.ours + merge.theirs, "oab");
    const auto set_up = options_of({"history", "setup-merge-driver", "-c", "x.toml"}, "history");
    EXPECT_EQ(set_up.history.action, HistoryAction::SetUpMergeDriver);
    EXPECT_EQ(set_up.global.config, "x.toml");
}

TEST(CommandLine, ParallelHasAShortName) {
    EXPECT_EQ(options_of({"run", "-p", "3"}, "run").run.parallel, 3U);
    EXPECT_EQ(options_of({"run", "-p3"}, "run").run.parallel, 3U);
}

TEST(CommandLine, TestIdsSurviveUnchanged) {
    const auto run =
        options_of({"run", "--env", "A=1", "tests/a.py::t[x, y]", "[odd]", "run", "--", "-dash"},
                   "run")
            .run;
    EXPECT_THAT(run.env, ElementsAre("A=1"));
    EXPECT_THAT(run.selection.ids, ElementsAre("tests/a.py::t[x, y]", "[odd]", "run", "-dash"));
}

TEST(CommandLine, ValuesInBracketsSurvive) {
    EXPECT_THAT(options_of({"logs", "--test", "[a,b]"}, "logs").logs.tests, ElementsAre("[a,b]"));
    EXPECT_THAT(options_of({"run", "--env", "X=[1,2]"}, "run").run.env, ElementsAre("X=[1,2]"));
}

TEST(CommandLine, CollectKnowsItsFormats) {
    EXPECT_EQ(options_of({"collect"}, "collect").collect.format, ListFormat::Text);
    EXPECT_EQ(options_of({"collect", "-f", "json"}, "collect").collect.format, ListFormat::Json);
    EXPECT_EQ(options_of({"collect", "--format=text"}, "collect").collect.format, ListFormat::Text);
    EXPECT_EQ(answer_of({"collect", "-f", "yaml"}).exit_status, 1);
}

TEST(CommandLine, InitKnowsProvidersAndFrameworks) {
    EXPECT_EQ(options_of({"init", "-p", "docker"}, "init").init.provider, "docker");
    const auto options = options_of({"init", "-p", "modal", "-f", "nextest", "--force"}, "init");
    EXPECT_EQ(options.init.provider, "modal");
    EXPECT_EQ(options.init.framework, "nextest");
    EXPECT_TRUE(options.init.force);
    EXPECT_EQ(answer_of({"init", "-p", "lxc"}).exit_status, 1);
}

TEST(CommandLine, LogsFiltersAreRepeatable) {
    const auto logs = options_of({"logs", "--failures", "--errors", "--test", "a", "--test", "b",
                                  "--test-regex", "x.*"},
                                 "logs")
                          .logs;
    EXPECT_TRUE(logs.failures && logs.errors);
    EXPECT_THAT(logs.tests, ElementsAre("a", "b"));
    EXPECT_EQ(logs.test_regex, "x.*");
}

TEST(CommandLine, HelpAndVersionGoToStdout) {
    EXPECT_EQ(answer_of({"--version"}).text,
              std::string("offload ") + std::string(version()) + "\n");
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"--help"}, {"-h"}, {"run", "--help"}, {"validate", "-h"}, {"--version"}}) {
        const auto answer = answer_of(arguments);
        EXPECT_TRUE(answer.to_stdout);
        EXPECT_EQ(answer.exit_status, 0);
    }
}

TEST(CommandLine, HelpOfACommandIsWhatItsOwnFlagPrints) {
    for (const auto& command : commands()) {
        const std::string name(command.name);
        const auto help = answer_of({"help", name});
        EXPECT_EQ(help.text, answer_of({name, "--help"}).text);
        EXPECT_TRUE(help.to_stdout);
        EXPECT_EQ(help.exit_status, 0);
    }
    EXPECT_EQ(answer_of({"help"}).text, answer_of({"--help"}).text);
    EXPECT_EQ(answer_of({"help"}).exit_status, 0);
}

TEST(CommandLine, HelpOfNoCommandNamesTheNearest) {
    const auto unknown = answer_of({"help", "colect"});
    EXPECT_FALSE(unknown.to_stdout);
    EXPECT_EQ(unknown.exit_status, 1);
    EXPECT_THAT(unknown.text, AllOf(HasSubstr("no command colect"), HasSubstr("mean collect?")));
    const auto two = answer_of({"help", "run", "collect"});
    EXPECT_FALSE(two.to_stdout);
    EXPECT_EQ(two.exit_status, 1);
    EXPECT_THAT(two.text, HasSubstr("offload help run"));
}

// Only where a command stands: a test may be called so.
TEST(CommandLine, TestsMayBeCalledHelp) {
    EXPECT_THAT(options_of({"run", "help"}, "run").run.selection.ids, ElementsAre("help"));
}

TEST(CommandLine, HelpTeaches) {
    EXPECT_THAT(answer_of({"--help"}).text, HasSubstr("Getting started"));
    for (const auto& command : commands()) {
        EXPECT_THAT(answer_of({std::string(command.name), "--help"}).text,
                    AllOf(HasSubstr("Exit status"), HasSubstr("--config"),
                          HasSubstr("Usage: offload " + std::string(command.name))));
    }
}

// 2 would say that tests are flaky.
TEST(CommandLine, ThatMakesNoSenseIsToldOnStderrWithStatusOne) {
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"bogus"},
                                               {"run", "--bogus"},
                                               {"run", "-p"},
                                               {"run", "-p", "0"},
                                               {"run", "-p", "x"},
                                               {"run", "--flaky-exit-code", "256"},
                                               {"validate", "extra"},
                                               {"-c"}}) {
        const auto answer = answer_of(arguments);
        EXPECT_FALSE(answer.to_stdout) << testing::PrintToString(arguments);
        EXPECT_EQ(answer.exit_status, 1) << testing::PrintToString(arguments);
        EXPECT_THAT(answer.text, HasSubstr("--help")) << testing::PrintToString(arguments);
    }
}

TEST(CommandLine, SlipsGetASuggestion) {
    EXPECT_THAT(answer_of({"run", "--paralel", "3"}).text, HasSubstr("did you mean --parallel?"));
    EXPECT_THAT(answer_of({"run", "--verbos"}).text, HasSubstr("did you mean --verbose?"));
    EXPECT_THAT(answer_of({"colect"}).text,
                AllOf(HasSubstr("no command colect"), HasSubstr("did you mean collect?")));
    EXPECT_THAT(answer_of({"hlep"}).text, HasSubstr("did you mean help?"));
    EXPECT_THAT(answer_of({"history", "mrege"}).text,
                AllOf(HasSubstr("no command history mrege"), HasSubstr("did you mean merge?")));
}

TEST(CommandLine, SelectionsAreTheSameForRunCollectAndLogs) {
    const std::vector<std::string> flags{"tests/a.py", "--filter",    "slow(2s)", "b c",
                                         "--failed",   "--list-from", "-"};
    const auto with = [&](const char* command) {
        std::vector<std::string> arguments{command};
        arguments.insert(arguments.end(), flags.begin(), flags.end());
        return options_of(arguments, command);
    };
    for (const auto& selection : {with("run").run.selection, with("collect").collect.selection,
                                  with("logs").logs.selection}) {
        EXPECT_THAT(selection.ids, ElementsAre("tests/a.py", "b c"));
        EXPECT_EQ(selection.filter, "slow(2s)");
        EXPECT_EQ(selection.list_from, "-");
        EXPECT_TRUE(selection.failed);
    }
}

TEST(CommandLine, RunCanBeRepeatedAndFollowed) {
    const auto run =
        options_of({"run", "--repeat", "3", "--until-failure", "--events", "-"}, "run").run;
    EXPECT_EQ(run.repeat, 3U);
    EXPECT_TRUE(run.until_failure);
    EXPECT_EQ(run.events, "-");
    EXPECT_EQ(answer_of({"run", "--repeat", "0"}).exit_status, 1);
}

}  // namespace
}  // namespace offload::app
