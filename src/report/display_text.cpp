#include "display_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "utf8.hpp"

namespace offload::report {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// East Asian Wide and Fullwidth, and characters with emoji presentation (Unicode UAX #11, UTS #51).
// Rounded up to whole blocks: a width that is taken too large never breaks a line.
constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
    Range{0x23E9, 0x23F3},   Range{0x25FD, 0x25FE},   Range{0x2600, 0x27BF},
    Range{0x2B1B, 0x2B1C},   Range{0x2B50, 0x2B55},   Range{0x2E80, 0x303E},
    Range{0x3041, 0xA4CF},   Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},
    Range{0xF900, 0xFAFF},   Range{0xFE10, 0xFE19},   Range{0xFE30, 0xFE6F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x16FE0, 0x18CFF},
    Range{0x1AFF0, 0x1B2FF}, Range{0x1F000, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

// The combining characters that are met most; others count as one column.
constexpr std::array kZero{Range{0x0300, 0x036F}, Range{0x0483, 0x0489},  Range{0x0591, 0x05BD},
                           Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF},  Range{0x1DC0, 0x1DFF},
                           Range{0x200B, 0x200D}, Range{0x20D0, 0x20F0},  Range{0xFE00, 0xFE0F},
                           Range{0xFE20, 0xFE2F}, Range{0xE0100, 0xE01EF}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t code) {
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), code,
                                        [](char32_t c, const Range& r) { return c < r.first; });
    return after != ranges.begin() && code <= std::prev(after)->last;
}

std::size_t width_of(char32_t code) {
    if (code < 0x300) return 1;
    if (is_in(kZero, code)) return 0;
    return is_in(kWide, code) ? 2 : 1;
}

bool is_control(char32_t code) {
    const bool c0_or_c1 = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool turns_direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                                 (code >= 0x202A && code <= 0x202E) ||
                                 (code >= 0x2066 && code <= 0x2069);
    const bool separates_lines = code == 0x2028 || code == 0x2029;
    return c0_or_c1 || turns_direction || separates_lines;
}

void append_shown(std::string& out, char32_t code) {
    out += code < 0x100 ? fmt::format("\\x{:02x}", static_cast<std::uint32_t>(code))
                        : fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
}

// Length of the whole escape sequence that `text` begins with (ECMA-48: CSI … final byte; OSC and
// the like up to BEL or ST); 0 when there is none, or it has no end nearby.
std::size_t escape_sequence_length(std::string_view text) {
    if (text.size() < 2 || text[0] != '\x1b') return 0;
    if (text[1] == '[') {
        for (std::size_t i = 2; i < std::min<std::size_t>(text.size(), 64); ++i) {
            const char c = text[i];
            if (c >= 0x40 && c <= 0x7E) return i + 1;
            if (c < 0x20 || c > 0x3F) return 0;
        }
        return 0;
    }
    if (text[1] == ']' || text[1] == 'P' || text[1] == '_' || text[1] == '^') {
        for (std::size_t i = 2; i < std::min<std::size_t>(text.size(), 4096); ++i) {
            if (text[i] == '\a') return i + 1;
            if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '\\') return i + 2;
            if (text[i] == '\n') return 0;
        }
        return 0;
    }
    return text[1] == '(' && text.size() >= 3 ? 3 : 0;
}

template <class OnControl>
std::string rewrite(std::string_view bytes, const OnControl& on_control) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto character = utf8::decode(bytes);
        if (!character.valid) {
            out += "\xEF\xBF\xBD";
            bytes.remove_prefix(1);
        } else if (is_control(character.code)) {
            bytes.remove_prefix(on_control(out, character, bytes));
        } else {
            out.append(bytes, 0, character.length);
            bytes.remove_prefix(character.length);
        }
    }
    return out;
}

