#include "running_batch.hpp"

#include <algorithm>
#include <utility>

namespace offload::engine {

RunningBatch::RunningBatch(BatchNumber number, SandboxNumber sandbox, std::vector<TestIndex> tests,
                           SystemTime started, std::shared_ptr<WorkerOrders> orders)
    : number_(number),
      sandbox_(sandbox),
      tests_(std::move(tests)),
      started_(started),
      places_(tests_.size()),
      orders_(std::move(orders)) {}

void RunningBatch::give(const std::vector<TestIndex>& tests, MoreTests order, SteadyTime now) {
    if (unfinished() == 0) stirred_ = now;
    tests_.insert(tests_.end(), tests.begin(), tests.end());
    places_.resize(tests_.size());
    told_no_more_ = false;
    orders_->push(std::move(order));
}

void RunningBatch::give_no_more_for_now() {
    if (!std::exchange(told_no_more_, true)) orders_->push(NoMoreForNow{});
}

void RunningBatch::tell_to_stop(SteadyTime now) {
    told_to_stop_ = true;
    stirred_ = now;
    orders_->push(StopWorker{});
}

std::optional<Seconds> RunningBatch::silent_for(SteadyTime now) const {
    if (!is_worker() || (unfinished() == 0 && !told_to_stop_)) return std::nullopt;
    return now - stirred_;
}

void RunningBatch::began(std::size_t position, SteadyTime now) {
    places_[position].running_since = now;
    any_began_ = true;
}

bool RunningBatch::ended(std::size_t position, const TestResult& result) {
    auto& place = places_[position];
    if (place.superseded && !std::exchange(place.told, true)) --lost_;
    if (place.done || !place.refusal.empty()) return false;
    place.done = true;
    place.running_since.reset();
    ++results_;
    any_failure_ = any_failure_ || is_failure(result.outcome);
    work_ += result.duration;
    return true;
}

void RunningBatch::supersede(TestIndex test) {
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        auto& place = places_[i];
        if (tests_[i] != test || !place.refusal.empty()) continue;
        if (std::exchange(place.done, true)) continue;
        place.superseded = true;
        ++superseded_;
        ++lost_;
    }
}

void RunningBatch::refused(std::size_t position, std::string reason) {
    auto& place = places_[position];
    if (place.done || !place.refusal.empty()) return;
    ++refused_;
    place.running_since.reset();
    place.refusal = reason.empty() ? "the runner refused it" : std::move(reason);
}

schedule::SettleInput RunningBatch::settle_input(const BatchOver& over, bool starts_known,
                                                 Seconds limit, SteadyTime now,
                                                 const std::vector<int>& missing_before) const {
    schedule::SettleInput input{.end = over.end,
                                .batch_size = tests_.size(),
                                .starts_known = starts_known,
                                .how = over.how,
                                .last_output = over.last_output,
                                .time_limit = limit,
                                .worker = is_worker(),
                                .unfinished = {}};
    if (!over.trouble.empty()) input.how += "; " + over.trouble;
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        const auto& place = places_[i];
        if (place.done) continue;
        schedule::Unfinished unfinished{.test = tests_[i],
                                        .running_for = std::nullopt,
                                        .missing_before = missing_before[tests_[i].value()],
                                        .refusal = place.refusal};
        if (place.running_since) unfinished.running_for = now - *place.running_since;
        input.unfinished.push_back(std::move(unfinished));
    }
    return input;
}

BatchOutcome RunningBatch::outcome(const BatchOver& over) const {
    switch (over.end) {
        case schedule::BatchEnd::Cancelled:
            return BatchOutcome::Cancelled;
        case schedule::BatchEnd::Abnormal:
        case schedule::BatchEnd::TimedOut:
        case schedule::BatchEnd::Infrastructure:
            return BatchOutcome::Error;
        case schedule::BatchEnd::Completed:
            break;
    }
    const bool complete = results_ + superseded_ >= tests_.size();
    return any_failure_ || !complete ? BatchOutcome::Failure : BatchOutcome::Success;
}

std::optional<schedule::BatchTime> RunningBatch::time(const BatchOver& over) const {
    // A worker also waits for what it is told.
    if (is_worker()) return std::nullopt;
    if (over.end != schedule::BatchEnd::Completed || results_ < tests_.size()) return std::nullopt;
    return schedule::BatchTime{work_, std::max(Seconds{0}, over.wall - work_)};
}

}  // namespace offload::engine
