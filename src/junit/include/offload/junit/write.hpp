// Verdicts → JUnit XML as Surefire and cargo-nextest write reruns.
//
// Passed after failures: <flakyFailure>/<flakyError> for each failed attempt. Never passed: the
// first attempt as <failure>/<error>, later ones as <rerunFailure>/<rerunError>. Not run:
// <error type="not-run">. Sandboxes that may still exist are properties of the suite.
#pragma once

#include <string>
#include <string_view>

#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"

namespace offload::junit {

// The name of the suite in a report of ours.
inline constexpr std::string_view kSuiteName = "offload";

// How the attempts of one test are told.
enum class Attempts {
    Nested,     // as above
    Testcases,  // a case for each, in their order
};

struct WriteOptions {
    std::string suite_name = std::string(kSuiteName);
    SystemTime started;
    VerdictSource source = VerdictSource::PerTest;  // PerBatch: one case "all_tests" per batch
    Attempts attempts = Attempts::Nested;
};

// Valid XML 1.0 whatever bytes the results hold.
std::string write(const RunSummary& summary, const TestTable& tests, const WriteOptions& options);

}  // namespace offload::junit
