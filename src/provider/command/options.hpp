// What [provider] says of type "default": the user's own commands.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "offload/config/kind.hpp"

namespace offload::provider {

struct CommandOptions final : config::ProviderOptions {
    std::optional<std::string> prepare_command;
    std::string create_command;
    std::string exec_command;
    std::string destroy_command;
    std::optional<std::string> download_command;
    std::optional<std::string> exec_and_fetch_command;  // not called, see its declaration
    std::optional<std::string> working_dir;
    std::chrono::seconds timeout{3600};
    bool exec_stdin = false;
    std::vector<config::CopyDir> copy_dirs;
    config::Environment env;
    double cpu_cores = 1.0;

    void check(config::Section& section) override;
    void look_around(config::Surroundings& surroundings) const override;
    std::optional<std::chrono::seconds> exec_limit() const override { return timeout; }
    std::optional<config::SandboxSize> size() const override {
        return config::SandboxSize{.cores = cpu_cores, .gib = 0};
    }
    // Where the bundled script does it.
    bool completes_images() const override;
    // Any prepare_command gets it, as --sandbox-init-cmd=COMMAND.
    bool initialises_images() const override { return prepare_command.has_value(); }
    bool builds_layers() const override { return completes_images(); }
};

}  // namespace offload::provider
