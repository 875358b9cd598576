// offload init: a first offload.toml.
#include <fmt/format.h>

#include <filesystem>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "offload/base/file.hpp"
#include "offload/config/init.hpp"

namespace offload::app {
namespace {

config::InitProvider provider_of(const std::string& name) {
    if (name == "default") return config::InitProvider::Command;
    if (name == "modal") return config::InitProvider::Modal;
    if (name == "docker") return config::InitProvider::Docker;
    return config::InitProvider::Local;
}

config::InitFramework framework_of(const std::string& name, const std::filesystem::path& folder) {
    if (name == "default") return config::InitFramework::Command;
    if (name == "cargo" || name == "nextest") return config::InitFramework::Cargo;
    if (name == "ctest") return config::InitFramework::Ctest;
    if (name == "pytest") return config::InitFramework::Pytest;
    return config::detect_framework(folder);
}

}  // namespace

CLI::App* declare_init(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("init", "Write a commented offload.toml");
    command
        ->add_option("-p,--provider", options.init.provider,
                     "Where tests run: local, docker, default (your own commands), modal "
                     "(local)")
        ->type_name("NAME")
        ->check(CLI::IsMember({"local", "docker", "default", "modal"}));
    command
        ->add_option("-f,--framework", options.init.framework,
                     "What runs them: pytest, cargo, nextest, ctest, default (your own commands); "
                     "without it the folder decides, then pytest")
        ->type_name("NAME")
        ->check(CLI::IsMember({"pytest", "cargo", "nextest", "ctest", "default"}));
    command->add_flag("--force", options.init.force, "Overwrite a file that is there already");
    command->footer(R"(
Examples:
  offload init
  offload init -p default -f cargo
  offload init -c ci/offload.toml

Exit status: 0 the file is written, 1 it is not: a file that exists is only replaced with --force.
)");
    return command;
}

int execute_init(const Options& options) {
    namespace fs = std::filesystem;
    const fs::path file = options.global.config;
    std::error_code ignored;
    if (!options.init.force && fs::exists(fs::symlink_status(file, ignored))) {
        print(Error{.message = fmt::format("{} exists already", file.string()),
                    .hint = "--force replaces it; -c PATH writes to another file"});
        return kFailure;
    }
    const fs::path folder = fs::current_path();
    const auto framework = framework_of(options.init.framework, folder);
    const auto text = config::init_template(provider_of(options.init.provider), framework, folder);
    if (auto written = write_file_atomically(file, text); !written) {
        print(written.error());
        return kFailure;
    }
    write_stderr(
        fmt::format("Wrote {}. `offload validate` explains it, `offload run` runs the "
                    "tests.\n",
                    file.string()));
    return kSuccess;
}

}  // namespace offload::app
