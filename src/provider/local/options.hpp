// What [provider] says of type "local".
#pragma once

#include <optional>
#include <string>

#include "offload/config/kind.hpp"

namespace offload::provider {

struct LocalOptions final : config::ProviderOptions {
    std::optional<std::string> working_dir;
    config::Environment env;
    std::string shell = "/bin/sh";

    bool runs_here() const override { return true; }
    std::optional<std::string> tests_folder() const override { return working_dir; }
    void look_around(config::Surroundings& surroundings) const override;
};

}  // namespace offload::provider
