#include "offload/schedule/estimates.hpp"

#include <algorithm>

namespace offload::schedule {
namespace {

// Reports round a quick test's duration down to nothing, but to start it costs something.
constexpr double kLeastSeconds = 0.001;
constexpr double kLeastSecondsPerWeight = 1e-6;
// Batches, before another run should build on what they have cost.
constexpr std::size_t kFewestTelling = 5;

}  // namespace

Estimates::Estimates(Seconds batch_overhead, Seconds test_overhead)
    : overhead_(batch_overhead, test_overhead) {}

double Estimates::weigh(std::optional<Seconds> expected) {
    if (!expected) return know_durations() ? known_sum_ / static_cast<double>(known_count_) : 1;
    const double weight = std::max(expected->count(), kLeastSeconds);
    known_sum_ += weight;
    ++known_count_;
    return weight;
}

// Groups differ: that is often what they are there for.
std::optional<double> Estimates::seconds_per_weight(std::size_t lane, Seconds running) const {
    if (know_durations()) return 1;
    if (lane >= observed_.size() || observed_[lane].tests == 0) return std::nullopt;
    Observed seen = observed_[lane];
    if (running > Seconds{0}) {
        seen.seconds += running.count();
        ++seen.tests;
    }
    return std::max(seen.seconds / static_cast<double>(seen.tests), kLeastSecondsPerWeight);
}

std::optional<BatchCosts> Estimates::learnt(std::optional<double> known_spread) const {
    BatchCosts costs{.per_batch = overhead_.per_batch(), .per_test = overhead_.per_test()};
    // Of weights that only count tests, batches stray by what their tests are.
    if (know_durations()) costs.spread = spread_.get();
    // Whole shares are few batches: too few to show that they never stray, but they may deny it.
    const auto rough = spread_.rough();
    const bool denied = know_durations() && !costs.spread && known_spread && rough > known_spread;
    if (denied) costs.spread = rough;
    if (overhead_.measured() < kFewestTelling && !denied) return std::nullopt;
    return costs;
}

std::optional<double> Estimates::late_batch_after(double cost) const {
    if (overhead_.measured() == 0) return std::nullopt;
    return batch_lateness_.factor() * cost;
}

bool Estimates::test_took(std::size_t lane, Seconds since_last_result, std::optional<double> cost) {
    if (lane >= observed_.size()) observed_.resize(lane + 1);
    observed_[lane].seconds += std::max(since_last_result.count(), 0.0);
    ++observed_[lane].tests;
    if (!cost) return false;
    const double before = test_lateness_.factor();
    test_lateness_.add(since_last_result.count(), *cost);
    return test_lateness_.factor() < before;
}

void Estimates::batch_took(Seconds all, std::size_t tests) {
    ended_.seconds += std::max(all.count(), 0.0);
    ended_.tests += tests;
}

bool Estimates::learn(const WholeBatch& batch) {
    overhead_.add(batch.overhead, batch.tests);
    spread_.add(batch.work.count(), batch.weight);
    const double before = batch_lateness_.factor();
    if (batch.measured) {
        batch_lateness_.add(batch.all.count(), batch_cost(batch.weight, batch.tests));
    }
    return overhead_.measured() == 1 || batch_lateness_.factor() < before;
}

}  // namespace offload::schedule
