// What does a batch cost besides the durations of its tests? Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "offload/base/time.hpp"

namespace offload::schedule {

// Two costs, told apart by this run's batches of different sizes: the start-up, and what the runner
// needs around each test. Both are robust: the slope is the median of those between any two batches
// (Theil 1950, Sen 1968), the start-up the median of what is left, so that a cold start, or one
// slow host, says nothing of the others. Where single tests are timed, the slope is not needed.
// O(1).
class BatchOverhead {
  public:
    // What is assumed until batches have told. Where their sizes do not differ, the cost per test
    // stays what was assumed, or less where that would be more than all they cost.
    BatchOverhead(Seconds per_batch, Seconds per_test);

    void add(Seconds overhead, std::size_t tests);
    // Measured by itself, around one test.
    void add_per_test(Seconds around);

    std::size_t measured() const { return total_; }  // batches
    Seconds per_batch() const { return per_batch_; }
    Seconds per_test() const { return per_test_; }

  private:
    struct Sample {
        double seconds;
        double tests;
    };
    void learn_per_test();
    void learn_per_batch();

    std::vector<Sample> samples_;  // the newest ones, as a ring
    std::size_t next_ = 0;
    std::vector<double> means_;  // of what was around single tests, likewise
    std::size_t next_mean_ = 0;
    double around_ = 0;  // of tests that are in no mean yet
    std::size_t around_tests_ = 0;
    std::size_t total_ = 0;
    std::size_t unlearnt_ = 0;
    bool told_apart_ = false;
    double assumed_per_test_;
    Seconds per_batch_;
    Seconds per_test_;
};

}  // namespace offload::schedule
