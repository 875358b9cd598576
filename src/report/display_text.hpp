// Text for people: harmless on a terminal, cut to a width, styled.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace offload::report {

// Valid UTF-8 in which no character moves a cursor or changes a terminal's state: colour and other
// escape sequences are left out, any other control or direction-changing character is shown as
// "\x1b" or "\u202e". Newlines and tabs stay.
std::string harmless(std::string_view bytes);

// The same for what must stay one line: escape sequences are shown, not left out; a newline becomes
// "\n" in two characters, a tab a space.
std::string harmless_line(std::string_view bytes);

// Columns that a terminal needs at most. `text` holds no control characters.
std::size_t display_width(std::string_view text);

// Whole when it fits into `columns`, else its beginning and end around "…" (or ".."), since both
// ends of a test ID tell something. Cuts between characters only.
std::string fit_middle(std::string_view text, std::size_t columns, bool unicode = true);

// The beginning, and "…" where something is left out.
std::string fit_end(std::string_view text, std::size_t columns, bool unicode = true);

enum class Style { Plain, Bold, Dim, Red, Green, Yellow, Cyan };

std::string styled(Style style, std::string_view text, bool colour);

// A line of styled pieces that knows its width.
class StyledLine {
  public:
    StyledLine& add(std::string_view text, Style style = Style::Plain);
    std::size_t width() const { return width_; }

    struct Cut {
        std::string bytes;
        std::size_t width = 0;
    };
    // At most `columns` wide.
    Cut cut(std::size_t columns, bool colour, bool unicode) const;

  private:
    struct Piece {
        std::string text;
        Style style;
    };
    std::vector<Piece> pieces_;
    std::size_t width_ = 0;
};

}  // namespace offload::report