// The longest beginning of `text` that needs at most `columns`.
std::string_view prefix_within(std::string_view text, std::size_t columns) {
    std::size_t width = 0;
    std::size_t end = 0;
    while (end < text.size()) {
        const auto character = utf8::decode(text.substr(end));
        const std::size_t wider = width + width_of(character.code);
        if (wider > columns) break;
        width = wider;
        end += character.length;
    }
    return text.substr(0, end);
}

std::string_view suffix_within(std::string_view text, std::size_t columns) {
    std::size_t width = 0;
    std::size_t begin = text.size();
    while (begin > 0) {
        std::size_t start = begin - 1;
        while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) --start;
        width += width_of(utf8::decode(text.substr(start)).code);
        if (width > columns) break;
        begin = start;
    }
    return text.substr(begin);
}

std::string_view ellipsis(bool unicode) { return unicode ? "…" : ".."; }

std::string_view code_of(Style style) {
    switch (style) {
        case Style::Plain:
            return "";
        case Style::Bold:
            return "\x1b[1m";
        case Style::Dim:
            return "\x1b[2m";
        case Style::Red:
            return "\x1b[31m";
        case Style::Green:
            return "\x1b[32m";
        case Style::Yellow:
            return "\x1b[33m";
        case Style::Cyan:
            return "\x1b[36m";
    }
    return "";
}

}  // namespace

std::string harmless(std::string_view bytes) {
    return rewrite(bytes, [](std::string& out, const utf8::Character& c, std::string_view rest) {
        if (c.code == '\n' || c.code == '\t') {
            out += static_cast<char>(c.code);
            return c.length;
        }
        if (c.code == '\r' && rest.size() > 1 && rest[1] == '\n') return c.length;
        if (const std::size_t length = escape_sequence_length(rest); length > 0) return length;
        append_shown(out, c.code);
        return c.length;
    });
}

std::string harmless_line(std::string_view bytes) {
    return rewrite(bytes, [](std::string& out, const utf8::Character& c, std::string_view) {
        if (c.code == '\n') {
            out += "\\n";
        } else if (c.code == '\t') {
            out += ' ';
        } else {
            append_shown(out, c.code);
        }
        return c.length;
    });
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto character = utf8::decode(text);
        width += width_of(character.code);
        text.remove_prefix(character.length);
    }
    return width;
}

std::string fit_middle(std::string_view text, std::size_t columns, bool unicode) {
    if (display_width(text) <= columns) return std::string(text);
    const auto gap = ellipsis(unicode);
    const std::size_t gap_width = display_width(gap);
    if (columns <= gap_width) return std::string(columns, '.');
    const std::size_t room = columns - gap_width;
    std::string out(prefix_within(text, room / 2));
    out += gap;
    out += suffix_within(text, room - room / 2);
    return out;
}

std::string fit_end(std::string_view text, std::size_t columns, bool unicode) {
    if (display_width(text) <= columns) return std::string(text);
    const auto gap = ellipsis(unicode);
    const std::size_t gap_width = display_width(gap);
    if (columns <= gap_width) return std::string(columns, '.');
    std::string out(prefix_within(text, columns - gap_width));
    out += gap;
    return out;
}

std::string styled(Style style, std::string_view text, bool colour) {
    if (!colour || style == Style::Plain) return std::string(text);
    return fmt::format("{}{}\x1b[0m", code_of(style), text);
}

StyledLine& StyledLine::add(std::string_view text, Style style) {
    pieces_.push_back({std::string(text), style});
    width_ += display_width(text);
    return *this;
}

StyledLine::Cut StyledLine::cut(std::size_t columns, bool colour, bool unicode) const {
    Cut cut;
    for (const Piece& piece : pieces_) {
        const std::size_t room = columns - cut.width;
        const bool nothing_sensible_fits = room < 4 && display_width(piece.text) > room;
        if (nothing_sensible_fits) break;
        const auto text = fit_end(piece.text, room, unicode);
        cut.bytes += styled(piece.style, text, colour);
        cut.width += display_width(text);
        if (text.size() != piece.text.size() || cut.width >= columns) break;
    }
    return cut;
}

}  // namespace offload::report
