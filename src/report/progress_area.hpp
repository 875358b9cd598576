// The redrawn lines at the bottom of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "display_text.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/progress.hpp"
#include "run_tracker.hpp"

namespace offload::report {

struct AreaLook {
    TerminalSize size;
    bool colour = false;
    bool unicode = true;
};

// What to show now: no line as wide as the terminal, and at most half as many as it has rows.
std::vector<StyledLine::Cut> area_lines(const RunTracker& run, const TestTable& tests,
                                        const AreaLook& look, Seconds now);

// Knows what stands on the screen, and how to replace it without flicker.
class RedrawnArea {
  public:
    // Bytes that put `scrolled` (whole lines) above the area, and `lines` in place of it.
    std::string draw(std::string_view scrolled, std::vector<StyledLine::Cut> lines,
                     std::size_t columns);

    // Bytes that remove the area and leave the cursor where it began.
    std::string remove(std::size_t columns);

  private:
    std::string to_first_row(std::size_t columns) const;

    std::vector<StyledLine::Cut> drawn_;
};

}  // namespace offload::report
