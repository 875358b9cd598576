#include "running_batch.hpp"

#include <algorithm>
#include <utility>

namespace offload::engine {

RunningBatch::RunningBatch(BatchNumber number, SandboxNumber sandbox, std::vector<TestIndex> tests,
                           SystemTime started)
    : number_(number),
      sandbox_(sandbox),
      tests_(std::move(tests)),
      started_(started),
      places_(tests_.size()) {}

void RunningBatch::began(std::size_t position, SteadyTime now) {
    places_[position].running_since = now;
}

bool RunningBatch::ended(std::size_t position, const TestResult& result) {
    auto& place = places_[position];
    if (std::exchange(place.done, true)) return false;
    place.running_since.reset();
    ++results_;
    any_failure_ = any_failure_ || is_failure(result.outcome);
    work_ += result.duration;
    return true;
}

void RunningBatch::supersede(TestIndex test) {
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        auto& place = places_[i];
        if (tests_[i] != test || std::exchange(place.done, true)) continue;
        place.superseded = true;
        ++superseded_;
    }
}

void RunningBatch::refused(std::size_t position, std::string reason) {
    places_[position].refusal = std::move(reason);
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
    return any_failure_ || results_ < tests_.size() ? BatchOutcome::Failure : BatchOutcome::Success;
}

std::optional<Seconds> RunningBatch::overhead(const BatchOver& over) const {
    if (over.end != schedule::BatchEnd::Completed || results_ < tests_.size()) return std::nullopt;
    return std::max(Seconds{0}, over.wall - work_);
}

}  // namespace offload::engine
