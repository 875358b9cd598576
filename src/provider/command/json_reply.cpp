#include "command/json_reply.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace offload::provider {

std::optional<JsonReply> parse_json_reply(std::string_view out) {
    const auto last = out.find_last_not_of(" \t\r\n");
    if (last == std::string_view::npos || out[last] != '}') return std::nullopt;
    const auto newline = out.rfind('\n', last);
    const auto start = newline == std::string_view::npos ? 0 : newline + 1;
    const auto line = out.substr(start, last + 1 - start);
    const auto value = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    if (!value.is_object()) return std::nullopt;
    const auto code = value.find("exit_code");
    if (code == value.end() || !code->is_number_integer()) return std::nullopt;
    const auto number = code->get<std::int64_t>();
    JsonReply reply;
    reply.exit_code =
        number < 0 || number > std::numeric_limits<int>::max() ? 255 : static_cast<int>(number);
    const auto text = [&](const char* key) {
        const auto found = value.find(key);
        return found != value.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
    };
    reply.out = text("stdout");
    reply.err = text("stderr");
    reply.before = out.substr(0, start);
    return reply;
}

}  // namespace offload::provider
