#include "batch.hpp"

#include <utility>

namespace offload::run {
namespace {

// Beyond the time limit of a test, so that the worker can still show its stack.
constexpr Seconds kStackTime{0.5};

}  // namespace

Batch::Batch(Place place, Way way, const std::vector<TestIndex>& tests, const Now& now)
    : place_(place),
      started_(now.wall),
      stirred_(now.since_start),
      is_worker_(run::is_worker(way)) {
    tests_.add(tests);
}

Batch::Batch(Place place, Prelude prelude, const Now& now)
    : place_(place),
      started_(now.wall),
      prelude_(std::move(prelude)),
      stirred_(now.since_start),
      is_worker_(true) {}

std::vector<BatchOutput> Batch::employ(const std::vector<TestIndex>& tests, const Now& now) {
    auto held = prelude_->take_held(place_.number);
    prelude_.reset();
    started_ = now.wall;
    give(tests, now);
    return held;
}

void Batch::give(const std::vector<TestIndex>& tests, const Now& now) {
    if (tests_.unfinished() == 0) stirred(now);
    tests_.add(tests);
    told_no_more_ = false;
}

bool Batch::runs_out() { return !std::exchange(told_no_more_, true); }

void Batch::tell_to_leave(const Now& now) {
    leaving_ = true;
    stirred(now);
}

bool Batch::expires(const Settings& settings, const Now& now) {
    if (!is_worker_ || expired_) return false;
    const bool idle = tests_.unfinished() == 0 && !leaving_;
    const Seconds silence = now.since_start - stirred_;
    if (prelude_ && prelude_->owes_discovery()) {
        expired_ = now.since_start - prelude_->begun() > settings.discovery_limit;
    } else if (!idle) {
        expired_ = silence >= settings.test_limit + kStackTime;
    }
    return expired_;
}

schedule::SettleInput Batch::settle_input(const BatchOver& over, Seconds limit, Seconds now,
                                          const std::vector<int>& missing_before) const {
    return {.ending = over.ending,
            .batch_size = tests_.size(),
            .starts_known = over.starts_known,
            .trouble = over.trouble,
            .last_output = over.last_output,
            .time_limit = limit,
            .worker = is_worker_,
            .unfinished = tests_.left(now, missing_before),
            .beside_others = tests_.has_lost()};
}

BatchOutcome Batch::outcome(const Ending& ending) const {
    if (is<ending::Cancelled>(ending) || is<ending::DidNotFit>(ending)) {
        return BatchOutcome::Cancelled;
    }
    if (!is<ending::Completed>(ending)) return BatchOutcome::Error;
    return tests_.any_failure() || !tests_.complete() ? BatchOutcome::Failure
                                                      : BatchOutcome::Success;
}

std::optional<schedule::BatchTime> Batch::time(const BatchOver& over) const {
    // A worker also waits for what it is told.
    if (is_worker_) return std::nullopt;
    if (!is<ending::Completed>(over.ending) || tests_.results() < tests_.size()) {
        return std::nullopt;
    }
    return schedule::BatchTime{tests_.work(), std::max(Seconds{0}, over.wall - tests_.work())};
}

}  // namespace offload::run
