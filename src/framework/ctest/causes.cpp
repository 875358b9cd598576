#include "ctest/causes.hpp"

#include <algorithm>
#include <cstddef>

#include "offload/base/text.hpp"

namespace offload::framework::ctest {
namespace {

constexpr std::size_t kMostLines = 12;  // of one failure

bool begins_failure(std::string_view line) {
    return line.ends_with(": Failure") || line.ends_with(": FAILED:") ||
           line.find(": ERROR: CHECK") != std::string_view::npos ||
           line.find(": FATAL ERROR: REQUIRE") != std::string_view::npos;
}

// "[ RUN      ] A.B", "[  DEATH   ] …": what is between the brackets.
std::string_view mark_of(std::string_view line) {
    constexpr std::size_t kEnd = 11;
    if (line.size() <= kEnd || line[0] != '[' || line[kEnd] != ']') return {};
    return text::trim(line.substr(1, kEnd - 1));
}

bool is_of_runner(std::string_view line) {
    const auto mark = mark_of(line);
    return (!mark.empty() && mark != "DEATH") || line.starts_with("Running main() from ") ||
           line.starts_with("Note: Google Test filter = ") || line.ends_with(" FAILED TEST") ||
           line.ends_with(" FAILED TESTS");
}

}  // namespace

void rank(Lines lines, Ranks ranks) {
    std::size_t left = 0;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto line = lines[at];
        if (begins_failure(line)) left = kMostLines;
        if (is_of_runner(line) || text::trim(line).empty()) {
            left = 0;
            if (is_of_runner(line)) ranks[at] = LineRank::Frame;
        } else if (left > 0) {
            --left;
            raise(ranks[at], LineRank::Cause);
        }
    }
}

}  // namespace offload::framework::ctest
