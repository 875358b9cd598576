#include "pytest/kind.hpp"

#include <fmt/format.h>

#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"
#include "pytest/options.hpp"
#include "pytest/pytest.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;

using config::Era;
using config::key;

config::Keys keys() {
    using S = PytestOptions;
    return {
        key("command", &S::command, Era::V0_9,
            "How pytest is called in this project, for discovery and for the tests.",
            {.words = true, .shown = false}),
        key("paths", &S::paths, Era::V0_4,
            "Where tests are; without it, the folder `tests` where there is one and no `command` "
            "is "
            "given, else pytest's own configuration decides."),
        key("run_args", &S::run_args, Era::V0_9,
            "Arguments for the tests alone, not for discovery. An example that helps: coverage and "
            "xdist only get in each other's way here.",
            {.words = true}),
        key("discovery_args", &S::discovery_args, Era::V0_9, "Arguments for discovery alone.",
            {.words = true}),
        env_key<S>(),
        prepend_path_key<S>(),
        key("markers", &S::markers, Era::V0_4,
            "An expression for `-m`, for groups without `filters`."),
        key("collect", &S::collect, Era::V1_0,
            "What a process collects before it runs tests: `all` that discovery finds, the `files` "
            "of its own tests, or, as `auto`, all of it where that might make a difference.",
            {.choices = {"auto", "all", "files"}}),
        key("as_xdist", &S::as_xdist, Era::V1_0,
            "Whether tests are told, by `PYTEST_XDIST_WORKER` and the like, that they run in a "
            "worker of pytest-xdist's."),
        key("python", &S::python, Era::V0_4,
            "Without `command`: the program that is called with `-m pytest`.", {.shown = false}),
        key("extra_args", &S::extra_args, Era::V0_4,
            "Without `command`: words between `python` and `-m pytest`, such as `run` for uv.",
            {.shown = false}),
    };
}

// How pytest is called in this project.
std::string command_for(const config::InitRequest& request) {
    using config::is_there;
    const fs::path& folder = request.folder;
    if (is_there(folder / "uv.lock")) return "uv run pytest";
    if (is_there(folder / "poetry.lock")) return "poetry run pytest";
    if (is_there(folder / "pdm.lock")) return "pdm run pytest";
    if (request.runs_here) {
        for (const char* venv : {".venv", "venv"}) {
            if (is_there(folder / venv / "bin/pytest")) {
                return fmt::format("{}/bin/python -m pytest", venv);
            }
        }
    }
    return !config::is_in_path("python") && config::is_in_path("python3") ? "python3 -m pytest"
                                                                          : "python -m pytest";
}

config::InitSection suggest(const config::InitRequest& request) {
    const bool tests = config::is_there(request.folder / "tests");
    const bool test = !tests && config::is_there(request.folder / "test");
    config::InitSection out{
        .own = {{"command", config::toml_text(command_for(request))},
                {"paths", fmt::format("[\"{}\"]", test ? "test" : "tests"), tests || test},
                {"run_args", "\"--no-cov -p no:xdist\"", false}},
        .group = {{"filters", "\"-m 'not slow'\"", false}}};
    return out;
}

int looks_like_it(const fs::path& folder) {
    for (const char* name :
         {"pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini", "conftest.py"}) {
        if (config::is_there(folder / name)) return 2;
    }
    return 0;
}

config::FrameworkKind declare() {
    return {.names = {"pytest"},
            .doc = "Runs tests with pytest, by the project's own command for it.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<PytestOptions>(); },
            .test_id_format = "{name}",
            .init = suggest,
            .detect = looks_like_it};
}

Result<std::unique_ptr<Framework>> make(const config::Config& config) {
    return std::make_unique<PytestFramework>(config);
}

}  // namespace

void PytestOptions::check(config::Section& section) {
    RunnerEnvironment::check(section);
    if (section.given("command")) {
        for (const std::string_view key : {"python", "extra_args"}) {
            if (!section.given(key)) continue;
            section.warning_at(key,
                               fmt::format("framework.{} has no effect where framework.command is "
                                           "set",
                                           key),
                               "remove one of the two");
        }
        if (command.empty()) {
            section.error_at("command", "framework.command is empty",
                             "for example: command = \"python -m pytest\"");
        }
        prefix = command;
    } else {
        if (text::trim(python).empty()) {
            section.error_at("python", "framework.python is empty",
                             "for example: python = \"python\"");
        }
        prefix = {python};
        prefix.insert(prefix.end(), extra_args.begin(), extra_args.end());
        prefix.insert(prefix.end(), {"-m", "pytest"});
    }
    if (markers && text::trim(*markers).empty()) markers.reset();
}

void PytestOptions::complete(const fs::path& folder, config::Section& section) {
    if (section.given("paths") || section.given("command")) return;
    std::error_code ignored;
    if (!fs::is_directory(folder / "tests", ignored)) return;
    paths = {"tests"};
    section.comes_from("paths", "default, the folder exists");
}

void PytestOptions::look_around(config::Surroundings& surroundings) const {
    const auto& folder = surroundings.tests_folder();
    check_runner(surroundings,
                 surroundings.given("framework.command") ? "framework.command" : "framework.python",
                 prefix.front());
    for (const auto& path : paths) {
        // node IDs are paths, too
        const std::string file = path.substr(0, path.find("::"));
        if (file.find_first_of("*?[") != std::string::npos || surroundings.exists(folder / file)) {
            continue;
        }
        surroundings.warn("framework.paths",
                          fmt::format("framework.paths names {}, which does not exist in {}", file,
                                      folder.string()),
                          "pytest will refuse to collect");
    }
}

std::vector<config::DerivedLine> PytestOptions::derived() const {
    return {{"pytest is called as", shell::join(prefix), {"command", "python", "extra_args"}}};
}

const Kind& pytest_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::framework
