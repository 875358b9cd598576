// What some attempts of a test come to by themselves.
#pragma once

#include <span>

#include "offload/model/result.hpp"

namespace offload::report {

// `passed_after_failures`: there were others before that failed, and they are not among these.
// At least one attempt.
Status status_of(std::span<const Attempt> attempts, bool passed_after_failures = false);

}  // namespace offload::report
