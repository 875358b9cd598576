// Lines of the live display, until somebody shows them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "display_text.hpp"
#include "offload/report/ci.hpp"

namespace offload::report {

class ProgressLines {
  public:
    // `ci` may be null: whose log they go to, in which no line of a test may be taken for a
    // command.
    ProgressLines(bool colour, const CiSystem* ci) : colour_(colour), ci_(ci) {}

    void say(std::string_view line);
    void say(Style style, std::string_view word, std::string_view rest);

    // What the CI system itself is told; with its own ends of lines.
    void command(std::string_view text) { text_ += text; }

    const std::string& text() const { return text_; }
    std::string take();

  private:
    bool colour_;
    const CiSystem* ci_;
    std::string text_;
};

}  // namespace offload::report
