// What runs: progress, measured overheads, and duplicates of what is late.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {
namespace {

constexpr Seconds kNever{std::numeric_limits<double>::infinity()};

constexpr std::size_t kCallsPerLook = 32;
constexpr double kTimesPerLook = 32;
constexpr double kLeastDrift = 0.05;

// Below this the start of a duplicate costs more than the delay that it might save.
constexpr double kLeastDelay = 0.5;

// What goes on in a duplicate after its batch has ended may be late again, but not for ever: a test
// that runners leave out would have one duplicate after the other.
constexpr std::uint8_t kMostHedges = 3;

// Of shorter tests, the time that passes is mostly not their own.
constexpr double kTellingSeconds = 0.1;

}  // namespace

bool Scheduler::runs_in(SandboxNumber sandbox, TestIndex test) const {
    const Known& known = tests_[test.value()];
    return known.place == Place::Running && (known.sandbox == sandbox || known.rival == sandbox);
}

bool Scheduler::runs(TestIndex test) const {
    return test.value() < tests_.size() && tests_[test.value()].place == Place::Running;
}

bool Scheduler::has(TestIndex test) const {
    return test.value() < tests_.size() && tests_[test.value()].place != Place::Nowhere;
}

void Scheduler::start_running(SandboxNumber sandbox, const Assignment& assignment, Seconds now) {
    Running batch;
    batch.lane = tests_[assignment.tests.front().value()].lane;
    resources_.take(lanes_[batch.lane].needs);
    batch.streams = options_.ahead > Seconds{0} && !assignment.closed;
    batch.started = now;
    batch.last_result = now;
    batch.measured = true;
    extend(batch, sandbox, assignment);
    hedge_due_ = std::min(hedge_due_, late_from(batch));
    running_.emplace(sandbox, std::move(batch));
}

void Scheduler::extend(Running& batch, SandboxNumber sandbox, const Assignment& assignment) {
    for (const TestIndex test : assignment.tests) {
        Known& known = tests_[test.value()];
        if (assignment.hedge) {
            known.rival = sandbox;
            ++known.hedges;
        } else {
            known.place = Place::Running;
            known.sandbox = sandbox;
            known.hedges = 0;
        }
        batch.weight += known.weight;
        batch.all_weight += known.weight;
        running_weight_ += known.weight;
        batch.measured = batch.measured && known.measured;
    }
    batch.tests.insert(batch.tests.end(), assignment.tests.begin(), assignment.tests.end());
    batch.unfinished += assignment.tests.size();
    running_tests_ += assignment.tests.size();
}

// The test is one less for the batch of this sandbox to do.
void Scheduler::stop_running(SandboxNumber sandbox, TestIndex test) {
    const auto found = running_.find(sandbox);
    if (found == running_.end()) return;
    Running& batch = found->second;
    const double weight = tests_[test.value()].weight;
    --batch.unfinished;
    --running_tests_;
    batch.weight = batch.unfinished == 0 ? 0 : std::max(batch.weight - weight, 0.0);
    running_weight_ = std::max(running_weight_ - weight, 0.0);
    while (batch.cursor < batch.tests.size() && !runs_in(sandbox, batch.tests[batch.cursor])) {
        ++batch.cursor;
    }
}

void Scheduler::began(SandboxNumber sandbox, Seconds now) {
    const auto found = running_.find(sandbox);
    if (found != running_.end()) found->second.began = now;
}

std::optional<SandboxNumber> Scheduler::finished(SandboxNumber sandbox, TestIndex test, Seconds now,
                                                 std::optional<Seconds> took) {
    const auto found = running_.find(sandbox);
    if (found == running_.end() || test.value() >= tests_.size()) return std::nullopt;
    if (!runs_in(sandbox, test)) return std::nullopt;
    Known& known = tests_[test.value()];
    auto other = std::exchange(known.rival, std::nullopt);
    if (other == sandbox) other = known.sandbox;
    known.place = Place::Nowhere;
    stop_running(sandbox, test);
    if (other) stop_running(*other, test);

    Running& batch = found->second;
    if (batch.any_result && known.measured && known.weight >= kTellingSeconds) {
        const double before = test_lateness_.factor();
        test_lateness_.add((now - batch.last_result).count(), cost_of(test));
        if (test_lateness_.factor() < before) hedge_due_ = std::min(hedge_due_, now);
    }
    if (batch.any_result) {
        Lane& lane = lanes_[batch.lane];
        lane.observed_seconds += std::max((now - batch.last_result).count(), 0.0);
        ++lane.observed_tests;
        // Of other batches, results may come all at once.
        if (took && batch.streams) overhead_.add_per_test(now - batch.last_result - *took);
    }
    batch.last_result = now;
    batch.any_result = true;
    hedge_due_ = std::min(hedge_due_, late_from(batch));
    return other;
}

