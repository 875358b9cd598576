#include "json_text.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cmath>

#include "utf8.hpp"

namespace offload::report {
namespace {

constexpr bool is_plain_in_json(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

void append_latin1(std::string& out, std::string_view bytes) {
    out += R"({"latin1":")";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain_in_json(byte)) {
            out += c;
        } else {
            append_json_escape(out, byte);
        }
    }
    out += "\"}";
}

}  // namespace

void append_json_escape(std::string& out, unsigned char byte) {
    switch (byte) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\r':
            out += "\\r";
            return;
        default:
            constexpr std::string_view kDigits = "0123456789abcdef";
            out += "\\u00";
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
    }
}

void append_json_string(std::string& out, std::string_view bytes) {
    const std::size_t start = out.size();
    out += '"';
    std::size_t position = 0;
    while (position < bytes.size()) {
        std::size_t end = position;
        while (end < bytes.size() && is_plain_in_json(static_cast<unsigned char>(bytes[end])))
            ++end;
        out.append(bytes, position, end - position);
        position = end;
        if (position == bytes.size()) break;
        const auto byte = static_cast<unsigned char>(bytes[position]);
        if (byte < 0x80) {
            append_json_escape(out, byte);
            ++position;
            continue;
        }
        const auto character = utf8::decode(bytes.substr(position));
        if (!character.valid) {
            out.resize(start);
            append_latin1(out, bytes);
            return;
        }
        out.append(bytes, position, character.length);
        position += character.length;
    }
    out += '"';
}

void append_json_integer(std::string& out, std::int64_t value) {
    const fmt::format_int text(value);
    out.append(text.data(), text.size());
}

void append_json_number(std::string& out, double value) {
    if (!std::isfinite(value)) value = 0;
    char text[32];
    const auto end = fmt::format_to(text, FMT_COMPILE("{}"), value);
    out.append(text, static_cast<std::size_t>(end - text));
}

void append_json_time(std::string& out, SystemTime time) {
    using std::chrono::microseconds;
    const auto all = std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
    const std::int64_t micros = all < 0 ? 0 : all;
    char text[40];
    const auto end =
        fmt::format_to(text, FMT_COMPILE("{}.{:06}"), micros / 1'000'000, micros % 1'000'000);
    out.append(text, static_cast<std::size_t>(end - text));
}

}  // namespace offload::report
