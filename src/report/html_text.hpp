// Text as JSON that may stand inside an HTML page's data block whatever it holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "offload/base/time.hpp"

namespace offload::report {

// A JSON string in which no markup can begin or end: "<", ">" and "&" are escaped. Each byte that
// is not UTF-8 becomes U+FFFD.
void append_block_string(std::string& out, std::string_view bytes);

// Milliseconds with at most one decimal.
void append_milliseconds(std::string& out, Seconds time);

// How much of a long text stays.
struct TextBound {
    std::size_t head = 0;  // bytes of its beginning
    std::size_t tail = 0;  // bytes of its end
};

// A JSON string where the text is within the bound, else ["head", bytes left out, "tail"]. Cut
// between UTF-8 sequences.
void append_bounded_text(std::string& out, std::string_view text, const TextBound& bound);

}  // namespace offload::report
