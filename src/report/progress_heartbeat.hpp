// What plain lines say when nothing else was to be said for a while. Pure.
#pragma once

#include <string>
#include <vector>

#include "offload/model/test_table.hpp"
#include "run_tracker.hpp"

namespace offload::report {

struct HeartbeatLook {
    Seconds worth_naming{0};  // what has run for so long is named
    bool unicode = true;
};

// How far the run is, what has run longest, and what was printed last where that is all there is to
// be known.
std::vector<std::string> heartbeat_lines(const RunTracker& run, const TestTable& tests,
                                         const HeartbeatLook& look, Seconds now);

}  // namespace offload::report
