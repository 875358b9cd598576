#include "run_tracker.hpp"

#include <algorithm>
#include <utility>

#include "offload/base/text.hpp"

namespace offload::report {
namespace {

// Too short a look back follows every burst of results, too long a one never sees that the heaviest
// tests, which run first, are done.
constexpr Seconds kShortestLookBack{10};
constexpr double kLookBackShare = 0.25;
constexpr Seconds kSampleEvery{0.5};
constexpr Seconds kBeforeFirstEstimate{2};
constexpr Seconds kLeastEstimate{1};
constexpr Seconds kForecastCounts{5};
constexpr std::size_t kFewestForEstimate = 5;
constexpr double kLeastWeight = 0.001;  // seconds: even an empty test takes a moment

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

}  // namespace

RunTracker::RunTracker(std::vector<KnownDuration> known) : known_(std::move(known)) {
    if (known_.empty()) return;
    double sum = 0;
    for (const auto& known_test : known_) {
        const double weight = std::max(known_test.duration.count(), kLeastWeight);
        known_weights_.insert_or_assign(known_test.id, weight);
        sum += weight;
    }
    weights_known_ = true;
    mean_of_known_ = sum / static_cast<double>(known_.size());
}

void RunTracker::apply(const Event& event) {
    std::visit([&](const auto& body) { on(body, event.since_start); }, event.body);
}

void RunTracker::on(const TestDiscovered& event, Seconds /*now*/) {
    ++discovered_;
    // Known after the plan alone.
    if (planned_ && event.kind == TestKind::RunnerFailure) ++*planned_;
    const auto known = known_weights_.find(event.id);
    const double weight = known == known_weights_.end() ? mean_of_known_ : known->second;
    if (event.test.value() >= weights_.size()) weights_.resize(event.test.value() + 1);
    weights_[event.test.value()] = weight;
    all_work_ += weight;
}

void RunTracker::on(const RunPlanned& event, Seconds /*now*/) {
    // Modules that could not be collected are decided already, and are none of the selected.
    planned_ = event.selected + decided();
    collector_said_.clear();
    known_weights_ = {};
    known_ = {};
}

void RunTracker::on(const SandboxCreating& event, Seconds /*now*/) {
    if (sandbox_is_up_.try_emplace(event.sandbox, false).second) ++sandboxes_coming_;
}

void RunTracker::on(const SandboxReady& event, Seconds /*now*/) {
    bool& up = sandbox_is_up_[event.sandbox];
    if (up) return;
    up = true;
    ++sandboxes_up_;
    sandboxes_coming_ = minus(sandboxes_coming_, 1);
}

void RunTracker::on(const SandboxEnded& event, Seconds /*now*/) {
    const auto known = sandbox_is_up_.find(event.sandbox);
    if (known == sandbox_is_up_.end()) return;
    std::size_t& count = known->second ? sandboxes_up_ : sandboxes_coming_;
    count = minus(count, 1);
    sandbox_is_up_.erase(known);
}

void RunTracker::on(const BatchStarted& event, Seconds now) {
    Batch& batch = batches_[event.batch];
    batch.since = now;
    batch.sandbox = event.sandbox;
    batch.tests = event.tests;
    if (event.hedge) hedged_.insert(event.tests.begin(), event.tests.end());
    if (!first_batch_) {
        first_batch_ = now;
        sample(now);
    }
}

void RunTracker::on(const BatchExtended& event, Seconds /*now*/) {
    const auto batch = batches_.find(event.batch);
    if (batch == batches_.end()) return;
    auto& tests = batch->second.tests;
    tests.insert(tests.end(), event.tests.begin(), event.tests.end());
}

// Once a test has begun, it is no more than a look at the batch.
void RunTracker::on(const BatchOutput& event, Seconds /*now*/) {
    const auto found = batches_.find(event.batch);
    if (found == batches_.end()) return;
    Batch& batch = found->second;
    if (batch.tells_starts || batch.reported > 0) return;
    const auto line = text::last_non_empty_line(event.bytes);
    if (!line.empty()) batch.said = {event.batch, std::string(line)};
}

const RunTracker::Said* RunTracker::batch_said_last() const {
    const Batch* first = nullptr;
    for (const auto& [number, batch] : batches_) {
        if (batch.tells_starts || batch.reported > 0 || batch.said.line.empty()) continue;
        if (first == nullptr || number < first->said.batch) first = &batch;
    }
    return first == nullptr ? nullptr : &first->said;
}

void RunTracker::on(const TestStarted& event, Seconds now) {
    const auto batch = batches_.find(event.batch);
    if (batch == batches_.end()) return;
    batch->second.tells_starts = true;
    batch->second.known.push_back({.since = now,
                                   .sandbox = event.sandbox,
                                   .batch = event.batch,
                                   .test = event.test,
                                   .attempt = event.attempt,
                                   .tests = 0});
}

void RunTracker::on(const AttemptFinished& event, Seconds /*now*/) {
    const auto batch = batches_.find(event.attempt.batch);
    if (batch == batches_.end()) return;
    ++batch->second.reported;
    const auto ours = [&](const Running& running) { return running.test == event.attempt.test; };
    std::erase_if(batch->second.known, ours);
    if (!hedged_.contains(event.attempt.test)) return;
    for (auto& [number, other] : batches_) std::erase_if(other.known, ours);
}

void RunTracker::on(const TestDecided& event, Seconds now) {
    ++count_of(counts_, event.status);
    if (event.test.value() < weights_.size()) decided_work_ += weights_[event.test.value()];
    if (samples_.empty() || now - samples_.back().at < kSampleEvery) return;
    sample(now);
    const Seconds look_back = std::max(kShortestLookBack, (now - *first_batch_) * kLookBackShare);
    while (samples_.size() > 2 && now - samples_[1].at >= look_back) samples_.pop_front();
}

void RunTracker::on(const BatchFinished& event, Seconds /*now*/) { batches_.erase(event.batch); }

std::size_t RunTracker::total() const {
    return std::max(planned_.value_or(discovered_), decided());
}

Phase RunTracker::phase() const {
    if (planned_ && decided() >= *planned_) return Phase::Finishing;
    if (first_batch_) return Phase::Running;
    return planned_ ? Phase::Preparing : Phase::Collecting;
}

std::size_t RunTracker::undecided(const Batch& batch) {
    return minus(batch.tests.size(), batch.reported);
}

std::size_t RunTracker::running() const {
    std::size_t running = 0;
    for (const auto& [number, batch] : batches_) {
        running +=
            batch.tells_starts ? batch.known.size() : std::min<std::size_t>(1, undecided(batch));
    }
    return std::min(running, minus(total(), decided()));
}

std::size_t RunTracker::remaining() const { return minus(total(), decided() + running()); }

std::vector<RunTracker::Running> RunTracker::longest_running(std::size_t most) const {
    std::vector<Running> all;
    for (const auto& [number, batch] : batches_) {
        if (batch.tells_starts) {
            all.insert(all.end(), batch.known.begin(), batch.known.end());
            continue;
        }
        Running running{.since = batch.since,
                        .sandbox = batch.sandbox,
                        .batch = number,
                        .test = {},
                        .attempt = 1,
                        .tests = undecided(batch)};
        if (batch.tests.size() == 1) running.test = batch.tests.front();
        if (running.tests > 0) all.push_back(running);
    }
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, all.size()));
    std::partial_sort(all.begin(), all.begin() + count, all.end(),
                      [](const Running& a, const Running& b) {
                          return std::tie(a.since, a.batch) < std::tie(b.since, b.batch);
                      });
    all.resize(static_cast<std::size_t>(count));
    return all;
}

std::optional<Seconds> RunTracker::time_left(Seconds now) const {
    if (!planned_ || decided() >= total()) return std::nullopt;
    if (forecast_ && now - forecast_->at < kForecastCounts) {
        const Seconds left = forecast_->left - (now - forecast_->at);
        return left < kLeastEstimate ? std::nullopt : std::optional(left);
    }
    if (samples_.empty()) return std::nullopt;
    const Sample& past = samples_.front();
    const Seconds span = now - past.at;
    const std::size_t done = minus(decided(), past.decided);
    if (span < kBeforeFirstEstimate) return std::nullopt;
    const double work_done = decided_work_ - past.work;
    // Where only some of the tests were chosen, the weight of the chosen ones is not known.
    const bool weighed = weights_known_ && total() == discovered_;
    if (weighed ? work_done <= 0 : done < kFewestForEstimate) return std::nullopt;
    const Seconds left =
        weighed ? span * (std::max(all_work_ - decided_work_, 0.0) / work_done)
                : span * (static_cast<double>(total() - decided()) / static_cast<double>(done));
    if (left < kLeastEstimate) return std::nullopt;
    return left;
}

}  // namespace offload::report
