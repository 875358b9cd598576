// What a run has learnt of its batches, for the next one to begin with.
#pragma once

#include <optional>

#include "offload/base/time.hpp"

namespace offload {

struct BatchCosts {
    Seconds per_batch{0};  // start-up
    Seconds per_test{0};   // what the runner needs around each test
    // Standard deviation of the batches' work beside what was expected of it. Nothing: too few
    // batches, or none of whose tests anything was known.
    std::optional<double> spread = std::nullopt;
    bool operator==(const BatchCosts&) const = default;
};

}  // namespace offload
