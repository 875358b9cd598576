// One character of UTF-8 at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace offload::report::utf8 {

struct Character {
    char32_t code = 0;       // the byte itself when not valid
    std::size_t length = 1;  // bytes taken
    bool valid = false;
};

// The first character of `bytes`, which must not be empty. Overlong forms, surrogates and values
// above U+10FFFF are not valid (RFC 3629).
inline Character decode(std::string_view bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    std::size_t length = 0;
    char32_t code = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
        code = lead & 0x1FU;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        code = lead & 0x0FU;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        code = lead & 0x07U;
    }
    if (length == 0 || bytes.size() < length) return {lead, 1, false};
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return {lead, 1, false};
        code = (code << 6U) | (byte(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) return {lead, 1, false};
    return {code, length, true};
}

}  // namespace offload::report::utf8