// Where it runs elsewhere as well, it goes on there, and may be hedged again.
void Scheduler::leave(SandboxNumber sandbox, TestIndex test, Seconds now) {
    Known& known = tests_[test.value()];
    const auto other = std::exchange(known.rival, std::nullopt);
    if (!other) {
        known.place = Place::Nowhere;
        return;
    }
    if (other != sandbox) known.sandbox = *other;
    hedge_due_ = std::min(hedge_due_, now);
}

void Scheduler::refused(SandboxNumber sandbox, TestIndex test, Seconds now) {
    if (!running_.contains(sandbox) || test.value() >= tests_.size()) return;
    if (!runs_in(sandbox, test)) return;
    tests_[test.value()].refused = true;
    leave(sandbox, test, now);
    stop_running(sandbox, test);
}

void Scheduler::ended(SandboxNumber sandbox, Seconds now, std::optional<BatchTime> measured) {
    const auto found = running_.find(sandbox);
    if (found == running_.end()) return;
    const Running& batch = found->second;
    for (const TestIndex test : batch.tests) {
        if (runs_in(sandbox, test)) leave(sandbox, test, now);
    }
    ended_seconds_ += std::max((now - batch.started).count(), 0.0);
    ended_tests_ += batch.tests.size();
    running_weight_ = std::max(running_weight_ - batch.weight, 0.0);
    running_tests_ -= batch.unfinished;
    if (measured && std::isfinite(measured->overhead.count())) {
        overhead_.add(measured->overhead, batch.tests.size());
        spread_.add(measured->work.count(), batch.all_weight);
        learn_from(batch, now);
    }
    resources_.give_back(lanes_[batch.lane].needs);
    running_.erase(found);
    if (running_.empty()) running_weight_ = 0;
}

// From a batch all of whose results came.
void Scheduler::learn_from(const Running& batch, Seconds now) {
    const double before = batch_lateness_.factor();
    if (batch.measured) {
        batch_lateness_.add((now - batch.started).count(), expected_of(batch));
    }
    if (overhead_.measured() == 1 || batch_lateness_.factor() < before) {
        hedge_due_ = std::min(hedge_due_, now);
    }
}

// Seconds beside its weight; nothing where weights count tests.
double Scheduler::cost_per_test() const {
    return known_count_ > 0 ? overhead_.per_test().count() : 0;
}

double Scheduler::cost_of(TestIndex test) const {
    return tests_[test.value()].weight + cost_per_test();
}

double Scheduler::queued_cost() const {
    return queued_.weight + static_cast<double>(queued_.tests) * cost_per_test();
}

double Scheduler::unfinished_cost(const Running& batch) const {
    return batch.weight + static_cast<double>(batch.unfinished) * cost_per_test();
}

// From its start to its end.
double Scheduler::expected_of(const Running& batch) const {
    return overhead_.per_batch().count() + batch.all_weight +
           static_cast<double>(batch.tests.size()) * cost_per_test();
}

// How much of a batch's unfinished weight is done already.
double Scheduler::progress_of(const Running& batch, Seconds now) const {
    if (batch.unfinished == 0) return 0;
    // Until a first result came it is not known whether results come one by one; after one, the
    // time since counts for a single test only.
    double counted = unfinished_cost(batch);
    if (batch.any_result && batch.cursor < batch.tests.size()) {
        counted = std::min(counted, cost_of(batch.tests[batch.cursor]));
    }
    const Seconds begin = batch.any_result
                              ? batch.last_result
                              : batch.began.value_or(batch.started + overhead_.per_batch());
    return std::min(std::max((now - begin).count(), 0.0), counted);
}

double Scheduler::running_cost(Seconds now) {
    // The look at every running batch is spread over as many calls, and as much time, as change the
    // answer a little.
    const auto slots = static_cast<double>(options_.slots);
    const double running = running_weight_ + static_cast<double>(running_tests_) * cost_per_test();
    const Seconds drift{std::max((queued_cost() + running) / slots / kTimesPerLook, kLeastDrift)};
    if (progress_calls_ == 0 || now - progress_at_ > drift) {
        progress_ = 0;
        for (const auto& [sandbox, batch] : running_) progress_ += progress_of(batch, now);
        progress_calls_ = running_.size() / kCallsPerLook + 1;
        progress_at_ = now;
    }
    --progress_calls_;
    return std::max(running - progress_, 0.0);
}

