#include "offload/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace offload::text {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

struct Decoded {
    char32_t code_point = 0;
    std::size_t length = 0;  // 0: the bytes are no UTF-8 sequence
};

// RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF.
Decoded decode(std::string_view bytes) {
    const auto lead = static_cast<unsigned char>(bytes.front());
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return {};
    auto code_point = static_cast<char32_t>(lead & (0xFFU >> (length + 1)));
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(bytes[i])) return {};
        code_point = (code_point << 6U) | (static_cast<unsigned char>(bytes[i]) & 0x3FU);
    }
    if ((length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000)) return {};
    if ((code_point >= 0xD800 && code_point <= 0xDFFF) || code_point > 0x10FFFF) return {};
    return {code_point, length};
}

// Production [2] of XML 1.0.
bool is_xml_character(char32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

// The Levenshtein distance, or any number above `limit` as soon as it is known to be above.
std::size_t bounded_distance(std::string_view a, std::string_view b, std::size_t limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return b.size() - a.size();
    std::vector<std::size_t> row(a.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t j = 1; j <= b.size(); ++j) {
        std::size_t diagonal = row[0];
        row[0] = j;
        std::size_t least = j;
        for (std::size_t i = 1; i <= a.size(); ++i) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[i];
            row[i] = std::min({row[i] + 1, row[i - 1] + 1, substituted});
            least = std::min(least, row[i]);
        }
        if (least > limit) return least;
    }
    return row.back();
}

// Two neighbours have changed places, the commonest slip of the fingers.
bool is_swap(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    const auto [at, there] = std::mismatch(a.begin(), a.end(), b.begin());
    if (a.end() - at < 2) return false;
    return at[0] == there[1] && at[1] == there[0] && std::equal(at + 2, a.end(), there + 2);
}

std::size_t head_end(std::string_view text, std::size_t end) {
    for (int step = 0; step < 3 && end > 0 && end < text.size() && is_continuation(text[end]);
         ++step) {
        --end;
    }
    return end;
}

std::size_t tail_begin(std::string_view text, std::size_t begin) {
    for (int step = 0; step < 3 && begin < text.size() && is_continuation(text[begin]); ++step) {
        ++begin;
    }
    return begin;
}

}  // namespace

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kWhiteSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> found;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        found.push_back(line);
    }
    return found;
}

std::string last_lines(std::string_view text, std::size_t count) {
    std::vector<std::string_view> kept;
    while (!text.empty() && kept.size() < count) {
        const std::size_t newline = text.rfind('\n');
        const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
        std::string_view line = text.substr(begin);
        text = text.substr(0, begin == 0 ? 0 : begin - 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!trim(line).empty()) kept.push_back(line);
    }
    std::string joined;
    for (auto line = kept.rbegin(); line != kept.rend(); ++line) {
        if (line != kept.rbegin()) joined += '\n';
        joined += *line;
    }
    return joined;
}

std::string_view last_non_empty_line(std::string_view text) {
    text = trim(text);
    const std::size_t newline = text.rfind('\n');
    return trim(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
    if (from.empty()) return std::string(text);
    std::string out;
    out.reserve(text.size());
    while (true) {
        const std::size_t at = text.find(from);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += to;
        text.remove_prefix(at + from.size());
    }
}

std::string to_valid_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    while (!bytes.empty()) {
        const Decoded decoded = decode(bytes);
        const std::size_t length = std::max<std::size_t>(decoded.length, 1);
        const bool valid = decoded.length > 0 && is_xml_character(decoded.code_point);
        out += valid ? bytes.substr(0, length) : kReplacement;
        bytes.remove_prefix(length);
    }
    return out;
}

std::string shorten(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    const auto marker = [](std::size_t left_out) {
        return fmt::format("… [{} bytes left out] …", left_out);
    };
    const std::size_t marker_size = marker(text.size()).size();
    if (limit <= marker_size) return std::string(text.substr(0, head_end(text, limit)));
    const std::size_t room = limit - marker_size;
    const std::size_t head = head_end(text, room / 2);
    const std::size_t tail = tail_begin(text, text.size() - (room - room / 2));
    return fmt::format("{}{}{}", text.substr(0, head), marker(tail - head), text.substr(tail));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    return bounded_distance(a, b, std::max(a.size(), b.size()));
}

std::string_view nearest(std::string_view word, std::span<const std::string> candidates) {
    std::string_view best;
    std::size_t best_distance = SIZE_MAX;
    for (const std::string& candidate : candidates) {
        const std::size_t near = std::max(word.size(), candidate.size()) / 3;
        const std::size_t limit = best_distance == SIZE_MAX ? near : std::min(near, best_distance);
        const std::size_t distance = bounded_distance(word, candidate, limit);
        if (distance <= limit && distance < best_distance) {
            best = candidate;
            best_distance = distance;
            if (distance == 0) break;
        }
    }
    if (!best.empty()) return best;
    // Which counts as two changes, too many for a short word.
    const auto swapped = std::ranges::find_if(
        candidates, [&](const std::string& candidate) { return is_swap(word, candidate); });
    return swapped != candidates.end() ? std::string_view(*swapped) : best;
}

std::string duration(std::chrono::duration<double> seconds) {
    const double value = std::isfinite(seconds.count()) ? std::max(seconds.count(), 0.0) : 0.0;
    if (value > 0 && std::round(value * 1000) < 100) {
        return fmt::format("{} ms", std::max(1L, std::lround(value * 1000)));
    }
    // Compared with what would be shown, so that 59.96 s is "1m 00s" and never "60.0 s".
    if (std::round(value * 10) < 600) return fmt::format("{:.1f} s", value);
    const auto whole = static_cast<std::int64_t>(std::llround(std::min(value, 1e15)));
    if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
    const std::int64_t minutes = (whole + 30) / 60;
    return fmt::format("{}h {:02}m", minutes / 60, minutes % 60);
}

std::string count(std::size_t number, std::string_view singular, std::string_view plural) {
    if (number == 1) return fmt::format("1 {}", singular);
    if (plural.empty()) return fmt::format("{} {}s", number, singular);
    return fmt::format("{} {}", number, plural);
}

}  // namespace offload::text
