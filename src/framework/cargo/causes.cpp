#include "cargo/causes.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "offload/base/text.hpp"

namespace offload::framework::nextest {
namespace {

constexpr std::size_t kMostMessageLines = 12;

bool holds(std::string_view line, std::string_view words) {
    return line.find(words) != std::string_view::npos;
}

bool ends_message(std::string_view line) {
    return line == "stack backtrace:" || line.starts_with("note: ") || line.starts_with("thread '");
}

std::size_t rank_panic(Lines lines, Ranks ranks, std::size_t at) {
    const std::size_t begin = at;
    do {
        if (!text::trim(lines[at]).empty()) raise(ranks[at], LineRank::Cause);
        ++at;
    } while (at < std::min(lines.size(), begin + kMostMessageLines) && !ends_message(lines[at]));
    return at;
}

bool is_foreign(std::string_view place) {
    return holds(place, "/rustc/") || holds(place, "/rustlib/") || holds(place, "/registry/src/") ||
           holds(place, "/.cargo/");
}

// "   4: shop::tests::check", and in most cases "             at ./src/lib.rs:10:9" below.
bool is_frame(std::string_view line) {
    const auto words = text::trim(line);
    const auto colon = words.find(": ");
    return line.starts_with(" ") && colon != std::string_view::npos && colon > 0 &&
           std::ranges::all_of(words.substr(0, colon), [](char c) {
               return std::isdigit(static_cast<unsigned char>(c)) != 0;
           });
}

std::size_t rank_backtrace(Lines lines, Ranks ranks, std::size_t at) {
    ranks[at] = LineRank::Frame;
    for (++at; at < lines.size() && is_frame(lines[at]); ++at) {
        const bool placed = at + 1 < lines.size() && text::trim(lines[at + 1]).starts_with("at ");
        const bool own = placed && !is_foreign(lines[at + 1]);
        ranks[at] = own ? LineRank::Related : LineRank::Frame;
        if (placed) {
            ranks[at + 1] = ranks[at];
            ++at;
        }
    }
    return at;
}

bool is_of_harness(std::string_view line) {
    return line.starts_with("running ") || line.starts_with("test result: ") ||
           line.starts_with("failures:") || line.starts_with("note: run with `RUST_BACKTRACE=") ||
           line.starts_with("note: Some details are omitted, run with `RUST_BACKTRACE=") ||
           (line.starts_with("test ") && holds(line, " ... "));
}

}  // namespace

void rank(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size();) {
        const auto line = lines[at];
        if (line.starts_with("thread '") && holds(line, "panicked at ")) {
            at = rank_panic(lines, ranks, at);
        } else if (line == "stack backtrace:") {
            at = rank_backtrace(lines, ranks, at);
        } else {
            if (line.starts_with("Error: ") || line.starts_with("note: test did not panic")) {
                raise(ranks[at], LineRank::Cause);
            } else if (is_of_harness(line) && ranks[at] <= LineRank::Plain) {
                ranks[at] = LineRank::Frame;
            }
            ++at;
        }
    }
}

}  // namespace offload::framework::nextest