std::size_t Scheduler::idle_slots() const {
    return options_.slots > running_.size() ? options_.slots - running_.size() : 1;
}

// --- Stragglers ------------------------------------------------------------------------------

// From when on the batch is late; kNever where nothing measured says so.
Seconds Scheduler::late_from(const Running& batch) const {
    if (!options_.hedges || batch.unfinished == 0) return kNever;
    const double slack = std::max(overhead_.per_batch().count(), kLeastDelay);
    Seconds late = kNever;
    // A worker's time as a whole says nothing: it also waits for what it is given.
    if (batch.measured && overhead_.measured() > 0 && !(batch.streams && batch.any_result)) {
        late = batch.started + Seconds{batch_lateness_.factor() * expected_of(batch) + slack};
    }
    // Where results come one by one, the time since the last one is a single test's.
    if (batch.any_result && batch.cursor < batch.tests.size()) {
        const TestIndex current = batch.tests[batch.cursor];
        if (tests_[current.value()].measured) {
            const Seconds due{test_lateness_.factor() * cost_of(current) + slack};
            late = std::min(late, batch.last_result + due);
        }
    }
    return late;
}

// Those of the batch that may be run a second time, in its order.
std::vector<TestIndex> Scheduler::to_hedge(const Running& batch) const {
    std::vector<TestIndex> tests;
    for (std::size_t i = batch.cursor; i < batch.tests.size(); ++i) {
        const Known& known = tests_[batch.tests[i].value()];
        if (known.place != Place::Running || known.rival || !known.measured) continue;
        if (!Resources::is_plain(lanes_[known.lane].needs)) continue;
        // Where one runner refuses it, the next would, too, again and again.
        if (known.bonded || known.refused || known.hedges >= kMostHedges) continue;
        // A worker may hold a test a second time: its retry.
        if (batch.streams && std::ranges::find(tests, batch.tests[i]) != tests.end()) continue;
        tests.push_back(batch.tests[i]);
    }
    // A batch whose exit status decides can only be run again as it is.
    if (options_.whole_batches && tests.size() < batch.tests.size()) tests.clear();
    return tests;
}

std::optional<Assignment> Scheduler::hedge(Seconds now) {
    if (now < hedge_due_) return std::nullopt;
    hedge_due_ = kNever;
    std::vector<TestIndex> tests;
    const Running* straggler = nullptr;
    std::pair<double, SandboxNumber> most;
    for (const auto& [sandbox, batch] : running_) {
        const Seconds late = late_from(batch);
        if (late > now) {
            hedge_due_ = std::min(hedge_due_, late);
            continue;
        }
        auto candidates = to_hedge(batch);
        double weight = 0;
        for (const TestIndex test : candidates) weight += cost_of(test);
        const std::pair rank(weight, sandbox);
        if (candidates.empty() || (straggler != nullptr && rank < most)) continue;
        most = rank;
        straggler = &batch;
        tests = std::move(candidates);
    }
    if (straggler == nullptr) return std::nullopt;
    hedge_due_ = now;  // there may be more
    const Lane& lane = lanes_[tests_[tests.front().value()].lane];
    if (!is_free(lane)) return std::nullopt;
    return Assignment{.group = lane.group,
                      .tests = part_to_hedge(std::move(tests), straggler->any_result),
                      .hedge = true,
                      .closed = true};
}

// What one idle sandbox takes over. Where results come one by one, the first test is running and
// the others wait behind it: these go first, from the end, so that the straggler and its helpers
// meet in the middle.
std::vector<TestIndex> Scheduler::part_to_hedge(std::vector<TestIndex> tests,
                                                bool first_runs) const {
    if (options_.whole_batches || tests.size() == 1) return tests;
    const std::size_t spared = first_runs ? 1 : 0;
    double waiting = 0;
    for (std::size_t i = spared; i < tests.size(); ++i) waiting += cost_of(tests[i]);
    const double share =
        std::max(waiting / static_cast<double>(idle_slots()), overhead_.per_batch().count());
    double taken = 0;
    std::size_t from = tests.size();
    while (from > spared && (from == tests.size() || taken < share)) {
        taken += cost_of(tests[--from]);
    }
    tests.erase(tests.begin(), tests.begin() + static_cast<std::ptrdiff_t>(from));
    return tests;
}

}  // namespace offload::schedule
