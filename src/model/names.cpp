#include "offload/model/event.hpp"
#include "offload/model/result.hpp"

namespace offload {

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::Passed:
            return "passed";
        case Outcome::Skipped:
            return "skipped";
        case Outcome::Failed:
            return "failed";
        case Outcome::Errored:
            return "errored";
    }
    return "";
}

std::string_view name_of(Status status) {
    switch (status) {
        case Status::Passed:
            return "passed";
        case Status::Flaky:
            return "flaky";
        case Status::Skipped:
            return "skipped";
        case Status::Failed:
            return "failed";
        case Status::Errored:
            return "errored";
        case Status::NotRun:
            return "not run";
    }
    return "";
}

std::string_view name_of(BatchOutcome outcome) {
    switch (outcome) {
        case BatchOutcome::Success:
            return "success";
        case BatchOutcome::Failure:
            return "failure";
        case BatchOutcome::Error:
            return "error";
        case BatchOutcome::Cancelled:
            return "cancelled";
    }
    return "";
}

std::size_t& count_of(Counts& counts, Status status) {
    switch (status) {
        case Status::Passed:
            return counts.passed;
        case Status::Flaky:
            return counts.flaky;
        case Status::Skipped:
            return counts.skipped;
        case Status::Failed:
            return counts.failed;
        case Status::Errored:
            return counts.errored;
        case Status::NotRun:
            break;
    }
    return counts.not_run;
}

}  // namespace offload
