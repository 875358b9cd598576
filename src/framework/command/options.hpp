// What [framework] says of type "default": the user's own commands.
#pragma once

#include <optional>
#include <string>

#include "offload/config/kind.hpp"

namespace offload::framework {

struct CommandOptions final : config::FrameworkOptions {
    std::string discover_command;
    std::string run_command;
    std::optional<std::string> result_file;

    // The command is told where JUnit XML goes.
    bool names_result_file() const;

    bool reads_junit() const override;
    void check(config::Section& section) override;
    void look_for_runner(config::Surroundings& surroundings) const override;
};

}  // namespace offload::framework
