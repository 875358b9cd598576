// What one execution of one test came to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"

namespace offload {

// In order of severity: where one test reports several, the largest counts.
enum class Outcome { Passed, Skipped, Failed, Errored };

constexpr bool is_failure(Outcome outcome) {
    return outcome == Outcome::Failed || outcome == Outcome::Errored;
}
std::string_view name_of(Outcome outcome);  // "passed", "skipped", "failed", "errored"

// `type` of the errors that this program itself attributes to a test.
inline constexpr std::string_view kCrashType = "crash";
inline constexpr std::string_view kTimeoutType = "timeout";
inline constexpr std::string_view kNotRunType = "not-run";

struct TestResult {
    Outcome outcome = Outcome::Passed;
    std::string type = {};     // exception class, "crash", "timeout"; empty when passed
    std::string message = {};  // one line; the reason when skipped
    std::string details = {};  // traceback or the like
    Seconds duration{0};
    Seconds cpu{0};  // of all processors meanwhile, where it is known and the test was not short
    std::string system_out = {};
    std::string system_err = {};
    std::string classname = {};
    std::string file = {};
    std::vector<std::pair<std::string, std::string>> properties = {};
};

// One execution that counts. Infrastructure errors leave no Attempt.
struct Attempt {
    TestIndex test;
    int number = 1;  // from 1
    BatchNumber batch;
    SandboxNumber sandbox;
    SystemTime started;
    TestResult result;
};

enum class Status { Passed, Flaky, Skipped, Failed, Errored, NotRun };
std::string_view name_of(Status status);  // "passed", "flaky", …, "not run"

// A test's final state.
struct Verdict {
    TestIndex test;
    Status status = Status::NotRun;
    std::vector<Attempt> attempts;    // in order; empty when not run
    std::string not_run_reason = {};  // why, where it is known
    // It was not run this time, and stands as it did in the run of this ID; "" where no run knows
    // it.
    std::optional<std::string> carried_from = {};
};

}  // namespace offload
