#include "container.hpp"

#include <fmt/format.h>

#include <cmath>

namespace offload::provider::docker {
namespace {

constexpr double kNano = 1e9;
constexpr double kGibibyte = 1024.0 * 1024 * 1024;

// Waits, and for that needs nothing but a shell and `sleep`; the shell collects what tests orphan.
constexpr const char* kIdle = "while :; do sleep 3600 & wait $!; done";

}  // namespace

std::string container_name(const std::string& run_id, SandboxNumber number) {
    return fmt::format("offload-{}-{}", run_id, number.value());
}

nlohmann::json create_body(const ContainerOptions& options) {
    nlohmann::json host = nlohmann::json::object();
    if (options.cpu_cores) {
        host["NanoCpus"] = static_cast<std::int64_t>(std::llround(*options.cpu_cores * kNano));
    }
    if (options.memory_gb) {
        const auto bytes = static_cast<std::int64_t>(std::llround(*options.memory_gb * kGibibyte));
        host["Memory"] = bytes;
        host["MemorySwap"] = bytes;  // memory and swap together: no swap
    }
    if (options.network) host["NetworkMode"] = *options.network;
    nlohmann::json body{{"Image", options.image},
                        {"Entrypoint", {"/bin/sh", "-c"}},
                        {"Cmd", {kIdle}},
                        {"StopSignal", "SIGKILL"},
                        {"Labels", nlohmann::json::object()},
                        {"HostConfig", std::move(host)}};
    for (const auto& [name, value] : options.labels) body["Labels"][name] = value;
    if (options.user) body["User"] = *options.user;
    return body;
}

std::vector<std::string> create_arguments(const std::string& name,
                                          const ContainerOptions& options) {
    std::vector<std::string> out{"create", "--name", name, "--stop-signal", "SIGKILL"};
    for (const auto& [label, value] : options.labels) {
        out.insert(out.end(), {"--label", fmt::format("{}={}", label, value)});
    }
    if (options.cpu_cores) out.insert(out.end(), {"--cpus", fmt::format("{}", *options.cpu_cores)});
    if (options.memory_gb) {
        const auto bytes = std::llround(*options.memory_gb * kGibibyte);
        out.insert(out.end(), {"--memory", fmt::format("{}b", bytes), "--memory-swap",
                               fmt::format("{}b", bytes)});
    }
    if (options.network) out.insert(out.end(), {"--network", *options.network});
    if (options.user) out.insert(out.end(), {"--user", *options.user});
    out.insert(out.end(), options.run_args.begin(), options.run_args.end());
    out.insert(out.end(), {"--entrypoint", "/bin/sh", options.image, "-c", kIdle});
    return out;
}

}  // namespace offload::provider::docker
