// The dispatcher's dealings with workers: batches whose tests become known while they run.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dispatcher.hpp"
#include "offload/base/text.hpp"

namespace offload::engine {
namespace {

// Beyond the time limit of a test, so that the worker can still show its stack.
constexpr std::chrono::milliseconds kStackTime{500};
// So many workers in a row that come to nothing mean that none ever will.
constexpr std::size_t kBarrenLimit = 2;

}  // namespace

bool Dispatcher::may_stream() const {
    if (!traits_.passes_stdin || framework_.verdict_source() != VerdictSource::PerTest) {
        return false;
    }
    return std::ranges::all_of(groups_, [this](const GroupState& group) {
        const auto* found = group.discovered && *group.discovered ? &**group.discovered : nullptr;
        return found == nullptr || found->tests.empty() || framework_.has_worker(found->carry);
    });
}

std::shared_ptr<WorkerOrders> Dispatcher::orders_for(const schedule::Assignment& assignment) const {
    if (!streaming_ || assignment.closed) return nullptr;
    auto orders = WorkerOrders::create();
    return orders ? *std::move(orders) : nullptr;
}

MoreTests Dispatcher::order_for(const std::vector<TestIndex>& tests) const {
    MoreTests order;
    order.tests.reserve(tests.size());
    for (const auto test : tests) {
        order.tests.push_back({&tests_[test], ledger_.attempts(test) + 1});
    }
    return order;
}

void Dispatcher::feed_workers() {
    for (auto& [number, batch] : batches_) feed(batch);
}

void Dispatcher::feed(RunningBatch& batch) {
    if (!batch.is_worker() || batch.told_to_stop() || stopping_) return;
    if (fleet_.find(batch.sandbox())->told_to_stop) return;
    const auto time = std::chrono::steady_clock::now();
    // Tests that need a process of their own wait: as many workers end as they need.
    const bool makes_room = units_need_room();
    if (!makes_room) {
        const auto tests = scheduler_->more(batch.sandbox(), now());
        if (!tests.empty()) {
            emitter_.emit(BatchExtended{batch.number(), tests});
            batch.give(tests, order_for(tests), time);
            return;
        }
    }
    if (batch.unfinished() == 1) batch.give_no_more_for_now();
    if (batch.unfinished() > 0) return;
    if (makes_room || scheduler_->has_queued() || !is_worth_keeping()) batch.tell_to_stop(time);
}

bool Dispatcher::units_need_room() const {
    const std::size_t units = scheduler_->queued_units();
    if (units == 0) return false;
    const auto leaving = std::ranges::count_if(batches_, [](const auto& entry) {
        return !entry.second.is_worker() || entry.second.told_to_stop();
    });
    return units > static_cast<std::size_t>(leaving) + fleet_.count(Phase::Idle);
}

// A worker without tests is worth its cost only while a running test could be given to it for a
// retry, and one for each of these is enough.
bool Dispatcher::is_worth_keeping() const {
    const bool may_retry = std::ranges::any_of(
        config().groups, [](const config::Group& group) { return group.retry_count > 0; });
    if (!may_retry) return false;
    // Elsewhere an idle sandbox can also take over from a straggler, which a worker cannot.
    if (config().offload.impatiently_requeue_batches && !traits_.same_machine) return false;
    std::size_t busy = 0;
    std::size_t idle = 0;
    for (const auto& [number, batch] : batches_) {
        if (batch.told_to_stop()) continue;
        ++(batch.unfinished() > 0 ? busy : idle);
    }
    return idle <= busy;
}

void Dispatcher::watch_workers() {
    const auto time = std::chrono::steady_clock::now();
    for (auto& [number, batch] : batches_) {
        const auto silence = batch.silent_for(time);
        if (!silence || *silence < config().offload.test_timeout + kStackTime) continue;
        if (batch.expire()) fleet_.find(batch.sandbox())->executor->expire();
    }
}

void Dispatcher::handle_signal(RunningBatch& batch, framework::WorkerUnfit& signal) {
    batch.unfit();
    stop_streaming(signal.reason);
}

void Dispatcher::stop_streaming(const std::string& reason) {
    if (!planned_) {
        if (!unfit_) unfit_ = reason;
        return;
    }
    if (!std::exchange(streaming_, false)) return;
    scheduler_->stop_streaming();
    emitter_.warn(
        fmt::format("tests run in batches, each in a process of its own, because no "
                    "worker can be used: {}; `worker = \"off\"` in [framework] says so "
                    "beforehand",
                    reason));
}

void Dispatcher::note_end_of_worker(const RunningBatch& batch, BatchOver& over) {
    if (batch.is_unfit()) {
        over.end = schedule::BatchEnd::Cancelled;
        over.how = "no worker is possible here";
        over.trouble.clear();
        return;
    }
    if (batch.any_began()) {
        barren_workers_ = 0;
    } else {
        note_barren_worker(over);
    }
    if (over.end == schedule::BatchEnd::TimedOut && batch.unfinished() == 0) {
        emitter_.warn(
            fmt::format("batch {} did not end within {} s of its last test, and was "
                        "ended: does the teardown of a session fixture hang?",
                        over.batch.value(), config().offload.test_timeout.count()));
    }
}

void Dispatcher::note_barren_worker(const BatchOver& over) {
    using schedule::BatchEnd;
    if (over.end != BatchEnd::Abnormal && over.end != BatchEnd::TimedOut) return;
    if (++barren_workers_ < kBarrenLimit) return;
    stop_streaming(
        fmt::format("{} of them ended before their first test ({})", barren_workers_, over.how));
}

}  // namespace offload::engine
