#include "command/error_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>

namespace offload::provider {
namespace {

constexpr std::array<std::string_view, 8> kTooFast{
    "rate limit",      "rate-limit", "ratelimit", "too many requests",
    "toomanyrequests", "throttl",    "slow down", "resource_exhausted"};
constexpr std::array<std::string_view, 7> kNotThere{"not found", "notfound",  "no such", "unknown",
                                                    "not exist", "no longer", "expired"};

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// HTTP's status for it, as a number of its own.
bool has_status_429(std::string_view text) {
    constexpr std::string_view kStatus = "429";
    for (auto at = text.find(kStatus); at != std::string_view::npos;
         at = text.find(kStatus, at + 1)) {
        const auto end = at + kStatus.size();
        if ((at == 0 || !is_digit(text[at - 1])) && (end == text.size() || !is_digit(text[end]))) {
            return true;
        }
    }
    return false;
}

bool has_one_of(const std::string& text, std::span<const std::string_view> words) {
    return std::ranges::any_of(
        words, [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

}  // namespace

ErrorKind kind_from_words(std::string_view said) {
    std::string text(said);
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (has_status_429(text) || has_one_of(text, kTooFast)) return ErrorKind::Busy;
    const bool speaks_of_image = text.find("image") != std::string::npos;
    return speaks_of_image && has_one_of(text, kNotThere) ? ErrorKind::Gone : ErrorKind::Other;
}

}  // namespace offload::provider
