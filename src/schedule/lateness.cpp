#include "offload/schedule/lateness.hpp"

#include <algorithm>
#include <cmath>

namespace offload::schedule {
namespace {

constexpr std::size_t kKeptRatios = 1000;
constexpr std::size_t kFewestRatios = 10;
constexpr double kQuantile = 0.95;
// Even where everything takes what it took before, noise is no straggler; and where nothing does, a
// test that takes many times what it should is one.
constexpr double kLeastFactor = 1.25;
constexpr double kMostFactor = 4;

}  // namespace

void Lateness::add(double actual, double expected) {
    if (!(expected > 0) || !std::isfinite(actual / expected)) return;
    if (ratios_.size() < kKeptRatios) {
        ratios_.push_back(actual / expected);
    } else {
        ratios_[next_] = actual / expected;
        next_ = (next_ + 1) % kKeptRatios;
    }
    if (++unlearnt_ > ratios_.size() / 10 && ratios_.size() >= kFewestRatios) learn();
}

void Lateness::learn() {
    unlearnt_ = 0;
    std::vector<double> sorted = ratios_;
    const auto last = static_cast<double>(sorted.size() - 1);
    const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(std::ceil(kQuantile * last));
    std::nth_element(sorted.begin(), place, sorted.end());
    factor_ = std::clamp(*place, kLeastFactor, kMostFactor);
}

}  // namespace offload::schedule
