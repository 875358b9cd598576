#include "attempts_status.hpp"

#include <algorithm>

namespace offload::report {

Status status_of(std::span<const Attempt> attempts, bool passed_after_failures) {
    const auto any = [&](Outcome outcome) {
        return std::ranges::any_of(
            attempts, [&](const Attempt& one) { return one.result.outcome == outcome; });
    };
    const bool failed = any(Outcome::Failed) || any(Outcome::Errored);
    if (any(Outcome::Passed)) {
        return failed || passed_after_failures ? Status::Flaky : Status::Passed;
    }
    if (!failed) return Status::Skipped;
    return any(Outcome::Failed) ? Status::Failed : Status::Errored;
}

}  // namespace offload::report
