// The way to Modal: requests from any thread to one process that holds the Modal client.
//
// The process is started by the first request, and again when it has died; sandboxes live on and
// are found by their IDs. What it was doing when it died is Lost.
#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "modal/bridge_process.hpp"
#include "offload/base/error.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

struct BridgeRequest {
    std::string_view op;  // see assets/modal_sandbox/requests.py
    nlohmann::json fields;
    std::string_view content = {};
    SteadyTime deadline;
    process::CancelToken cancel = {};
    // How long an answer may still come after `cancel`.
    std::chrono::seconds last_chance{0};
    process::Input* input = nullptr;  // of a command
};

struct BridgeAnswer {
    struct Done {
        nlohmann::json fields;
    };
    struct Failed {
        Error error;
    };
    struct TimedOut {};
    struct Cancelled {};
    struct Lost {
        Error error;
    };
    std::variant<Done, Failed, TimedOut, Cancelled, Lost> how;
};

// The answer's fields, or what went wrong with `what` ("creating a sandbox").
Result<nlohmann::json> to_result(BridgeAnswer answer, std::string_view what);

class Bridge {
  public:
    // `script`: the path of modal_sandbox.py.
    explicit Bridge(std::string script) : script_(std::move(script)) {}

    // To its end. `output` gets the command's output, or for other requests what the bridge tells
    // its user, on the calling thread; it may be empty.
    BridgeAnswer ask(const BridgeRequest& request, const OutputHandler& output = {});

  private:
    Result<std::shared_ptr<BridgeProcess>> process(const process::CancelToken& cancel);
    Result<std::shared_ptr<BridgeProcess>> start(const process::CancelToken& cancel);

    std::string script_;
    std::mutex mutex_;
    std::shared_ptr<BridgeProcess> process_;
    std::size_t starts_ = 0;
};

}  // namespace offload::provider
