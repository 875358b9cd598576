#include "cargo/kind.hpp"

#include "cargo/cargo.hpp"
#include "cargo/causes.hpp"
#include "cargo/options.hpp"
#include "common_keys.hpp"
#include "offload/base/file.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;

using config::Era;
using config::key;

config::Keys keys() {
    using S = CargoOptions;
    return {
        key("package", &S::package, Era::V0_9, "One package of a workspace."),
        key("features", &S::features, Era::V0_9,
            "Features to switch on: a list, or one text as cargo's command line has it.",
            {.joined = true}),
        key("bin", &S::bin, Era::V0_9, "One binary of the package."),
        key("include_ignored", &S::include_ignored, Era::V0_9,
            "The ignored tests run, and only these."),
        key("archive", &S::archive, Era::V1_0,
            "Sandboxes elsewhere get what this machine has built, as an archive of nextest's, and "
            "build nothing: they need cargo-nextest and the project's files, and to be able to run "
            "this machine's programs."),
        discover_in_key<S>(),
    };
}

// Of a workspace whose root is a package as well, cargo takes that package alone, unless told.
bool has_members_beside_the_root(const fs::path& folder) {
    const auto text = read_file(folder / "Cargo.toml");
    return text && text->find("[workspace]") != std::string::npos &&
           text->find("[package]") != std::string::npos;
}

config::InitSection suggest(const config::InitRequest& request) {
    config::InitSection out{.own = {{"package", "\"my-crate\"", false},
                                    {"features", "[\"slow-tests\"]", false},
                                    {"include_ignored", "true", false},
                                    {"archive", "true", false}},
                            .group = {{"filters", "\"-E 'not test(slow)'\"", false}}};
    if (has_members_beside_the_root(request.folder)) {
        out.group.front() = {"filters", "\"--workspace\""};
        out.notes.emplace_back(
            "Cargo.toml is a package and a workspace: --workspace takes the tests of all members.");
    }
    return out;
}

config::FrameworkKind declare() {
    return {
        .names = {"cargo", "nextest"},
        .doc = "Runs tests with cargo-nextest (`cargo install cargo-nextest --locked`).",
        .keys = keys(),
        .fresh = [] { return std::make_shared<CargoOptions>(); },
        .test_id_format = "{classname} {name}",
        .init = suggest,
        .detect =
            [](const fs::path& folder) { return config::is_there(folder / "Cargo.toml") ? 3 : 0; }};
}

Result<std::unique_ptr<Framework>> make(const config::Config& config) {
    const auto& options = config.framework.as<CargoOptions>();
    if (options.archive && options.discover_in == config::DiscoverIn::Sandbox) {
        return fail(Error{.message = "an archive is made of what this machine builds, and with "
                                     "`discover_in = \"sandbox\"` it builds nothing",
                          .place = "[framework] archive",
                          .hint = "leave out one of the two"});
    }
    return std::make_unique<CargoFramework>(config);
}

}  // namespace

void CargoOptions::look_for_runner(config::Surroundings& surroundings) const {
    const auto& folder = surroundings.tests_folder();
    if (!surroundings.has_tool("cargo", folder)) {
        surroundings.warn("framework.type", "cargo is not in $PATH", "install Rust from rustup.rs");
        return;
    }
    const auto home = surroundings.variable("CARGO_HOME")
                          .value_or(surroundings.variable("HOME").value_or("") + "/.cargo");
    if (!surroundings.has_tool("cargo-nextest", folder) &&
        !surroundings.exists(fs::path(home) / "bin/cargo-nextest")) {
        surroundings.warn("framework.type", "cargo-nextest is not in $PATH",
                          "cargo install cargo-nextest --locked");
    }
}

const Kind& cargo_kind() {
    static const Kind kind = {declare(), make, nextest::rank};
    return kind;
}

}  // namespace offload::framework
