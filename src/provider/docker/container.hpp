// What a sandbox's container is: the request that makes it. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider::docker {

inline constexpr const char* kRunLabel = "offload.run";
inline constexpr const char* kSandboxLabel = "offload.sandbox";
inline constexpr const char* kOwnerLabel = "offload.owner";      // see owner.hpp
inline constexpr const char* kProjectLabel = "offload.project";  // where its reports go

struct ContainerOptions {
    std::string image = {};
    std::optional<double> cpu_cores = {};
    std::optional<double> memory_gb = {};
    std::optional<std::string> network = {};
    std::optional<std::string> user = {};
    std::vector<std::string> run_args = {};
    std::vector<std::pair<std::string, std::string>> labels = {};
};

// Unique, and known before the container is: whatever becomes of the request, it can be removed.
std::string container_name(const std::string& run_id, SandboxNumber number);

// The body of POST /containers/create; `run_args` have no place in it.
nlohmann::json create_body(const ContainerOptions& options);

// The same as a command line of the engine's client, for `run_args`: `create --name …`.
std::vector<std::string> create_arguments(const std::string& name, const ContainerOptions& options);

}  // namespace offload::provider::docker
