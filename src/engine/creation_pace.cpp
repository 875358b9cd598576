#include "creation_pace.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace offload::engine {
namespace {

using std::chrono::milliseconds;

// After so many rounds of failures in a row the provider is considered down. One that merely limits
// the rate is given longer.
constexpr std::size_t kHopeless = 4;
constexpr std::size_t kHopelessWhenLimited = 8;
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kFirstPauseWhenLimited{1000};
constexpr milliseconds kLongestPause{30'000};

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

}  // namespace

bool says_rate_limited(const Error& error) {
    constexpr std::array<std::string_view, 8> kWords{
        "rate limit",      "rate-limit", "ratelimit", "too many requests",
        "toomanyrequests", "throttl",    "slow down", "resource_exhausted"};
    std::string text = error.message;
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return has_status_429(text) || std::ranges::any_of(kWords, [&](std::string_view words) {
               return text.find(words) != std::string::npos;
           });
}

CreationPace::CreationPace(std::size_t most_at_once)
    : most_(std::max<std::size_t>(1, most_at_once)), window_(most_) {}

void CreationPace::succeeded() {
    failures_in_a_row_ = 0;
    hopeless_ = false;
    window_ = std::min(most_, window_ + 1);
}

void CreationPace::failed(SteadyTime began, SteadyTime now, const Error& error) {
    if (failures_in_a_row_ > 0 && began < last_failure_) return;
    last_failure_ = now;
    const bool limited = says_rate_limited(error);
    const auto first = limited ? kFirstPauseWhenLimited : kFirstPause;
    const auto doublings = std::min<std::size_t>(failures_in_a_row_, 10);
    next_attempt_ = now + std::min(kLongestPause, first * (1U << doublings));
    ++failures_in_a_row_;
    window_ = std::max<std::size_t>(1, window_ / 2);
    hopeless_ = failures_in_a_row_ >= (limited ? kHopelessWhenLimited : kHopeless);
}

}  // namespace offload::engine
