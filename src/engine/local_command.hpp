// A framework's own commands on this machine: discovery and conclusion.
#pragma once

#include <string>

#include "offload/base/error.hpp"
#include "offload/framework/framework.hpp"
#include "offload/process/child.hpp"

namespace offload::engine {

// Blocks until the command is over. Error: a file that it needs cannot be written. `watch`
// sees what it prints as it comes.
Result<process::Captured> run_here(const framework::DiscoveryCommand& command,
                                   const std::string& working_folder, const std::string& run_id,
                                   const process::Limits& limits,
                                   const process::OutputHandler& watch = {});

framework::Ended ended_from(const process::End& end);

}  // namespace offload::engine
