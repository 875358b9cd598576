// A batch in the making; what the parts of the scheduler hand each other.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {

// A batch's overhead is a tenth of its time at most. Once it is known how far batches stray from
// what is expected of them, there are larger ones where they stray little: a batch that is not
// split can delay the end by as much as it may stray, one that is split does so by the overhead.
constexpr double kWorkPerOverhead = 9;

struct Scheduler::Draft {
    std::size_t lane = 0;
    double target = 0;  // weight to come to
    // What the first test may weigh, if there is a lighter one: it waits behind others here.
    double most_at_first = std::numeric_limits<double>::infinity();
    bool round = false;  // the last test may stand over the target by half
    std::size_t most_tests = 1;
    std::size_t most_bytes = std::numeric_limits<std::size_t>::max();
    std::vector<TestIndex> tests = {};
    double weight = 0;
    std::size_t bytes = 0;
    std::size_t affinity = 0;  // of the newest test
    bool full = false;

    double room() const { return target - weight; }
};

}  // namespace offload::schedule
