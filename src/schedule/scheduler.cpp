#include "offload/schedule/scheduler.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace offload::schedule {
namespace {

// Of shorter tests, the time that passes is mostly not their own.
constexpr double kTellingSeconds = 0.1;

constexpr double kTimesPerLook = 32;
constexpr double kLeastDrift = 0.05;

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, Capacities capacities)
    : options_(options),
      resources_(options.slots, std::move(capacities)),
      estimates_(options.batch_overhead, options.test_overhead),
      stragglers_({.hedges = options.hedges,
                   .whole_batches = options.whole_batches,
                   .command_bytes = options.command_bytes}) {
    options_.slots = std::max<std::size_t>(options_.slots, 1);
}

void Scheduler::add(const Item& item) {
    KnownTest& known = book_.add(item.test);
    if (known.added) return;
    known.added = true;
    known.command_bytes = item.command_bytes;
    known.affinity = item.affinity;
    known.lane = queue_.lane_for(item.group, resources_.intern(item.needs));
    known.alone = item.alone;
    known.apart = item.apart;
    known.bonded = item.bonded;
    known.measured = item.measured && item.expected.has_value();
    if (known.measured) {
        // Where a test's own is not known, all batches' is: it held theirs as well.
        const double deviation = item.deviation.value_or(options_.spread.value_or(1));
        known.deviation = std::clamp(deviation, 0.0, 1.0);
    }
    known.weight = estimates_.weigh(item.expected);
    queue_.add(book_, item.test);
}

// --- Back into the queue, and out of it ------------------------------------------------------

void Scheduler::retry(TestIndex test, SandboxNumber failed_on) {
    KnownTest& known = book_[test];
    if (known.apart && known.bonded) {
        known.bonded = false;
        known.affinity = 0;
    }
    queue_.put_back(book_, test, failed_on);
}

void Scheduler::retry_whole(std::vector<TestIndex> tests, SandboxNumber failed_on) {
    queue_.put_back_unit(book_, std::move(tests), failed_on);
}

void Scheduler::requeue(std::span<const TestIndex> tests, std::optional<SandboxNumber> not_on) {
    if (options_.whole_batches) {
        return queue_.put_back_unit(book_, {tests.begin(), tests.end()}, not_on);
    }
    for (const TestIndex test : tests) queue_.put_back(book_, test, not_on);
}

void Scheduler::requeue_together(std::vector<TestIndex> tests,
                                 std::optional<SandboxNumber> not_on) {
    queue_.put_back_unit(book_, std::move(tests), not_on);
}

std::vector<TestIndex> Scheduler::clear() { return queue_.clear(book_); }

bool Scheduler::runs(TestIndex test) const {
    return book_.holds(test) && book_[test].place == Place::Running;
}

bool Scheduler::has(TestIndex test) const {
    return book_.holds(test) && book_[test].place != Place::Nowhere;
}

// --- Running batches -------------------------------------------------------------------------

std::optional<Assignment> Scheduler::next(SandboxNumber sandbox, Seconds now) {
    const bool is_idle = running_.find(sandbox) == nullptr;
    assert(is_idle && "a sandbox runs one batch at a time");
    if (!is_idle) return std::nullopt;
    auto chosen = has_queued() ? choose(sandbox, now) : hedge(now);
    if (chosen) start(sandbox, *chosen, now);
    return chosen;
}

void Scheduler::start(SandboxNumber sandbox, const Assignment& assignment, Seconds now) {
    const std::size_t lane = book_[assignment.tests.front()].lane;
    resources_.take(queue_.lanes()[lane].needs);
    const auto& batch = running_.start(sandbox, lane, streams() && !assignment.closed, now);
    running_.extend(book_, sandbox, assignment.tests, assignment.hedge);
    stragglers_.watch(batch, book_, estimates_);
}

void Scheduler::began(SandboxNumber sandbox, Seconds now) {
    if (auto* batch = running_.find(sandbox)) batch->began = now;
}

std::optional<SandboxNumber> Scheduler::finished(SandboxNumber sandbox, TestIndex test, Seconds now,
                                                 std::optional<Seconds> took) {
    RunningBatch* batch = running_.find(sandbox);
    if (batch == nullptr || !book_.holds(test)) return std::nullopt;
    KnownTest& known = book_[test];
    if (!known.runs_in(sandbox)) return std::nullopt;
    auto other = std::exchange(known.rival, std::nullopt);
    if (other == sandbox) other = known.sandbox;
    known.place = Place::Nowhere;
    running_.done_with(book_, sandbox, test);
    if (other) running_.done_with(book_, *other, test);

    if (batch->any_result) {
        const Seconds since = now - batch->last_result;
        std::optional<double> cost;
        if (known.measured && known.weight >= kTellingSeconds) {
            cost = estimates_.cost(known.weight, 1);
        }
        if (estimates_.test_took(batch->lane, since, cost)) stragglers_.look_again(now);
        // Of other batches, results may come all at once.
        if (took && batch->streams) estimates_.around_test(since - *took);
    }
    batch->last_result = now;
    batch->any_result = true;
    stragglers_.watch(*batch, book_, estimates_);
    return other;
}

