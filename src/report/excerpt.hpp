// What of many lines is shown, where there is room for some: the most telling ones, in their order.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "offload/model/line_rank.hpp"

namespace offload::report {

// A part of a text: its lines compete for the room that it has.
struct Stretch {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t most_lines = 0;
};

struct ExcerptLimits {
    // Which together are all lines, in order.
    std::vector<Stretch> stretches;
    // The first causes stand within so many rows, as far as what is left out in front of them can
    // bring that about.
    std::size_t first_rows = 9;
};

// A line that is shown, or a place where some are left out.
struct ExcerptRow {
    std::size_t line = 0;      // the line, or the first of those that are left out
    std::size_t left_out = 0;  // 0: the line itself is shown
};

// Every line is in exactly one of the rows, which are in order. In a stretch no cause is left out
// while a line of a lower rank is shown: where lines go for want of room, the lowest ranks go
// first, and within a rank what is farthest from a cause. Frames go in any case where a cause is
// known. One line is never left out by itself, since its mark would take its place.
std::vector<ExcerptRow> excerpt(std::span<const LineRank> ranks, const ExcerptLimits& limits);

}  // namespace offload::report
