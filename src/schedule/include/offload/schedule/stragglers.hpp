// Which running batch is late for certain, and which of its tests an idle sandbox should run a
// second time. Late is what has taken longer than earlier runs and this one let expect; and what a
// worker was given ahead and cannot begin, for the test before it takes so long. Pure.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/schedule/estimates.hpp"
#include "offload/schedule/queue.hpp"
#include "offload/schedule/running_batches.hpp"
#include "offload/schedule/test_book.hpp"

namespace offload::schedule {

class Stragglers {
  public:
    struct Rules {
        bool hedges = false;            // there are duplicates
        bool whole_batches = false;     // a batch can only be run again as it is
        std::size_t command_bytes = 0;  // most that a duplicate's tests may take; 0: no limit
    };
    explicit Stragglers(Rules rules) : rules_(rules) {}

    // No batch is late before.
    Seconds due() const { return due_; }
    // Something has changed in this batch, or in the estimates.
    void watch(const RunningBatch& batch, const TestBook& book, const Estimates& estimates);
    void look_again(Seconds now);

    struct Late {
        std::vector<TestIndex> tests = {};  // that may be run a second time, in its order
        std::size_t spared = 0;             // so many of them run already
        double seconds_per_weight = 1;      // in its lane, as it seems now
    };
    // The late batch with most to do.
    std::optional<Late> find(const RunningBatches& running, const Queue& queue,
                             const TestBook& book, const Estimates& estimates, Seconds now);

    // What one of `idle` sandboxes takes over.
    std::vector<TestIndex> part_of(Late late, const TestBook& book, const Estimates& estimates,
                                   std::size_t idle) const;

  private:
    static constexpr Seconds kNever{std::numeric_limits<double>::infinity()};

    Seconds late_from(const RunningBatch& batch, const TestBook& book,
                      const Estimates& estimates) const;
    struct Why {
        bool overdue = false;
        bool blocked = false;
    };
    Seconds overdue_from(const RunningBatch& batch, const TestBook& book,
                         const Estimates& estimates) const;
    Seconds blocked_from(const RunningBatch& batch, const Estimates& estimates) const;
    std::vector<TestIndex> candidates(const RunningBatch& batch, Why late, const Queue& queue,
                                      const TestBook& book) const;

    Rules rules_;
    Seconds due_ = kNever;
};

}  // namespace offload::schedule
