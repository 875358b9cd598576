// What [framework] says of type "cargo".
#pragma once

#include <optional>
#include <string>

#include "offload/config/kind.hpp"

namespace offload::framework {

struct CargoOptions final : config::FrameworkOptions {
    std::optional<std::string> package;
    std::optional<std::string> features;
    std::optional<std::string> bin;
    bool include_ignored = false;
    bool archive = false;

    void look_for_runner(config::Surroundings& surroundings) const override;
};

}  // namespace offload::framework
