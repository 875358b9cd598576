// What Offload and the Modal bridge (assets/modal_sandbox) say to each other: a JSON
// object on a line of its own; with "bytes" in it, that many raw bytes follow. Pure.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace offload::provider {

struct BridgeMessage {
    nlohmann::json fields;
    std::string content;  // the raw bytes
};

std::string to_wire(nlohmann::json fields, std::string_view content);

// Takes a stream of messages in pieces cut anywhere.
class BridgeReader {
  public:
    using Handler = std::function<void(BridgeMessage)>;

    explicit BridgeReader(Handler on_message) : on_message_(std::move(on_message)) {}

    // False once something else than a message has come: nothing more is taken then.
    bool feed(std::string_view bytes);

  private:
    bool take_line();

    Handler on_message_;
    std::string pending_;
    std::optional<BridgeMessage> message_;  // whose bytes are still coming
    std::size_t missing_ = 0;
    bool broken_ = false;
};

}  // namespace offload::provider
