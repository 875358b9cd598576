#include "streaming.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace offload::run {
namespace {

constexpr std::size_t kBarrenLimit = 2;

}  // namespace

// --- While discovery goes on -------------------------------------------------------------------

void Streaming::will_stay(GroupIndex group) {
    if (!staying_) staying_ = group;
}

std::size_t Streaming::spare_workers(std::size_t awaiting) const {
    if (!staying_ || ruled_out_) return 0;
    std::size_t wanted = std::min(settings_.slots, settings_.cores);
    if (const auto most = settings_.selection.at_most()) wanted = std::min(wanted, *most);
    const std::size_t taken = crew_.hired() + awaiting;
    return wanted > taken ? wanted - taken : 0;
}

bool Streaming::has_spare_place() const {
    if (!settings_.abilities.discovers_in_sandbox) return spare_workers(0) > 0;
    return staying_ && !ruled_out_;  // its cores are its own
}

void Streaming::make_room_for_discovery(const Now& now) {
    Batch* waiting = nullptr;
    for (auto& [number, worker] : crew_.batches()) {
        if (worker.leaving()) return;
        const auto* prelude = worker.prelude();
        if (prelude != nullptr && !prelude->owes_discovery()) waiting = &worker;
    }
    if (waiting != nullptr) crew_.let_go(*waiting, now);
}

// --- From the plan on --------------------------------------------------------------------------

bool Streaming::possible(const Gathering& gathering) const {
    const auto& abilities = settings_.abilities;
    if (!abilities.passes_stdin || abilities.verdict_source != VerdictSource::PerTest ||
        !abilities.has_worker) {
        return false;
    }
    for (std::size_t i = 0; i < settings_.groups.size(); ++i) {
        const auto* found = gathering.found(GroupIndex(i));
        if (found == nullptr || found->tests.empty()) continue;
        if (!abilities.has_worker(found->carry)) return false;
    }
    return true;
}

void Streaming::begin(bool possible, schedule::Scheduler& scheduler) {
    on_ = possible;
    if (ruled_out_) rule_out(*ruled_out_, &scheduler);
}

void Streaming::employ(schedule::Scheduler& scheduler, const Now& now) {
    for (auto& [number, worker] : crew_.batches()) {
        const auto* prelude = worker.prelude();
        if (prelude == nullptr || !prelude->takes_tests() || worker.leaving()) continue;
        std::optional<schedule::Assignment> assignment;
        if (on_ && !units_need_room(scheduler)) {
            assignment = scheduler.next_of(worker.group(), worker.sandbox(), now.since_start);
        }
        if (assignment) {
            crew_.employ(worker, *assignment, verdicts_.next_attempts(assignment->tests), now);
        } else {
            crew_.let_go(worker, now);
        }
    }
}

void Streaming::feed_all(schedule::Scheduler& scheduler, const Now& now) {
    for (auto& [number, batch] : crew_.batches()) feed(batch, scheduler, now);
}

void Streaming::feed(Batch& worker, schedule::Scheduler& scheduler, const Now& now) {
    if (!worker.is_worker() || worker.prelude() != nullptr || worker.leaving()) return;
    if (fleet_.at(worker.sandbox()).told_to_end) return;
    // Tests that need a process of their own wait: as many workers leave as they need.
    const bool makes_room = units_need_room(scheduler);
    if (!makes_room) {
        const auto tests = scheduler.more(worker.sandbox(), now.since_start, fleet_.room());
        if (!tests.empty()) {
            crew_.extend(worker, tests, verdicts_.next_attempts(tests), now);
            return;
        }
    }
    const std::size_t unfinished = worker.tests().unfinished();
    if (unfinished == 1 && worker.runs_out()) out_.add(FeedNoMoreForNow{worker.sandbox()});
    if (unfinished > 0) return;
    if (makes_room || scheduler.has_queued() || !idle_worker_is_worth_keeping()) {
        crew_.let_go(worker, now);
    }
}

bool Streaming::units_need_room(const schedule::Scheduler& scheduler) const {
    const std::size_t units = scheduler.queued_units();
    if (units == 0) return false;
    const auto leaving = std::ranges::count_if(crew_.batches(), [](const auto& entry) {
        const Batch& batch = entry.second;
        return batch.prelude() == nullptr && (!batch.is_worker() || batch.leaving());
    });
    return units > static_cast<std::size_t>(leaving) + fleet_.count(Phase::Idle);
}

// A worker without tests is worth its cost only while a running test could be given to it for a
// retry, and one for each of these is enough.
bool Streaming::idle_worker_is_worth_keeping() const {
    const bool may_retry = std::ranges::any_of(
        settings_.groups, [](const GroupSettings& group) { return group.retry_count > 0; });
    if (!may_retry) return false;
    // Elsewhere an idle sandbox can also take over from a straggler, which a worker cannot.
    if (settings_.hedges && !settings_.abilities.same_machine) return false;
    std::size_t busy = 0;
    std::size_t idle = 0;
    for (const auto& [number, batch] : crew_.batches()) {
        if (batch.prelude() != nullptr || batch.leaving()) continue;
        ++(batch.tests().unfinished() > 0 ? busy : idle);
    }
    return idle <= busy;
}

// --- At any time -------------------------------------------------------------------------------

void Streaming::rule_out(const std::string& reason, schedule::Scheduler* scheduler) {
    if (scheduler == nullptr) {
        if (!ruled_out_) ruled_out_ = reason;
        return;
    }
    if (!std::exchange(on_, false)) return;
    scheduler->stop_streaming();
    out_.warn(fmt::format(
        "tests run in batches, each in a process of its own, because no worker can be used: {}; "
        "`worker = \"off\"` in [framework] says so beforehand",
        reason));
}

void Streaming::ended(const Batch& worker, const BatchOver& over, schedule::Scheduler* scheduler) {
    if (worker.any_began()) {
        barren_ = 0;
        return;
    }
    if (!is<ending::Died>(over.ending) && !is<ending::TimedOut>(over.ending)) return;
    if (++barren_ < kBarrenLimit) return;
    rule_out(fmt::format("{} of them ended before their first test ({})", barren_,
                         describe(over.ending)),
             scheduler);
}

}  // namespace offload::run
