#include "html_text.hpp"

#include <cmath>

#include "json_text.hpp"
#include "utf8.hpp"

namespace offload::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr bool is_plain_in_html(unsigned char byte) {
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' && byte != '<' &&
           byte != '>' && byte != '&';
}

constexpr bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// A sequence has three continuations at most: further ones are not UTF-8 and may be cut anywhere.
constexpr int kMostContinuations = 3;

std::size_t cut_before(std::string_view text, std::size_t at) {
    for (int i = 0; i < kMostContinuations && at > 0 && continues(text[at]); ++i) --at;
    return at;
}

std::size_t cut_after(std::string_view text, std::size_t at) {
    for (int i = 0; i < kMostContinuations && at < text.size() && continues(text[at]); ++i) ++at;
    return at;
}

}  // namespace

void append_block_string(std::string& out, std::string_view bytes) {
    out += '"';
    std::size_t position = 0;
    while (position < bytes.size()) {
        std::size_t end = position;
        while (end < bytes.size() && is_plain_in_html(static_cast<unsigned char>(bytes[end])))
            ++end;
        out.append(bytes, position, end - position);
        position = end;
        if (position == bytes.size()) break;
        const auto byte = static_cast<unsigned char>(bytes[position]);
        const auto character = utf8::decode(bytes.substr(position));
        if (byte < 0x80) {
            append_json_escape(out, byte);
        } else if (character.valid) {
            out.append(bytes, position, character.length);
        } else {
            out += kReplacement;
        }
        position += character.length;
    }
    out += '"';
}

void append_milliseconds(std::string& out, Seconds time) {
    const double tenths = std::isfinite(time.count()) ? std::round(time.count() * 1e4) : 0;
    append_json_number(out, tenths / 10);
}

void append_bounded_text(std::string& out, std::string_view text, const TextBound& bound) {
    if (text.size() <= bound.head + bound.tail) {
        append_block_string(out, text);
        return;
    }
    const std::size_t head = cut_before(text, bound.head);
    const std::size_t tail = cut_after(text, text.size() - bound.tail);
    out += '[';
    append_block_string(out, text.substr(0, head));
    out += ',';
    append_json_integer(out, static_cast<std::int64_t>(tail - head));
    out += ',';
    append_block_string(out, text.substr(tail));
    out += ']';
}

}  // namespace offload::report
