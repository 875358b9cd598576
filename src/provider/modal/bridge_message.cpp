#include "modal/bridge_message.hpp"

#include <algorithm>
#include <utility>

namespace offload::provider {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 30;

}  // namespace

std::string to_wire(nlohmann::json fields, std::string_view content) {
    if (!content.empty()) fields["bytes"] = content.size();
    auto text = fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text += '\n';
    text += content;
    return text;
}

bool BridgeReader::feed(std::string_view bytes) {
    while (!bytes.empty() && !broken_) {
        if (message_) {
            const auto part = bytes.substr(0, missing_);
            message_->content += part;
            missing_ -= part.size();
            bytes.remove_prefix(part.size());
        } else {
            const auto end = bytes.find('\n');
            pending_ += bytes.substr(0, end);
            if (end == std::string_view::npos) return true;
            bytes.remove_prefix(end + 1);
            broken_ = !take_line();
        }
        if (message_ && missing_ == 0) on_message_(*std::exchange(message_, std::nullopt));
    }
    return !broken_;
}

bool BridgeReader::take_line() {
    auto fields = nlohmann::json::parse(std::exchange(pending_, {}), nullptr, false);
    if (!fields.is_object()) return false;
    if (const auto size = fields.find("bytes"); size != fields.end()) {
        if (!size->is_number_unsigned()) return false;
        missing_ = size->get<std::size_t>();
        if (missing_ > kMostBytes) return false;
    }
    message_ = BridgeMessage{std::move(fields), {}};
    message_->content.reserve(missing_);
    return true;
}

}  // namespace offload::provider
