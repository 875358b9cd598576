#include "pytest/kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <thread>

#include "common_keys.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"
#include "pytest/causes.hpp"
#include "pytest/options.hpp"
#include "pytest/project.hpp"
#include "pytest/pytest.hpp"
#include "pytest/settings.hpp"
#include "pytest/xdist_habits.hpp"

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
        key("fork", &S::fork, Era::V1_0,
            "Whether workers on this machine are forks of the process that has collected the "
            "tests: `auto` where nothing speaks against it (docs/frameworks.md).",
            {.choices = {"auto", "off"}}),
        key("isolation", &S::isolated, Era::V1_0,
            "Which tests share a process: in a `worker` any that it is given, or only those of a "
            "`file`, or none, so that each `test` has one of its own, at the cost of a fork where "
            "there are forks.",
            {.choices = {"worker", "file", "test"}}),
        discover_in_key<S>(),
        key("python", &S::python, Era::V0_4,
            "Without `command`: the program that is called with `-m pytest`.", {.shown = false}),
        key("extra_args", &S::extra_args, Era::V0_4,
            "Without `command`: words between `python` and `-m pytest`, such as `run` for uv.",
            {.shown = false}),
    };
}

// What is left out by "not MARK" might be a group of its own.
std::optional<std::string> left_out_mark(std::string_view marks) {
    constexpr std::string_view kNot = "not ";
    if (!marks.starts_with(kNot)) return std::nullopt;
    const auto mark = text::trim(marks.substr(kNot.size()));
    const auto is_name = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    };
    if (mark.empty() || !std::ranges::all_of(mark, is_name)) return std::nullopt;
    return std::string(mark);
}

void take_over(const XdistHabits& habits, config::InitSection& out) {
    const auto note = [&](std::string sentence) { out.notes.push_back(std::move(sentence)); };
    if (habits.file.empty()) return note("No settings of pytest were found here.");
    if (habits.trouble) {
        return note(
            fmt::format("The addopts of {} could not be read: {}.", habits.file, *habits.trouble));
    }
    note(
        fmt::format("The addopts of {} still count; -n and --dist start no workers of xdist's "
                    "here.",
                    habits.file));
    std::size_t workers = 0;
    if (habits.workers == "auto" || habits.workers == "logical") {
        workers = std::max(std::thread::hardware_concurrency(), 1U);
    } else if (!habits.workers.empty()) {
        workers = std::strtoul(habits.workers.c_str(), nullptr, 10);
    }
    if (workers > 0) out.max_parallel = std::min(workers, habits.most.value_or(workers));
    out.retry_count = habits.reruns.value_or(0);
    if (habits.dist == "loadfile" || habits.dist == "loadscope") {
        note(fmt::format("--dist {}: tests of one {} stay together, as with xdist.", habits.dist,
                         habits.dist == "loadfile" ? "file" : "class or module"));
    } else if (habits.dist == "loadgroup") {
        note("--dist loadgroup: tests of one xdist_group stay together, as with xdist.");
    } else if (habits.dist == "each") {
        note("--dist each has no counterpart: every test runs once.");
    }
    if (!habits.marks.empty()) {
        note(fmt::format("-m \"{}\" of these addopts selects tests here as well.", habits.marks));
    }
    if (const auto mark = left_out_mark(habits.marks)) {
        out.more_groups.push_back(fmt::format(
            "[groups.{0}]\nretry_count = {1}\nfilters = \"-m {0}\"", *mark, *out.retry_count));
    }
}

config::InitSection suggest(const config::InitRequest& request) {
    const auto settings = pytest_settings(request.folder);
    const bool own_paths = settings.values.contains("testpaths");
    const bool tests = config::is_there(request.folder / "tests");
    const bool test = !tests && config::is_there(request.folder / "test");
    config::InitSection out;
    if (!settings.file.empty()) {
        out.notes.push_back(fmt::format("The settings of pytest in {} count here as well{}.",
                                        settings.file, own_paths ? ", testpaths among them" : ""));
    }
    auto call = pytest_call(request, settings);
    out.notes.insert(out.notes.end(), call.notes.begin(), call.notes.end());
    out.probes = std::move(call.probes);
    out.own = {
        {"command", config::toml_text(call.command)},
        {"paths", fmt::format("[\"{}\"]", test ? "test" : "tests"), (tests || test) && !own_paths},
        {"run_args", "\"--no-cov -p no:xdist\"", false}};
    if (config::is_there(request.folder / "src") && !settings.values.contains("pythonpath")) {
        out.own.push_back({"env", "{ PYTHONPATH = \"{root}/src\" }", false,
                           "This one finds a package in src/ that is not installed."});
    }
    out.group = {{"filters", "\"-m 'not slow'\"", false}};
    if (request.from_xdist) take_over(xdist_habits(request.folder), out);
    return out;
}

config::FrameworkKind declare() {
    return {.names = {"pytest"},
            .doc = "Runs tests with pytest, by the project's own command for it.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<PytestOptions>(); },
            .test_id_format = "{name}",
            .init = suggest,
            .detect = looks_like_pytest};
}

std::shared_ptr<const config::FrameworkOptions> plain_options(
    const config::FrameworkOptions& options) {
    auto plain = std::make_shared<PytestOptions>(dynamic_cast<const PytestOptions&>(options));
    plain->collect = PytestCollect::All;
    plain->as_xdist = false;
    plain->fork = PytestFork::Off;
    return plain;
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

void PytestOptions::look_for_runner(config::Surroundings& surroundings) const {
    const bool given = surroundings.given("framework.command");
    check_runner(surroundings, given ? "framework.command" : "framework.python", prefix.front());
}

void PytestOptions::look_around(config::Surroundings& surroundings) const {
    const auto& folder = surroundings.tests_folder();
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
    static const Kind kind = {declare(), make, pytest::rank, plain_options};
    return kind;
}

}  // namespace offload::framework
