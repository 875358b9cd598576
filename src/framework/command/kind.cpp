#include "command/kind.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "cargo/causes.hpp"
#include "command/command.hpp"
#include "command/native_runner.hpp"
#include "command/options.hpp"
#include "common_keys.hpp"
#include "ctest/causes.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"
#include "pytest/causes.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;

using config::Era;
using config::Expander;
using config::key;
using Words = std::vector<std::string>;

config::Keys keys() {
    using S = CommandOptions;
    return {
        key("discover_command", &S::discover_command, Era::V0_4,
            "Prints one test ID a line; `{filters}`, which must stand in it, are those of each "
            "group.",
            {.expander = Expander::HostShell,
             .placeholders = Words{"filters"},
             .required = true,
             .example = "\"pytest --collect-only -q {filters}\""}),
        key("run_command", &S::run_command, Era::V0_4,
            "Runs the tests `{tests}`. A runner that can write JUnit XML should write it to "
            "`{result_file}`: then every test has a result of its own. Without it the exit status "
            "decides for the whole batch.",
            {.expander = Expander::SandboxShell,
             .placeholders = Words{"tests", "result_file"},
             .required = true,
             .example = "\"pytest --junitxml={result_file} {tests}\""}),
        key("result_file", &S::result_file, Era::V0_4,
            "The JUnit XML file that `run_command` writes, where it cannot be told another one by "
            "`{result_file}`.",
            {.if_empty = "remove it, or name the JUnit XML file that run_command writes"}),
        discover_in_key<S>(),
    };
}

int looks_like_it(const fs::path& folder) { return native_runner(folder).likeness; }

// A literal text of TOML's, with lines of its own where it has several.
std::string literal(const std::string& command) {
    return command.find('\n') == std::string::npos ? "'''" + command + "'''"
                                                   : "'''\n" + command + "\n'''";
}

config::InitSection suggest(const config::InitRequest& request) {
    const auto runner = native_runner(request.folder);
    const bool selects = !runner.filters.empty();
    const auto& filters = selects ? runner.filters : runner.filters_example;
    return {.own = {{"discover_command", literal(runner.discover)},
                    {"run_command", literal(runner.run)}},
            .group = {{"filters", config::toml_text(filters), selects, runner.of_filters},
                      {"schedule_individual", "true", true,
                       "With one test a batch, the exit status tells the result of each test."}},
            .notes = runner.notes,
            .probes = runner.probes};
}

config::FrameworkKind declare() {
    return {.names = {"default"},
            .doc =
                "Any runner, by two commands of yours: one that lists tests, and one that runs "
                "some of them.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<CommandOptions>(); },
            .test_id_format = {},  // only the user knows
            .init = suggest,
            .detect = looks_like_it};
}

// Whatever the runner may be.
void rank_any(Lines lines, Ranks ranks) {
    pytest::rank(lines, ranks);
    nextest::rank(lines, ranks);
    ctest::rank(lines, ranks);
}

Result<std::unique_ptr<Framework>> make(const config::Config& config) {
    return std::make_unique<CommandFramework>(config);
}

}  // namespace

bool CommandOptions::names_result_file() const {
    return run_command.find("{result_file}") != std::string::npos;
}

// Nothing is known of a command that is missing: all that its section needs is told at once.
bool CommandOptions::reads_junit() const {
    return run_command.empty() || names_result_file() || result_file;
}

void CommandOptions::check(config::Section& section) {
    if (!discover_command.empty() && discover_command.find("{filters}") == std::string::npos) {
        section.error_at("discover_command",
                         fmt::format("framework.discover_command is \"{}\"; it must contain "
                                     "{{filters}}",
                                     discover_command),
                         "each group's filters take its place; append it where the listing command "
                         "takes arguments");
    }
    if (!run_command.empty() && run_command.find("{tests}") == std::string::npos) {
        section.warning_at("run_command",
                           "framework.run_command does not contain {tests}: every batch runs all "
                           "that the command runs",
                           "put {tests} where the runner takes the tests to run");
    }
}

void CommandOptions::look_for_runner(config::Surroundings& surroundings) const {
    surroundings.check_command("framework.discover_command", discover_command,
                               surroundings.tests_folder());
}

const Kind& command_kind() {
    static const Kind kind = {declare(), make, rank_any};
    return kind;
}

}  // namespace offload::framework
