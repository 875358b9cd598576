// Which lines of a failure's text say what was wrong: what the kinds have in common, and what
// languages and their libraries print under any runner. What a runner itself prints is told in its
// kind's folder. Pure.
#pragma once

#include <span>
#include <string_view>

#include "offload/model/line_rank.hpp"

namespace offload::framework {

using Lines = std::span<const std::string_view>;
using Ranks = std::span<LineRank>;

// A line is never made less telling by those who know of it, but for frames: `Frame` counts for
// lines of which nothing better is known.
void raise(LineRank& rank, LineRank to);

// Whether a path of Python's is that of the interpreter, of an installed package or of the plugin.
bool is_foreign_python(std::string_view path);

// "ValueError: no such order", "json.decoder.JSONDecodeError", "Error: x".
bool names_exception(std::string_view line);

// Tracebacks of Python, stacks of JavaScript, Java and Go, panics, reports of sanitizers, failed
// assertions of C, and lines that begin as errors do.
void rank_common(Lines lines, Ranks ranks);

}  // namespace offload::framework
