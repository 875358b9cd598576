// What earlier runs tell of how long a test takes.
#pragma once

#include <optional>
#include <string>

#include "offload/base/time.hpp"

namespace offload {

struct KnownDuration {
    std::string id;
    Seconds duration{0};
    // Standard deviation of earlier durations about that one, beside it. Nothing: fewer than two
    // are known.
    std::optional<double> deviation = std::nullopt;
    double cores = 1;  // that it has kept busy
    bool operator==(const KnownDuration&) const = default;
};

}  // namespace offload
