#include "creation_pace.hpp"

#include <algorithm>

namespace offload::run {
namespace {

using std::chrono::milliseconds;

// After so many rounds of failures in a row the provider is considered down. One that merely limits
// the rate is given longer.
constexpr std::size_t kHopeless = 4;
constexpr std::size_t kHopelessWhenLimited = 8;
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kFirstPauseWhenLimited{1000};
constexpr milliseconds kLongestPause{30'000};

}  // namespace

CreationPace::CreationPace(std::size_t most_at_once)
    : most_(std::max<std::size_t>(1, most_at_once)), window_(most_) {}

void CreationPace::succeeded() {
    failures_in_a_row_ = 0;
    hopeless_ = false;
    window_ = std::min(most_, window_ + 1);
}

void CreationPace::failed(Seconds began, Seconds now, const Error& error) {
    if (failures_in_a_row_ > 0 && began < last_failure_) return;
    last_failure_ = now;
    const bool limited = error.kind == ErrorKind::Busy;
    const auto first = limited ? kFirstPauseWhenLimited : kFirstPause;
    const auto doublings = std::min<std::size_t>(failures_in_a_row_, 10);
    next_attempt_ = now + std::min(kLongestPause, first * (1U << doublings));
    ++failures_in_a_row_;
    window_ = std::max<std::size_t>(1, window_ / 2);
    hopeless_ = failures_in_a_row_ >= (limited ? kHopelessWhenLimited : kHopeless);
}

}  // namespace offload::run
