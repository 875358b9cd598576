// Execs that answer with JSON instead of streaming.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offload::provider {

struct JsonReply {
    int exit_code = 0;
    std::string out;
    std::string err;
    std::string before;  // what stood in front of the reply's line
};

// A last non-empty line of stdout that is an object with an integer `exit_code`; `stdout` and
// `stderr` are texts or missing. Nothing for any other output.
std::optional<JsonReply> parse_json_reply(std::string_view out);

}  // namespace offload::provider
