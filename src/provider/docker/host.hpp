// Where the engine listens.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine.hpp"
#include "offload/base/error.hpp"

namespace offload::provider::docker {

// What this depends on besides the config.
struct HostSurroundings {
    std::function<std::optional<std::string>(const char* name)> environment;
    std::function<bool(const std::string& path)> exists;
    // The endpoint that `docker context` has chosen; empty where it has not.
    std::function<std::string()> chosen_context;
};
HostSurroundings this_machine();

// The path of its Unix socket: what `configured` says, else the environment (DOCKER_HOST or
// CONTAINER_HOST), else the client's chosen context, else the usual places, the system's first.
// Error: an address that is no Unix socket.
Result<std::string> find_socket(Brand brand, const std::optional<std::string>& configured,
                                const HostSurroundings& surroundings);

}  // namespace offload::provider::docker
