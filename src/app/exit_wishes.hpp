// What the user wants the exit status to be, by config and command line.
#pragma once

#include <optional>

#include "exit_status.hpp"
#include "offload/config/config.hpp"

namespace offload::app {

// A flag counts before a key.
ExitStatusWishes wishes_of(const config::OffloadSection& offload,
                           std::optional<int> flaky_exit_code);

}  // namespace offload::app
