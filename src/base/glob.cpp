#include "offload/base/glob.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace offload {
namespace {

// Bytes of the UTF-8 sequence at the start of `text`; 1 for anything malformed.
std::size_t character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0xC2   ? 1
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 1;
    if (length > text.size()) return 1;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 1;
    }
    return length;
}

std::string_view take_character(std::string_view& text) {
    const std::string_view character = text.substr(0, character_length(text));
    text.remove_prefix(character.size());
    return character;
}

// `pattern` stands at a '['. Whether the set holds `character`, and what follows the set; nothing
// when no ']' closes it, and the '[' is an ordinary character then. UTF-8 sequences compare like
// the code points they stand for, so ranges need no decoding.
struct SetMatch {
    bool holds = false;
    std::string_view rest;
};
std::optional<SetMatch> match_set(std::string_view pattern, std::string_view character) {
    pattern.remove_prefix(1);
    const bool negated = pattern.starts_with('!') || pattern.starts_with('^');
    if (negated) pattern.remove_prefix(1);
    bool found = false;
    // A ']' that comes first is a member.
    for (bool first = true; !pattern.empty() && (first || pattern.front() != ']'); first = false) {
        const std::string_view low = take_character(pattern);
        if (pattern.size() >= 2 && pattern.front() == '-' && pattern[1] != ']') {
            pattern.remove_prefix(1);
            const std::string_view high = take_character(pattern);
            found = found || (low <= character && character <= high);
        } else {
            found = found || low == character;
        }
    }
    if (pattern.empty()) return std::nullopt;
    return SetMatch{found != negated, pattern.substr(1)};
}

// Whether the first element of `pattern` (no '*') matches the first character of `name`; removes
// both when it does.
bool match_one(std::string_view& pattern, std::string_view& name) {
    const std::string_view character = name.substr(0, character_length(name));
    if (pattern.front() == '?') {
        pattern.remove_prefix(1);
    } else if (const auto set =
                   pattern.front() == '[' ? match_set(pattern, character) : std::nullopt) {
        if (!set->holds) return false;
        pattern = set->rest;
    } else {
        if (!pattern.starts_with(character)) return false;
        pattern.remove_prefix(character.size());
    }
    name.remove_prefix(character.size());
    return true;
}

// Only the last '*' seen ever needs to give way, which keeps this at O(pattern x name).
bool match_component(std::string_view pattern, std::string_view name) {
    std::optional<std::string_view> after_star;
    std::string_view retry_name;
    while (!name.empty()) {
        if (pattern.starts_with('*')) {
            pattern.remove_prefix(1);
            after_star = pattern;
            retry_name = name;
        } else if (!pattern.empty() && match_one(pattern, name)) {
            continue;
        } else if (after_star) {
            take_character(retry_name);
            pattern = *after_star;
            name = retry_name;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*') == std::string_view::npos;
}

// "./a//b/" names the same as "a/b".
std::vector<std::string_view> components(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::string_view part = path.substr(0, path.find('/'));
        path.remove_prefix(part.size() < path.size() ? part.size() + 1 : part.size());
        if (!part.empty() && part != ".") parts.push_back(part);
    }
    return parts;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
    auto patterns = components(pattern);
    const auto names = components(path);
    if (patterns.empty() || names.empty()) return patterns.empty() && names.empty();
    // A trailing "**" stands for at least one component, an inner one for any number.
    if (patterns.back() == "**") patterns.emplace_back("*");

    std::size_t p = 0;
    std::size_t n = 0;
    std::optional<std::size_t> after_stars;
    std::size_t retry_n = 0;
    while (n < names.size()) {
        if (p < patterns.size() && patterns[p] == "**") {
            after_stars = ++p;
            retry_n = n;
        } else if (p < patterns.size() && match_component(patterns[p], names[n])) {
            ++p;
            ++n;
        } else if (after_stars) {
            p = *after_stars;
            n = ++retry_n;
        } else {
            return false;
        }
    }
    return p == patterns.size();
}

bool stays_inside(std::string_view relative) {
    const std::filesystem::path path(relative);
    return !path.empty() && path.is_relative() &&
           std::ranges::find(path, std::filesystem::path("..")) == path.end();
}

}  // namespace offload
