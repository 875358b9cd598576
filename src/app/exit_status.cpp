#include "exit_status.hpp"

namespace offload::app {

int exit_status(const RunSummary& summary, const ExitStatusWishes& wishes) {
    if (summary.interrupted_by) return exit_status_of_signal(*summary.interrupted_by);
    const auto& counts = summary.counts;
    const bool all_well = !summary.failure &&
                          counts.failed + counts.errored + counts.not_run == 0 &&
                          (counts.total() > 0 || wishes.may_be_empty);
    if (!all_well) return kFailure;
    if (!summary.leaked_sandboxes.empty() && wishes.leak) return *wishes.leak;
    return counts.flaky > 0 ? wishes.flaky.value_or(kFlaky) : kSuccess;
}

int exit_status_of_signal(int signal) { return 128 + signal; }

}  // namespace offload::app
