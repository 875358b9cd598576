#include "offload/schedule/running_batches.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace offload::schedule {
namespace {

constexpr std::size_t kCallsPerLook = 32;

}  // namespace

RunningBatch& RunningBatches::start(SandboxNumber sandbox, std::size_t lane, bool streams,
                                    Seconds now) {
    return batches_[sandbox] = {
               .lane = lane, .streams = streams, .started = now, .last_result = now};
}

void RunningBatches::extend(TestBook& book, SandboxNumber sandbox, std::span<const TestIndex> tests,
                            bool hedge) {
    RunningBatch& batch = batches_.at(sandbox);
    for (const TestIndex test : tests) {
        KnownTest& known = book[test];
        if (hedge) {
            known.rival = sandbox;
            ++known.hedges;
        } else {
            known.place = Place::Running;
            known.sandbox = sandbox;
            known.hedges = 0;
        }
        batch.weight += known.weight;
        batch.all_weight += known.weight;
        weight_ += known.weight;
        batch.measured = batch.measured && known.measured;
    }
    batch.tests.insert(batch.tests.end(), tests.begin(), tests.end());
    batch.unfinished += tests.size();
    tests_ += tests.size();
}

void RunningBatches::done_with(const TestBook& book, SandboxNumber sandbox, TestIndex test) {
    RunningBatch* batch = find(sandbox);
    if (batch == nullptr) return;
    const double weight = book[test].weight;
    --batch->unfinished;
    --tests_;
    batch->weight = batch->unfinished == 0 ? 0 : std::max(batch->weight - weight, 0.0);
    weight_ = std::max(weight_ - weight, 0.0);
    while (batch->cursor < batch->tests.size() &&
           !book[batch->tests[batch->cursor]].runs_in(sandbox)) {
        ++batch->cursor;
    }
}

void RunningBatches::end(SandboxNumber sandbox) {
    const auto found = batches_.find(sandbox);
    weight_ = std::max(weight_ - found->second.weight, 0.0);
    tests_ -= found->second.unfinished;
    batches_.erase(found);
    if (batches_.empty()) weight_ = 0;
}

RunningBatch* RunningBatches::find(SandboxNumber sandbox) {
    const auto found = batches_.find(sandbox);
    return found == batches_.end() ? nullptr : &found->second;
}

double RunningBatches::cost_left(const TestBook& book, const Estimates& estimates, Seconds now,
                                 Seconds drift) {
    if (calls_until_look_ == 0 || now - looked_at_ > drift) {
        progress_ = 0;
        for (const auto& [sandbox, batch] : batches_) {
            progress_ += progress_of(batch, book, estimates, now);
        }
        calls_until_look_ = batches_.size() / kCallsPerLook + 1;
        looked_at_ = now;
    }
    --calls_until_look_;
    return std::max(unfinished_cost(estimates) - progress_, 0.0);
}

double unfinished_cost(const RunningBatch& batch, const Estimates& estimates) {
    return estimates.cost(batch.weight, batch.unfinished);
}

Seconds unfinished_time(const RunningBatch& batch, const Estimates& estimates) {
    constexpr Seconds kUnknown{std::numeric_limits<double>::infinity()};
    const auto seconds = estimates.seconds_per_weight(batch.lane);
    return seconds ? Seconds{unfinished_cost(batch, estimates) * *seconds} : kUnknown;
}

double progress_of(const RunningBatch& batch, const TestBook& book, const Estimates& estimates,
                   Seconds now) {
    if (batch.unfinished == 0) return 0;
    // Until a first result came it is not known whether results come one by one; after one, the
    // time since counts for a single test only.
    double counted = unfinished_cost(batch, estimates);
    if (const auto current = batch.current()) {
        counted = std::min(counted, estimates.cost(book[*current].weight, 1));
    }
    const Seconds begin =
        batch.any_result ? batch.last_result
                         : batch.began.value_or(batch.started + Seconds{estimates.per_batch()});
    return std::min(std::max((now - begin).count(), 0.0), counted);
}

}  // namespace offload::schedule
