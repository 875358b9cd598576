// What things are expected to cost, as earlier runs and this one have told. Pure.
//
// A test weighs its expected seconds. Where nothing is known of any, each weighs 1: weights and
// costs then count tests, and seconds follow from how fast results come.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/batch_costs.hpp"
#include "offload/schedule/batch_overhead.hpp"
#include "offload/schedule/lateness.hpp"
#include "offload/schedule/spread.hpp"

namespace offload::schedule {

class Estimates {
  public:
    // The start-up of a batch, and what a runner needs around each test, as known beforehand.
    Estimates(Seconds batch_overhead, Seconds test_overhead);

    // The weight of a test whose duration is expected, or is not known.
    double weigh(std::optional<Seconds> expected);
    bool know_durations() const { return known_count_ > 0; }

    double per_batch() const { return overhead_.per_batch().count(); }
    // Beside a test's weight; nothing where weights count tests.
    double per_test() const { return know_durations() ? overhead_.per_test().count() : 0; }
    double cost(double weight, std::size_t tests) const {
        return weight + static_cast<double>(tests) * per_test();
    }
    // Of a whole batch, from its start to its end.
    double batch_cost(double weight, std::size_t tests) const {
        return per_batch() + cost(weight, tests);
    }

    // Of the tests in one lane, one of which has been `running` for so long. Nothing: none of them
    // has been seen yet.
    std::optional<double> seconds_per_weight(std::size_t lane, Seconds running = Seconds{0}) const;
    struct Ended {
        double seconds = 0;
        std::size_t tests = 0;  // that were done
    };
    // All batches that are over.
    Ended ended() const { return ended_; }
    // How far this run's batches stray from what was expected. Nothing: not known yet.
    std::optional<double> spread() const { return spread_.get(); }
    // What this run's batches have told, where it began with `known_spread`. Nothing: too few.
    std::optional<BatchCosts> learnt(std::optional<double> known_spread) const;

    // After this time a test, or a batch, is later than nearly all of its like. A batch's is not
    // known before one was measured.
    double late_test_after(double cost) const { return test_lateness_.factor() * cost; }
    std::optional<double> late_batch_after(double cost) const;

    // --- Learning. True: some of what runs may count as late earlier than before.

    // A result of this lane came so long after the one before it. `cost`: what was expected, where
    // that was measured.
    bool test_took(std::size_t lane, Seconds since_last_result, std::optional<double> cost);
    void around_test(Seconds overhead) { overhead_.add_per_test(overhead); }
    // A batch is over, however it ended; so many of its tests were done.
    void batch_took(Seconds all, std::size_t tests);

    struct WholeBatch {
        Seconds all{0};  // from its start to its end
        Seconds work{0};
        Seconds overhead{0};
        double weight = 0;
        std::size_t tests = 0;
        bool measured = false;  // all its tests were, before
    };
    // All its results came.
    bool learn(const WholeBatch& batch);

  private:
    struct Observed {
        double seconds = 0;  // between results that came one after the other
        std::size_t tests = 0;
    };

    double known_sum_ = 0;
    std::size_t known_count_ = 0;
    Ended ended_;
    std::vector<Observed> observed_;  // by lane
    BatchOverhead overhead_;
    Lateness batch_lateness_;
    Lateness test_lateness_;
    Spread spread_;
};

}  // namespace offload::schedule
