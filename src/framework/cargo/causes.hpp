// Which lines of what Rust's test harness prints say what was wrong. Pure.
#pragma once

#include "failure_lines.hpp"

namespace offload::framework::nextest {

// A panic with its message, the two sides of an assert_eq!, the error that a test returned. Frames
// of the standard library and of other crates are told from the crate's own.
void rank(Lines lines, Ranks ranks);

}  // namespace offload::framework::nextest
