#include "ctest/kind.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common_keys.hpp"
#include "ctest/causes.hpp"
#include "ctest/ctest.hpp"
#include "ctest/options.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;

using config::Era;
using config::key;

constexpr const char* kTestFile = "CTestTestfile.cmake";

config::Keys keys() {
    using S = CtestOptions;
    return {
        key("build_dir", &S::build_dir, Era::V1_0,
            "The folder in which the project has been built, from the one in which tests are "
            "found.",
            {.if_empty = "remove it for the default, \"build\""}),
        key("config", &S::config, Era::V1_0,
            "The configuration, where the build folder holds several."),
        key("gtest_batches", &S::gtest_batches, Era::V1_0,
            "Whether the cases of a GoogleTest program that are in one batch share a process, as "
            "they do where the program is called by hand. ctest confirms all that do not pass."),
        discover_in_key<S>(),
    };
}

// Where the project has been built; "build" where it has not.
std::string build_folder_in(const fs::path& folder) {
    std::error_code ignored;
    for (const char* parent : {"build", "out/build", "."}) {
        if (config::is_there(folder / parent / kTestFile)) return parent;
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder / parent, ignored)) {
            if (config::is_there(entry.path() / kTestFile)) {
                found.push_back(
                    entry.path().lexically_relative(folder).lexically_normal().string());
            }
        }
        if (!found.empty()) return *std::ranges::min_element(found);
    }
    return "build";
}

config::InitSection suggest(const config::InitRequest& request) {
    return {.own = {{"build_dir", config::toml_text(build_folder_in(request.folder)), true,
                     "Build it before a run."},
                    {"config", config::toml_text("Release"), false}},
            .group = {{"filters", "\"-LE slow\"", false,
                       "Here those of ctest that select tests: -R, -E, -L, -LE."}}};
}

config::FrameworkKind declare() {
    return {.names = {"ctest"},
            .doc = "Runs the tests that CTest knows in a build folder.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<CtestOptions>(); },
            .test_id_format = "{name}",
            .init = suggest,
            // Less than any other: many a project in another language is built by CMake.
            .detect =
                [](const fs::path& folder) {
                    return config::is_there(folder / "CMakeLists.txt") ? 1 : 0;
                }};
}

Result<std::unique_ptr<Framework>> make(const config::Config& config) {
    return std::make_unique<CtestFramework>(config);
}

}  // namespace

void CtestOptions::look_for_runner(config::Surroundings& surroundings) const {
    const auto& folder = surroundings.tests_folder();
    surroundings.check_tool("framework.type", "ctest", folder);
    if (config::Surroundings::exists(folder / build_dir / kTestFile)) return;
    surroundings.warn(
        "framework.build_dir",
        fmt::format("framework.build_dir is {}, which holds no {}", build_dir, kTestFile),
        "configure and build the project before a run");
}

const Kind& ctest_kind() {
    static const Kind kind = {declare(), make, ctest::rank};
    return kind;
}

}  // namespace offload::framework
