// How much a line of a failure's text tells about why it failed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace offload {

// In the order in which lines are missed, where not all can be shown.
enum class LineRank : std::uint8_t {
    Frame,    // of the runner, the standard library, a plugin: the same in every failure
    Plain,    // anything
    Related,  // leads to the cause: the source line, a frame of the tests' own, "error:" in a log
    Cause,    // says what was wrong
};

// Ranks the lines of one text: a traceback, or what a test printed. Both spans have the same
// length.
using LineRanker =
    std::function<void(std::span<const std::string_view> lines, std::span<LineRank> ranks)>;

}  // namespace offload
