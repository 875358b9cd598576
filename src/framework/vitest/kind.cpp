#include "vitest/kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "common_keys.hpp"
#include "offload/base/file.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"
#include "vitest/options.hpp"
#include "vitest/vitest.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;

using config::Era;
using config::key;

config::Keys keys() {
    using S = VitestOptions;
    return {key("command", &S::command, Era::V0_9,
                "How vitest is called in this project, for discovery and for the tests.",
                {.words = true}),
            key("run_args", &S::run_args, Era::V0_9,
                "Arguments for the tests alone, not for discovery.", {.words = true}),
            env_key<S>(), prepend_path_key<S>(), discover_in_key<S>()};
}

// How vitest is called in this project.
std::string command_for(const fs::path& folder) {
    using config::is_there;
    if (is_there(folder / "pnpm-lock.yaml")) return "pnpm exec vitest";
    if (is_there(folder / "yarn.lock")) return "yarn run vitest";
    if (is_there(folder / "bun.lock") || is_there(folder / "bun.lockb")) return "bunx vitest";
    return "npx vitest";
}

config::InitSection suggest(const config::InitRequest& request) {
    return {.own = {{"command", config::toml_text(command_for(request.folder))},
                    {"run_args", "\"--retry=1\"", false}},
            .group = {{"filters", "\"--project unit\"", false,
                       "vitest's own: files, --project, -t, --exclude."}}};
}

// As a dependency, or in a script: a package of a workspace has the dependency above it.
bool names_vitest(const fs::path& package) {
    const auto text = read_file(package);
    if (!text) return false;
    const auto is_part = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '/';
    };
    constexpr std::string_view kName = "vitest";
    for (auto at = text->find(kName); at != std::string::npos; at = text->find(kName, at + 1)) {
        const auto end = at + kName.size();
        if (at > 0 && end < text->size() && !is_part((*text)[at - 1]) && !is_part((*text)[end])) {
            return true;
        }
    }
    return false;
}

// Where node looks for packages: here and in every folder above.
bool is_installed(const fs::path& folder) {
    for (auto at = fs::absolute(folder);; at = at.parent_path()) {
        if (config::is_there(at / "node_modules/vitest")) return true;
        if (at == at.parent_path()) return false;
    }
}

int looks_like_it(const fs::path& folder) {
    for (const char* name : {"vitest.config.ts", "vitest.config.mts", "vitest.config.js",
                             "vitest.config.mjs", "vitest.workspace.ts"}) {
        if (config::is_there(folder / name)) return 3;
    }
    return names_vitest(folder / "package.json") ? 3 : 0;
}

config::FrameworkKind declare() {
    return {.names = {"vitest"},
            .doc = "Runs tests with vitest, version 2 or newer, by the project's own command.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<VitestOptions>(); },
            .test_id_format = "{classname} > {name}",
            .init = suggest,
            .detect = looks_like_it};
}

Result<std::unique_ptr<Framework>> make(const config::Config& config) {
    return std::make_unique<VitestFramework>(config);
}

}  // namespace

void VitestOptions::check(config::Section& section) {
    RunnerEnvironment::check(section);
    if (!command.empty()) return;
    section.error_at("command", "framework.command is empty",
                     "for example: command = \"npx vitest\"");
}

void VitestOptions::look_for_runner(config::Surroundings& surroundings) const {
    check_runner(surroundings, "framework.command", command.front());
    const bool by_npx = command.front() == "npx" && surroundings.has_tool("npx", {});
    if (by_npx && !is_installed(surroundings.tests_folder())) {
        surroundings.warn("framework.command", "vitest is not in node_modules, here or above",
                          "npm install");
    }
}

const Kind& vitest_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::framework
