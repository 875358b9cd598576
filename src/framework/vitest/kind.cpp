#include "vitest/kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "common_keys.hpp"
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

bool names_vitest(const fs::path& package) {
    std::ifstream file(package);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.find("\"vitest\"") != std::string::npos;
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
}

const Kind& vitest_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::framework
