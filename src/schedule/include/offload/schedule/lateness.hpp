// When is something that was expected to be over late enough to be called a straggler? Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace offload::schedule {

// Learns from this run how far real times exceed expected ones. A straggler is what takes longer
// than all but a twentieth of its like: the rule of the hedged request (Dean & Barroso, "The Tail
// at Scale", 2013), which keeps duplicates to a few percent of the work however good or bad the
// estimates are.
class Lateness {
  public:
    void add(double actual, double expected);

    // So many times its expected duration may something take before it counts as a straggler.
    // Until enough is known of this run, a careful guess. O(1) amortised.
    double factor() const { return factor_; }

  private:
    void learn();

    static constexpr double kGuess = 2;

    std::vector<double> ratios_;  // the newest ones, as a ring
    std::size_t next_ = 0;
    std::size_t unlearnt_ = 0;
    double factor_ = kGuess;
};

}  // namespace offload::schedule
