#include "command/native_runner.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/config/init.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What `go test -list` prints of a package comes before the package's name. A package that cannot
// be built must not be left out in silence.
NativeRunner go_runner() {
    return {.likeness = 3,
            .discover = R"({ go test -list {filters} ./... || echo FAIL; } | awk '
    /^(Test|Example|Fuzz)/ { tests[n++] = $1 }
    $1 == "ok" { for (i = 0; i < n; i++) print $2 "." tests[i]; n = 0 }
    $1 == "FAIL" { failed = 1 }
    END { exit failed }')",
            .run = R"(failed=0
for test in {tests}; do
    go test -count=1 -v -run "^${test##*.}\$" "${test%.*}" || failed=1
done
exit $failed)",
            .filters = ".",
            .of_filters = "Here a regular expression of names, and flags of `go test` behind it.",
            .notes = {"go.mod: a module of Go's. Each test is started by itself, as `go test -run` "
                      "does it."},
            .probes = {{.words = {"go", "version"},
                        .lack = "go is not in $PATH",
                        .hint = "install it, or put its folder into $PATH"}}};
}

NativeRunner jest_runner() {
    return {
        .likeness = 2,
        .discover = R"(npx --no-install jest --listTests {filters} | sed "s|^$(pwd -P)/||" | sort)",
        .run = "npx --no-install jest --coverage=false --runTestsByPath {tests}",
        .filters_example = "--testPathIgnorePatterns slow",
        .of_filters = "Here options of jest, and regular expressions of paths.",
        .notes = {"package.json: tests of jest. Each file is one test here."},
        .probes = {{.words = {"npx", "--no-install", "jest", "--version"},
                    .lack = "jest is not installed here",
                    .hint = "install what package.json names (npm install)"}}};
}

NativeRunner script_runner(const fs::path& folder) {
    return {
        .likeness = 0,
        .discover = fmt::format("find {} -type f -name 'test_*.sh' {{filters}} | sort",
                                config::is_there(folder / "tests") ? "tests" : "."),
        .run = R"(failed=0; for test in {tests}; do sh "$test" || failed=1; done; exit $failed)",
        .filters_example = "-not -name '*_slow.sh'"};
}

// All tests are one, which is all that can be done from outside.
NativeRunner target_runner(std::string_view runner, const std::string& target) {
    return {
        .likeness = 1,
        .discover = R"(printf '%s\n' {filters})",
        .run = fmt::format("failed=0; for test in {{tests}}; do {} \"$test\" || failed=1; done; "
                           "exit $failed",
                           runner),
        .filters = target,
        .of_filters = fmt::format("Here the names of what is run, each by `{} NAME`.", runner)};
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

json package_in(const fs::path& folder) {
    const auto text = read_file(folder / "package.json");
    auto package = text ? json::parse(*text, nullptr, false) : json::object();
    return package.is_object() ? package : json::object();
}

// What a package.json calls its tests, where that is none of this program's kinds; or "".
std::string npm_script(const json& package) {
    const auto scripts = package.find("scripts");
    if (scripts == package.end() || !scripts->is_object()) return "";
    const auto test = scripts->find("test");
    return test != scripts->end() && test->is_string() ? test->get<std::string>() : "";
}

bool has_jest(const fs::path& folder, const json& package) {
    for (const char* name : {"jest.config.js", "jest.config.ts", "jest.config.mjs",
                             "jest.config.cjs", "jest.config.json"}) {
        if (config::is_there(folder / name)) return true;
    }
    for (const char* table : {"devDependencies", "dependencies"}) {
        const auto found = package.find(table);
        if (found != package.end() && found->is_object() && found->contains("jest")) return true;
    }
    return package.contains("jest");
}

bool has_test_scripts(const fs::path& folder) {
    std::error_code ignored;
    const auto begin = fs::recursive_directory_iterator(
        config::is_there(folder / "tests") ? folder / "tests" : folder,
        fs::directory_options::skip_permission_denied, ignored);
    for (auto at = begin; at != fs::recursive_directory_iterator(); at.increment(ignored)) {
        const auto name = at->path().filename().string();
        if (name.starts_with('.') || name == "node_modules") at.disable_recursion_pending();
        if (name.starts_with("test_") && name.ends_with(".sh")) return true;
    }
    return false;
}

std::string all_at_once(std::string_view what) {
    return fmt::format(
        "{} runs all tests at once. Offload has to know each: discover_command prints one ID a "
        "line, run_command runs {{tests}}.",
        what);
}

}  // namespace

NativeRunner native_runner(const fs::path& folder) {
    const auto package = package_in(folder);
    const auto script = npm_script(package);
    const auto target = make_target(folder);
    if (config::is_there(folder / "go.mod")) return go_runner();
    if (has_jest(folder, package)) return jest_runner();

    std::string what;
    if (!target.empty()) what = fmt::format("`make {}`", target);
    if (target.empty() && !script.empty()) {
        what = fmt::format("`npm test` ({})", text::replace_all(script, "\n", " "));
    }
    if (has_test_scripts(folder)) {
        auto scripts = script_runner(folder);
        scripts.likeness = 1;
        if (!what.empty()) {
            scripts.notes.push_back(all_at_once(what) +
                                    " What stands here takes each file test_*.sh for one.");
        }
        return scripts;
    }
    if (what.empty()) {
        auto nothing = script_runner(folder);
        nothing.notes.emplace_back(
            "There is no test_*.sh here, which is what stands in discover_command and run_command: "
            "write yours there.");
        return nothing;
    }
    auto runner = target_runner(target.empty() ? "npm run --silent" : "make",
                                target.empty() ? "test" : target);
    runner.notes.push_back(all_at_once(what) + " Until they do, all of it is one test.");
    return runner;
}

}  // namespace offload::framework
