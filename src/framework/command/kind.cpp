#include "command/kind.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cargo/causes.hpp"
#include "command/command.hpp"
#include "command/options.hpp"
#include "common_keys.hpp"
#include "ctest/causes.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
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

// The first of a Makefile's targets that runs the tests, or "".
std::string make_target(const fs::path& folder) {
    for (const char* name : {"GNUmakefile", "makefile", "Makefile"}) {
        const auto text = read_file(folder / name);
        if (!text) continue;
        for (const auto line : text::lines(*text)) {
            for (const std::string_view target : {"test", "tests", "check"}) {
                const bool is_it = line.starts_with(target) &&
                                   line.substr(target.size()).starts_with(':') &&
                                   !line.substr(target.size()).starts_with(":=");
                if (is_it) return std::string(target);
            }
        }
    }
    return "";
}

// What a package.json calls its tests, where that is none of this program's kinds; or "".
std::string npm_script(const fs::path& folder) {
    const auto text = read_file(folder / "package.json");
    const auto package =
        text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json::object();
    if (!package.is_object() || !package.contains("scripts")) return "";
    const auto& scripts = package["scripts"];
    if (!scripts.is_object() || !scripts.contains("test") || !scripts["test"].is_string())
        return "";
    return scripts["test"].get<std::string>();
}

// Both run all tests in one go, which nobody can take apart from outside.
std::vector<std::string> notes_on(const fs::path& folder) {
    std::string what;
    if (const auto target = make_target(folder); !target.empty()) {
        what = fmt::format("`make {}`", target);
    } else if (const auto script = npm_script(folder); !script.empty()) {
        what = fmt::format("`npm test` ({})", text::replace_all(script, "\n", " "));
    } else {
        return {};
    }
    return {
        fmt::format("{} runs all tests at once. Offload has to know each: discover_command prints "
                    "one ID a line, run_command runs {{tests}}. What stands here takes each file "
                    "test_*.sh for one.",
                    what)};
}

int looks_like_it(const fs::path& folder) {
    return make_target(folder).empty() && npm_script(folder).empty() ? 0 : 1;
}

config::InitSection suggest(const config::InitRequest& request) {
    const bool tests = config::is_there(request.folder / "tests");
    return {.own = {{"discover_command", config::toml_text(fmt::format(
                                             "find {} -type f -name 'test_*.sh' {{filters}} | sort",
                                             tests ? "tests" : "."))},
                    {"run_command",
                     "'''failed=0; for test in {tests}; do sh \"$test\" || failed=1; done; "
                     "exit $failed'''"}},
            .group = {{"filters", "\"-not -name '*_slow.sh'\"", false},
                      {"schedule_individual", "true", true,
                       "With one test a batch, the exit status tells the result of each test."}},
            .notes = notes_on(request.folder)};
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
