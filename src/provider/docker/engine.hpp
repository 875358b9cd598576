// The Engine API: what Docker, and Podman in its likeness, answer on their socket. Thread-safe;
// each request has a connection of its own, which on a local socket costs less than a millisecond.
//
// Format: https://docs.docker.com/reference/api/engine/, from 1.40 on.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "brand.hpp"
#include "http.hpp"
#include "offload/base/error.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider::docker {

struct Answer {
    unsigned status = 0;
    nlohmann::json fields;  // null where the body is no JSON
    std::string text;       // the body

    bool done() const { return status >= 200 && status < 400; }  // 304: it was so already
    bool missing() const { return status == 404; }
};

struct ContainerState {
    bool running = false;
    bool going = false;  // somebody has asked for its removal
    bool out_of_memory = false;
    int exit_code = 0;
};

// A container of some run.
struct Listed {
    std::string id;
    bool running = false;
    std::vector<std::pair<std::string, std::string>> labels;

    std::string label(std::string_view name) const;  // empty where there is none
};

class Engine {
  public:
    Engine(Brand brand, std::string socket) : brand_(brand), socket_(std::move(socket)) {}

    Brand brand() const { return brand_; }
    const std::string& socket() const { return socket_; }

    // Error: the engine could not be asked, or has not answered; what it answers is no error.
    Result<Answer> ask(const HttpRequest& request, const process::Limits& limits) const;

    // ask(), and an error where the engine refuses: "DOING: what it said".
    Result<Answer> have(std::string_view doing, const HttpRequest& request,
                        const process::Limits& limits) const;

    // An error that says how to reach an engine, where it is one of reaching it.
    Error explained(Error error) const;

    // The image's ID; empty where the engine has no such image.
    Result<std::string> find_image(const std::string& name, const process::Limits& limits) const;

    // Nothing: there is no such container.
    Result<std::optional<ContainerState>> state_of(const std::string& container,
                                                   const process::Limits& limits) const;

    // With all that runs in it. That it is gone already is no error.
    Result<> remove(const std::string& container, const process::Limits& limits) const;

    // Containers that carry all of these labels ("name" or "name=value"), running or not.
    Result<std::vector<Listed>> list(const std::vector<std::string>& labels,
                                     const process::Limits& limits) const;

  private:
    Brand brand_;
    std::string socket_;
};

// What the engine said, as an error.
Error refusal(std::string_view doing, const Answer& answer);

}  // namespace offload::provider::docker
