#include "pytest/causes.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>

#include "offload/base/text.hpp"

namespace offload::framework::pytest {
namespace {

constexpr std::size_t kShortReason = 6;  // lines of an explanation that is shown as a whole

bool is_reason(std::string_view line) {
    line = text::trim(line);
    return line == "E" || line.starts_with("E  ");
}

std::string_view reason_of(std::string_view line) { return text::trim(text::trim(line).substr(1)); }

// A heading below which pytest lists what is the same on both sides, or all there is.
bool heads_more_of_the_same(std::string_view reason) {
    return reason.starts_with("Common items") || reason.starts_with("Full diff") ||
           reason.starts_with("Omitting") || reason.starts_with("Matching attributes");
}

bool tells_difference(std::string_view reason, std::string_view before) {
    if (reason.starts_with("- ") || reason.starts_with("+ ") || reason.starts_with("? "))
        return true;
    if (reason.ends_with(":") || before.ends_with(":")) {
        return !heads_more_of_the_same(reason) && !heads_more_of_the_same(before);
    }
    return reason.find(" != ") != std::string_view::npos;
}

// From the first of some lines with an E in front.
std::size_t rank_reason(Lines lines, Ranks ranks, std::size_t at) {
    const std::size_t begin = at;
    while (at < lines.size() && is_reason(lines[at])) ++at;
    for (std::size_t i = begin; i < at; ++i) {
        const auto reason = reason_of(lines[i]);
        const bool telling = i == begin || at - begin <= kShortReason ||
                             tells_difference(reason, reason_of(lines[i - 1]));
        if (reason.empty()) continue;
        raise(ranks[i], telling ? LineRank::Cause : LineRank::Related);
    }
    return at;
}

// "PATH:12: in name", "PATH:12: ValueError", "PATH:12: ": the path.
std::optional<std::string_view> path_of_place(std::string_view line) {
    if (line.empty() || line[0] == ' ' || line[0] == '>') return std::nullopt;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto digit = colon + 1;
    while (digit < line.size() && std::isdigit(static_cast<unsigned char>(line[digit])) != 0)
        ++digit;
    if (digit == colon + 1 || digit >= line.size() || line[digit] != ':') return std::nullopt;
    return line.substr(0, colon);
}

bool is_separator(std::string_view line) {
    return line.starts_with("_ _ _ ") || line.starts_with("The above exception was ") ||
           line.starts_with("During handling of the above ");
}

// An entry of a traceback is the source and then its place, or, in the short style, "PATH:N: in f"
// and then the source.
void rank_tracebacks(Lines lines, Ranks ranks) {
    std::size_t entry = 0;
    bool foreign = false;  // the short entry at hand
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (is_reason(lines[at])) {
            at = rank_reason(lines, ranks, at) - 1;
            continue;
        }
        if (is_separator(lines[at])) {
            entry = at + 1;
            foreign = false;
            if (!lines[at].starts_with("_ ")) raise(ranks[at], LineRank::Related);
        } else if (const auto path = path_of_place(lines[at])) {
            foreign = is_foreign_python(*path);
            if (foreign) {
                for (std::size_t i = entry; i <= at; ++i) {
                    if (ranks[i] != LineRank::Cause && !is_reason(lines[i]))
                        ranks[i] = LineRank::Frame;
                }
            } else {
                raise(ranks[at], LineRank::Related);
            }
            entry = at + 1;
        } else if (foreign && lines[at].starts_with("    ")) {
            ranks[at] = LineRank::Frame;
        } else if (text::trim(lines[at]).starts_with(">   ") &&
                   lines[at].find("available fixtures:") == std::string_view::npos) {
            raise(ranks[at], LineRank::Related);
        }
    }
}

// faulthandler's: `  File "PATH", line N in name`.
bool is_stack_frame(std::string_view line) {
    return line.starts_with("  File \"") && line.find("\", line ") != std::string_view::npos &&
           line.find(", in ") == std::string_view::npos;
}

void rank_stack(Lines lines, Ranks ranks) {
    const auto of_pytest = [](std::string_view line) {
        return line.find("/_pytest/") != std::string_view::npos;
    };
    const auto test = std::ranges::find_if(lines, of_pytest);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool below_test = i >= static_cast<std::size_t>(test - lines.begin());
        if (below_test || is_foreign_python(lines[i])) {
            // Where exactly it was is worth more than how the test came to run.
            ranks[i] = i == 0 && test != lines.end() ? LineRank::Related : LineRank::Frame;
        } else {
            raise(ranks[i], test != lines.end() ? LineRank::Cause : LineRank::Related);
        }
    }
}

void rank_stacks(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (lines[at].ends_with("(most recent call first):") ||
            lines[at].starts_with("Timeout (")) {
            raise(ranks[at], LineRank::Related);
        }
        std::size_t end = at;
        while (end < lines.size() && is_stack_frame(lines[end])) ++end;
        if (end == at) continue;
        rank_stack(lines.subspan(at, end - at), ranks.subspan(at, end - at));
        at = end - 1;
    }
}

// Numbered source, then "Expected:" and "Got:", each with lines below.
void rank_doctest(Lines lines, Ranks ranks) {
    constexpr std::size_t kMostLines = 8;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto line = lines[at];
        if (line != "Expected:" && line != "Got:" && line != "Expected nothing" &&
            !line.starts_with("Differences (") && !line.starts_with("UNEXPECTED EXCEPTION: ")) {
            continue;
        }
        if (at > 0 && ranks[at - 1] != LineRank::Cause) raise(ranks[at - 1], LineRank::Related);
        raise(ranks[at], LineRank::Cause);
        for (std::size_t i = at + 1; i < std::min(lines.size(), at + kMostLines); ++i) {
            if (!lines[i].starts_with("    ")) break;
            raise(ranks[i], LineRank::Cause);
        }
    }
}

void rank_header(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto line = lines[at];
        const bool header =
            (line.starts_with("===") && line.ends_with("===")) || line.starts_with("platform ") ||
            line.starts_with("cachedir: ") || line.starts_with("rootdir: ") ||
            line.starts_with("configfile: ") || line.starts_with("plugins: ") ||
            line.starts_with("collecting ") || line.starts_with("collected ") ||
            line.starts_with("Using --randomly") || line.starts_with("asyncio: mode=") ||
            line.starts_with("Hint: make sure your test modules/packages ");
        if (header && ranks[at] == LineRank::Plain) ranks[at] = LineRank::Frame;
    }
}

}  // namespace

void rank(Lines lines, Ranks ranks) {
    rank_tracebacks(lines, ranks);
    rank_stacks(lines, ranks);
    rank_doctest(lines, ranks);
    rank_header(lines, ranks);
}

}  // namespace offload::framework::pytest
