// How much work a batch is to be given.
#include "draft.hpp"

#include <algorithm>
#include <cmath>

namespace offload::schedule {
namespace {

constexpr double kLeastStraying = 1e-6;

// Of what is queued, a round of batches takes one part in so many. Factoring derives it from the
// spread of the durations, such that what is left makes up for how far the round may stray; ours
// are estimated test by test, so that only the estimates' errors are left to be balanced. Until
// those are known it is 1.5, which in the simulator beats the 2 that factoring proves to be safe by
// half a percent with errors of a tenth, and still with errors of one half and sandboxes that
// differ by a third.
constexpr double kFactor = 1.5;

// Estimates are off now and then: of the time limit so much is planned with.
constexpr double kPlannedPartOfLimit = 0.8;

}  // namespace

Scheduler::Draft Scheduler::draft_of(std::size_t lane, double target) const {
    Draft draft{.lane = lane, .target = target};
    // Each slot that is idle besides this one must find something.
    const std::size_t others = idle_slots() - 1;
    draft.most_tests = queue_.totals().batches > others ? queue_.totals().batches - others : 1;
    if (options_.command_bytes > 0) draft.most_bytes = options_.command_bytes;
    return draft;
}

Scheduler::Draft Scheduler::draft_for(std::size_t lane, Seconds now) {
    return streams() ? draft_for_worker(lane) : draft_for_known(lane, now);
}

// By what part of its work a batch may exceed what is expected of it, the worst of as many batches
// as there are slots: of n normal variables the largest is expected below sqrt(2 ln n) deviations.
// Until this run has shown how far they stray, earlier runs tell: whatever has their tests' times
// in common, a batch deviates by no more than the sum of its tests' deviations.
double Scheduler::straying() const {
    const auto part = [this](double weight) {
        return queue_.totals().weight > 0 ? weight / queue_.totals().weight : 0;
    };
    const auto spread = estimates_.spread();
    // Of tests that were never measured, the batches so far may have held none.
    const double deviation =
        spread ? *spread + part(queue_.totals().guessed) : part(queue_.totals().deviation);
    const auto slots = static_cast<double>(std::max<std::size_t>(options_.slots, 2));
    return deviation * std::sqrt(2 * std::log(slots));
}

Scheduler::Draft Scheduler::draft_for_known(std::size_t lane, Seconds now) {
    const auto slots = static_cast<double>(options_.slots);
    const double cost = estimates_.per_batch();
    const double queued = queued_cost();
    const double part = straying();
    // Earlier runs tell whether a share may be given out as a whole. A part of it a little larger
    // than 1 / kFactor would only leave less for the start-up that follows.
    const double factor = estimates_.spread() ? std::min(1 + part, kFactor) : kFactor;
    const double work_per_overhead = std::max(1 / std::max(part, kLeastStraying), kWorkPerOverhead);
    double target = std::max(queued / (factor * slots), work_per_overhead * cost);
    bool at_share = false;
    if (target > queued / slots) {
        const double share = (queued + running_cost(now)) / slots;
        at_share = target >= share;
        target = std::min(target, share);
        // What slots that came late leave of their shares would be a batch more.
        const double rest = queued / static_cast<double>(idle_slots());
        if (at_share && rest <= share + cost) target = std::max(target, rest);
    }
    Draft draft = draft_of(lane, target);
    draft.round = at_share && cost > 0;
    const auto limit_to = [&draft](double limit) {
        if (limit >= draft.target) return;
        draft.target = std::max(limit, 0.0);
        draft.round = false;
    };
    if (options_.time_limit > Seconds{0}) {
        limit_to(kPlannedPartOfLimit * options_.time_limit.count() - cost);
    }
    if (options_.longest_batch > Seconds{0}) limit_to(options_.longest_batch.count());
    return draft;
}

}  // namespace offload::schedule
