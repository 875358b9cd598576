#include "engine.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <utility>

#include "connection.hpp"
#include "offload/base/text.hpp"

namespace offload::provider::docker {
namespace {

constexpr std::size_t kLongestSaid = 4096;
constexpr unsigned kConflict = 409;

ErrorKind kind_of(unsigned status) {
    switch (status) {
        case 401:
        case 403:
            return ErrorKind::Denied;
        case 404:
            return ErrorKind::NotFound;
        case 429:
        case 503:
            return ErrorKind::Busy;
        default:
            return ErrorKind::Other;
    }
}

Result<Answer> converse(const Connection& connection, const HttpRequest& request,
                        Patience& patience) {
    OFFLOAD_CHECK(connection.send(to_wire(request), patience));
    ResponseReader reader;
    while (!reader.done()) {
        OFFLOAD_TRY(const auto bytes, connection.receive(patience));
        if (bytes.empty()) {
            OFFLOAD_CHECK(reader.finish());
            break;
        }
        OFFLOAD_CHECK(reader.feed(bytes));
    }
    Answer answer{.status = reader.status(), .fields = {}, .text = reader.take_body()};
    answer.fields = nlohmann::json::parse(answer.text, nullptr, false);
    if (answer.fields.is_discarded()) answer.fields = nullptr;
    return answer;
}

// A field that is not what it should be counts as absent.
template <class T>
T field(const nlohmann::json& object, const char* name, T otherwise) {
    if (!object.is_object()) return otherwise;
    const auto found = object.find(name);
    if (found == object.end()) return otherwise;
    try {
        return found->get<T>();
    } catch (const nlohmann::json::exception&) {
        return otherwise;
    }
}

}  // namespace

std::string_view program(Brand brand) { return brand == Brand::Docker ? "docker" : "podman"; }

std::string Listed::label(std::string_view name) const {
    for (const auto& [key, value] : labels) {
        if (key == name) return value;
    }
    return {};
}

Error refusal(std::string_view doing, const Answer& answer) {
    auto said = field<std::string>(answer.fields, "message", answer.text);
    said = text::shorten(text::to_valid_utf8(said), kLongestSaid);
    while (said.ends_with('\n')) said.pop_back();
    if (said.empty()) said = fmt::format("HTTP status {}", answer.status);
    return Error{fmt::format("{}: {}", doing, said)}.with_kind(kind_of(answer.status));
}

Error Engine::explained(Error error) const {
    const bool docker = brand_ == Brand::Docker;
    if (::access(socket_.c_str(), R_OK | W_OK) != 0 && errno == EACCES) {
        error.hint = docker
                         ? "this user may not use the engine: join its group (usermod -aG docker "
                           "$USER, then log in again), or name another engine in [provider] host"
                         : "this user may not use the engine: name the socket of one's own in "
                           "[provider] host, or leave it out";
    } else {
        error.hint = docker ? "start the engine (systemctl start docker), or say where it listens: "
                              "[provider] host = \"unix:///…\" or $DOCKER_HOST"
                            : "start its service (systemctl --user start podman.socket, or podman "
                              "system service --time=0), or say where it listens: [provider] host";
    }
    error.message = fmt::format("no {} answers: {}", docker ? "Docker Engine" : "Podman service",
                                error.message);
    return error;
}

Result<Answer> Engine::ask(const HttpRequest& request, const process::Limits& limits) const {
    Patience patience(limits);
    const auto connection = Connection::open(socket_);
    if (!connection) return fail(explained(connection.error()));
    return converse(*connection, request, patience);
}

Result<Answer> Engine::have(std::string_view doing, const HttpRequest& request,
                            const process::Limits& limits) const {
    auto answer = ask(request, limits);
    if (!answer) {
        auto error = std::move(answer).error();
        error.message = fmt::format("{}: {}", doing, error.message);
        return fail(std::move(error));
    }
    if (!answer->done()) return fail(refusal(doing, *answer));
    return answer;
}

Result<std::string> Engine::find_image(const std::string& name,
                                       const process::Limits& limits) const {
    OFFLOAD_TRY(const auto answer,
                ask({.target = fmt::format("/images/{}/json", percent_encoded(name))}, limits));
    if (answer.missing()) return std::string();
    if (!answer.done()) return fail(refusal(fmt::format("looking for the image {}", name), answer));
    return field<std::string>(answer.fields, "Id", "");
}

Result<std::optional<ContainerState>> Engine::state_of(const std::string& container,
                                                       const process::Limits& limits) const {
    OFFLOAD_TRY(
        const auto answer,
        ask({.target = fmt::format("/containers/{}/json", percent_encoded(container))}, limits));
    if (answer.missing()) return std::nullopt;
    if (!answer.done()) return fail(refusal("looking at a container", answer));
    const auto state = field<nlohmann::json>(answer.fields, "State", {});
    const auto status = field<std::string>(state, "Status", "");
    return ContainerState{.running = field(state, "Running", false),
                          .going = status == "removing" || status == "dead",
                          .out_of_memory = field(state, "OOMKilled", false),
                          .exit_code = field(state, "ExitCode", 0)};
}

Result<> Engine::remove(const std::string& container, const process::Limits& limits) const {
    const HttpRequest request{
        .method = "DELETE",
        .target = fmt::format("/containers/{}?force=true&v=true", percent_encoded(container))};
    OFFLOAD_TRY(const auto answer, ask(request, limits));
    if (answer.done() || answer.missing()) return {};
    // Somebody else removes it at this moment.
    if (answer.status == kConflict &&
        answer.text.find("already in progress") != std::string::npos) {
        return {};
    }
    return fail(refusal(fmt::format("removing the container {}", container), answer));
}

Result<std::vector<Listed>> Engine::list(const std::vector<std::string>& labels,
                                         const process::Limits& limits) const {
    const auto filters = nlohmann::json{{"label", labels}}.dump();
    OFFLOAD_TRY(const auto answer,
                have("listing containers",
                     {.target = fmt::format("/containers/json?all=true&filters={}",
                                            percent_encoded(filters))},
                     limits));
    std::vector<Listed> found;
    if (!answer.fields.is_array()) return found;
    for (const auto& entry : answer.fields) {
        Listed one{.id = field<std::string>(entry, "Id", ""),
                   .running = field<std::string>(entry, "State", "") == "running",
                   .labels = {}};
        for (auto& [name, value] : field<std::map<std::string, std::string>>(entry, "Labels", {})) {
            one.labels.emplace_back(name, value);
        }
        if (!one.id.empty()) found.push_back(std::move(one));
    }
    return found;
}

}  // namespace offload::provider::docker
