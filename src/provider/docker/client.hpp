// The engine's own client program, for what it alone can do: build images as the user's Dockerfiles
// expect it, and pull with the user's credentials. Once per run, never per sandbox.
#pragma once

#include <string>
#include <vector>

#include "engine.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider::docker {

// Runs `docker ARGUMENTS…` against the engine. `progress` gets what it prints, and may be empty.
// Its stdout. Error: there is no such program, or it failed; the message has its last words.
Result<std::string> run_client(const Engine& engine, const std::vector<std::string>& arguments,
                               const process::Limits& limits, const OutputHandler& progress = {});

}  // namespace offload::provider::docker
