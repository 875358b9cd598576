// What [provider] says of type "modal".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "offload/config/kind.hpp"

namespace offload::provider {

struct ModalOptions final : config::ProviderOptions {
    std::optional<std::string> dockerfile;
    bool include_cwd = false;
    std::vector<config::CopyDir> copy_dirs;
    config::Environment env;
    double cpu_cores = 0.125;
    std::optional<double> memory_gb;
    std::string experimental_options = "{}";  // the table as JSON
    std::optional<std::string> image;         // no key: see use_image()

    void look_around(config::Surroundings& surroundings) const override;
    std::optional<config::SandboxSize> size() const override;
    bool completes_images() const override { return true; }
    bool builds_layers() const override { return true; }
};

}  // namespace offload::provider
