// Strings and numbers as JSON text; made for writing many small lines fast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "offload/base/time.hpp"

namespace offload::report {

// Valid UTF-8: a JSON string. Anything else: {"latin1":"…"}, one character per byte.
void append_json_string(std::string& out, std::string_view bytes);

// One byte below 0x80 as it stands in a JSON string that cannot hold it as it is.
void append_json_escape(std::string& out, unsigned char byte);

void append_json_integer(std::string& out, std::int64_t value);

// Shortest text that reads back as the same number; 0 for what JSON cannot say.
void append_json_number(std::string& out, double value);

// Unix seconds with six decimals.
void append_json_time(std::string& out, SystemTime time);

}  // namespace offload::report
