#include "offload/schedule/spread.hpp"

#include <algorithm>
#include <cmath>

namespace offload::schedule {
namespace {

constexpr std::size_t kKept = 256;
constexpr std::size_t kFewest = 10;

}  // namespace

void Spread::add(double actual, double expected) {
    if (!(expected > 0) || !(actual >= 0)) return;
    const double ratio = actual / expected;
    if (!std::isfinite(ratio * ratio)) return;
    if (ratios_.size() < kKept) {
        ratios_.push_back(ratio);
    } else {
        sum_ -= ratios_[next_];
        sum_of_squares_ -= ratios_[next_] * ratios_[next_];
        ratios_[next_] = ratio;
        next_ = (next_ + 1) % kKept;
    }
    sum_ += ratio;
    sum_of_squares_ += ratio * ratio;
}

std::optional<double> Spread::get() const { return of_at_least(kFewest); }

std::optional<double> Spread::rough() const { return of_at_least(2); }

std::optional<double> Spread::of_at_least(std::size_t fewest) const {
    if (ratios_.size() < fewest) return std::nullopt;
    const auto count = static_cast<double>(ratios_.size());
    const double mean = sum_ / count;
    if (!(mean > 0)) return std::nullopt;
    return std::sqrt(std::max(sum_of_squares_ / count - mean * mean, 0.0)) / mean;
}

}  // namespace offload::schedule
