#include "progress_lines.hpp"

#include <fmt/format.h>

#include <utility>

#include "ci/system.hpp"

namespace offload::report {

void ProgressLines::say(std::string_view line) {
    text_ += ci::guarded(ci_, line);
    text_ += '\n';
}

void ProgressLines::say(Style style, std::string_view word, std::string_view rest) {
    say(fmt::format("{} {}", styled(style, word, colour_), rest));
}

std::string ProgressLines::take() { return std::exchange(text_, {}); }

}  // namespace offload::report
