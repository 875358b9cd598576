#include "host.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "offload/base/text.hpp"

namespace offload::provider::docker {
namespace {

constexpr std::string_view kScheme = "unix://";
constexpr std::chrono::seconds kClientLimit{20};

Result<std::string> socket_of(const std::string& address, const std::string& place) {
    if (address.starts_with(kScheme)) return address.substr(kScheme.size());
    if (address.starts_with('/')) return address;
    return fail(Error{
        .message = fmt::format("{} is no address of a Unix socket", address),
        .place = place,
        .hint = "give unix:///PATH; for an engine behind tcp:// or ssh://, forward its socket (ssh "
                "-L /tmp/engine.sock:/var/run/docker.sock HOST) or use a provider of type "
                "\"default\" with the docker client's commands"});
}

std::vector<std::string> usual_places(Brand brand, const HostSurroundings& surroundings) {
    const auto runtime = surroundings.environment("XDG_RUNTIME_DIR").value_or("");
    if (brand == Brand::Docker) {
        std::vector<std::string> places{"/var/run/docker.sock"};
        if (!runtime.empty()) places.push_back(runtime + "/docker.sock");
        return places;
    }
    std::vector<std::string> places;
    // Podman's containers belong to the user who made them.
    if (!runtime.empty()) places.push_back(runtime + "/podman/podman.sock");
    places.emplace_back("/run/podman/podman.sock");
    return places;
}

std::string docker_context() {
    const char* folder = std::getenv("DOCKER_CONFIG");
    const char* home = std::getenv("HOME");
    const auto file = folder != nullptr ? std::filesystem::path(folder) / "config.json"
                                        : std::filesystem::path(home == nullptr ? "" : home) /
                                              ".docker/config.json";
    std::ifstream stream(file);
    const auto config = nlohmann::json::parse(stream, nullptr, false);
    if (!config.is_object() || !config.contains("currentContext")) return {};
    const auto said = process::capture(
        {.argv = {"docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"}},
        {.deadline = SteadyTime::clock::now() + kClientLimit, .cancel = {}});
    return said.end.success() ? std::string(text::last_non_empty_line(said.out)) : std::string();
}

}  // namespace

HostSurroundings this_machine() {
    return {.environment = [](const char* name) -> std::optional<std::string> {
                const char* value = std::getenv(name);
                if (value == nullptr || *value == '\0') return std::nullopt;
                return value;
            },
            .exists = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; },
            .chosen_context = docker_context};
}

Result<std::string> find_socket(Brand brand, const std::optional<std::string>& configured,
                                const HostSurroundings& surroundings) {
    if (configured) return socket_of(*configured, "[provider] host");
    const char* variable = brand == Brand::Docker ? "DOCKER_HOST" : "CONTAINER_HOST";
    if (const auto address = surroundings.environment(variable)) {
        return socket_of(*address, fmt::format("${}", variable));
    }
    if (brand == Brand::Docker) {
        const auto chosen = surroundings.chosen_context();
        if (!chosen.empty()) return socket_of(chosen, "the context of the docker client");
    }
    const auto places = usual_places(brand, surroundings);
    for (const auto& place : places) {
        if (surroundings.exists(place)) return place;
    }
    return places.front();
}

}  // namespace offload::provider::docker
