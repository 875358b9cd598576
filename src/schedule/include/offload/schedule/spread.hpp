// How far do real times stray from expected ones? Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace offload::schedule {

// The spread of the ratios actual / expected of this run's batches: their standard deviation beside
// their mean. That all take longer by the same factor is no spread: shares stay shares. O(1).
class Spread {
  public:
    void add(double actual, double expected);

    // Nothing until enough is known of this run.
    std::optional<double> get() const;
    // What two batches can tell already.
    std::optional<double> rough() const;

  private:
    std::optional<double> of_at_least(std::size_t fewest) const;

    std::vector<double> ratios_;  // the newest ones, as a ring
    std::size_t next_ = 0;
    double sum_ = 0;
    double sum_of_squares_ = 0;
};

}  // namespace offload::schedule
