// What [framework] says of type "ctest".
#pragma once

#include <optional>
#include <string>

#include "offload/config/kind.hpp"

namespace offload::framework {

struct CtestOptions final : config::FrameworkOptions {
    std::string build_dir = "build";
    std::optional<std::string> config;  // of a multi-configuration build: "Release"
    bool gtest_batches = false;         // cases of one GoogleTest program share a process

    void look_for_runner(config::Surroundings& surroundings) const override;
};

}  // namespace offload::framework
