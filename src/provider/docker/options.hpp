// What [provider] says of type "docker".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "brand.hpp"
#include "offload/config/kind.hpp"

namespace offload::provider::docker {

struct DockerOptions final : config::ProviderOptions {
    Brand engine = Brand::Docker;
    std::optional<std::string> host;   // the address of its socket
    std::optional<std::string> image;  // this or a Dockerfile
    std::optional<std::string> dockerfile;
    std::string context = ".";
    config::Environment build_args;
    bool include_cwd = false;
    std::vector<config::CopyDir> copy_dirs;
    config::Environment env;
    std::optional<double> cpu_cores;
    std::optional<double> memory_gb;
    std::optional<std::string> network;
    std::optional<std::string> user;
    std::vector<std::string> run_args;

    void look_around(config::Surroundings& surroundings) const override;
    std::optional<config::SandboxSize> size() const override;
    bool completes_images() const override { return true; }
};

}  // namespace offload::provider::docker