// Where it runs elsewhere as well, it goes on there, and may be hedged again.
void Scheduler::leave(SandboxNumber sandbox, TestIndex test, Seconds now) {
    KnownTest& known = book_[test];
    const auto other = std::exchange(known.rival, std::nullopt);
    if (!other) {
        known.place = Place::Nowhere;
        return;
    }
    if (other != sandbox) known.sandbox = *other;
    stragglers_.look_again(now);
}

void Scheduler::refused(SandboxNumber sandbox, TestIndex test, Seconds now) {
    if (running_.find(sandbox) == nullptr || !book_.holds(test)) return;
    if (!book_[test].runs_in(sandbox)) return;
    book_[test].refused = true;
    leave(sandbox, test, now);
    running_.done_with(book_, sandbox, test);
}

void Scheduler::ended(SandboxNumber sandbox, Seconds now, std::optional<BatchTime> measured) {
    const RunningBatch* batch = running_.find(sandbox);
    if (batch == nullptr) return;
    for (const TestIndex test : batch->tests) {
        if (book_[test].runs_in(sandbox)) leave(sandbox, test, now);
    }
    const Seconds all = now - batch->started;
    estimates_.batch_took(all, batch->tests.size() - batch->unfinished);
    if (measured && std::isfinite(measured->overhead.count())) {
        const Estimates::WholeBatch whole = {.all = all,
                                             .work = measured->work,
                                             .overhead = measured->overhead,
                                             .weight = batch->all_weight,
                                             .tests = batch->tests.size(),
                                             .measured = batch->measured};
        if (estimates_.learn(whole)) stragglers_.look_again(now);
    }
    resources_.give_back(queue_.lanes()[batch->lane].needs);
    running_.end(sandbox);
}

// --- Forecast --------------------------------------------------------------------------------

std::size_t Scheduler::idle_slots() const {
    return options_.slots > running_.size() ? options_.slots - running_.size() : 1;
}

double Scheduler::queued_cost() const {
    return estimates_.cost(queue_.totals().weight, queue_.totals().tests);
}

// The look at every running batch is spread over as many calls, and as much time, as change the
// answer a little.
double Scheduler::running_cost(Seconds now) {
    const double all = queued_cost() + running_.unfinished_cost(estimates_);
    const double part = all / static_cast<double>(options_.slots) / kTimesPerLook;
    return running_.cost_left(book_, estimates_, now, Seconds{std::max(part, kLeastDrift)});
}

std::size_t Scheduler::startable(std::size_t limit) const {
    std::size_t beside = 0;
    std::size_t alone = 0;
    for (const auto& lane : queue_.lanes()) {
        if (resources_.is_alone(lane.needs)) {
            alone = std::max(alone, std::min<std::size_t>(lane.batches, 1));
        } else {
            beside += std::min(lane.batches, resources_.room(lane.needs));
        }
    }
    return std::min(limit, std::max(beside, alone));
}

// A batch that is over says how long its tests took; one that goes on, as far as it tells.
std::optional<double> Scheduler::seconds_per_test(Seconds now) const {
    auto seen = estimates_.ended();
    if (seen.tests == 0) return std::nullopt;
    for (const auto& [sandbox, batch] : running_.all()) {
        if (!batch.any_result) continue;
        seen.seconds += (now - batch.started).count();
        seen.tests += batch.tests.size() - batch.unfinished;
    }
    return seen.seconds / static_cast<double>(seen.tests);
}

std::optional<Seconds> Scheduler::remaining(Seconds now) const {
    if (!has_queued() && !has_running()) return Seconds{0};
    const bool in_seconds = estimates_.know_durations();
    const auto per_weight = in_seconds ? 1.0 : seconds_per_test(now);
    if (!per_weight) return std::nullopt;
    const auto slots = static_cast<double>(options_.slots);
    double longest = 0;
    double work = queued_cost() * *per_weight;
    for (const auto& [sandbox, batch] : running_.all()) {
        const double left = in_seconds ? unfinished_cost(batch, estimates_) -
                                             progress_of(batch, book_, estimates_, now)
                                       : static_cast<double>(batch.unfinished) * *per_weight;
        longest = std::max(longest, left);
        work += left;
    }
    if (has_queued()) {
        const auto batches = static_cast<double>(queue_.totals().batches);
        work += estimates_.per_batch() * std::min(slots, batches);
    }
    return Seconds{std::max(work / slots, longest)};
}

}  // namespace offload::schedule
