// What is understood of a batch's output while it runs: each a fact that a framework's reader
// tells.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/discovered.hpp"
#include "offload/model/event.hpp"
#include "offload/model/result.hpp"

namespace offload {

// Positions count the batch's tests.
struct TestBegan {
    std::size_t position;
};
struct TestEnded {
    std::size_t position;
    TestResult result;
};
struct TestRefused {  // the runner will not run it: deselected there, cannot be collected
    std::size_t position;
    std::string reason;
};
struct UnknownCase {
    std::string name;
    Outcome outcome = Outcome::Passed;
    std::string closest;
    std::string matching_format;
};
struct RunnerNotice {
    Severity severity = Severity::Warning;
    std::string text;
};
struct WorkerUnfit {  // no worker is possible there, only batches
    std::string reason;
};
// Of a worker that discovers: it can be expected to stay, so that others are of use.
struct WorkerWillStay {};
// Of a worker that discovers, once: what it has found, as a discovery of its own would have.
struct TestsFound {
    Result<Discovered> discovered;
    bool stays = false;    // and it waits for tests now; else the process has ended
    std::string how = {};  // how it has ended
};
using Signal = std::variant<TestBegan, TestEnded, TestRefused, UnknownCase, RunnerNotice,
                            WorkerUnfit, WorkerWillStay, TestsFound>;
using Signals = std::vector<Signal>;

}  // namespace offload
