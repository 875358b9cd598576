#include "intake.hpp"

#include <algorithm>
#include <cmath>

namespace offload::run {
namespace {

// Start-up cost of a batch that the scheduler assumes until it has measured one.
constexpr Seconds kAssumedOverhead{0.4};
// What a runner elsewhere needs around each test, likewise: a process start, or a fixture.
constexpr Seconds kAssumedTestOverhead{0.01};
// So much work a worker holds besides what it runs: much more than an answer takes to reach it.
constexpr Seconds kAheadHere{0.25};
constexpr Seconds kAheadFarAway{1.5};
// A test that takes so long and keeps more than one processor busy is worth it that others wait for
// it: what it and they would lose to each other is more than a worker that has to start.
constexpr Seconds kLong{1};
constexpr double kMoreThanOne = 1.2;
constexpr double kSlack = 0.1;

Seconds ahead(const Abilities& abilities, bool streaming) {
    if (!streaming) return Seconds{0};
    return abilities.same_machine ? kAheadHere : kAheadFarAway;
}

// Here slots are few, and a start in vain takes CPU from the others; of workers it is soon known.
BatchCosts assumed_costs(const Abilities& abilities, bool streaming) {
    const bool soon_known = abilities.same_machine || streaming;
    return {.per_batch = kAssumedOverhead,
            .per_test = soon_known ? Seconds{0} : kAssumedTestOverhead};
}

}  // namespace

schedule::SchedulerOptions scheduler_options(const Settings& settings, bool streaming) {
    const auto& abilities = settings.abilities;
    const auto costs = settings.known_costs.value_or(assumed_costs(abilities, streaming));
    return {.slots = settings.slots,
            .command_bytes = abilities.command_bytes / 4 * 3,  // the rest needs room, too
            .time_limit = settings.exec_limit,
            .longest_batch = settings.longest_batch,
            .batch_overhead = costs.per_batch,
            .test_overhead = costs.per_test,
            .spread = costs.spread,
            .whole_batches = abilities.verdict_source == VerdictSource::PerBatch,
            .ahead = ahead(abilities, streaming),
            // On one machine a duplicate would only take time from what it is to overtake.
            .hedges = settings.hedges && !abilities.same_machine};
}

schedule::Durations durations_of(const Settings& settings) {
    schedule::Durations durations;
    for (const auto& [id, duration, deviation, cores] : settings.known_durations) {
        durations.record(id, duration, deviation, cores);
    }
    return durations;
}

// Odd for bonds, even for files; 0 for neither.
std::size_t Intake::affinity_of(const Test& test) {
    if (test.bond != 0) return 2 * std::size_t{test.bond} + 1;
    if (test.file.empty()) return 0;
    return 2 * files_.try_emplace(test.file, files_.size() + 1).first->second;
}

bool Intake::is_bonded(const Test& test, const GroupSettings& group) {
    if (group.by_file) return affinity_of(test) != 0;
    return !group.alone && !group.apart && test.bond != 0;
}

// Of the slots as much as it takes of the machine: each other slot counts for its share. Beside
// others a test gets less of the processors than it asks for, so what it has had is rounded up.
Needs Intake::needs_of(const Test& test, const GroupSettings& group) const {
    Needs needs = test.needs;
    needs.claims.insert(needs.claims.end(), group.claims.begin(), group.claims.end());
    const double cores = durations_.cores(test.id);
    const bool wide = settings_.abilities.same_machine && test.bond == 0 && !group.by_file &&
                      cores >= kMoreThanOne && durations_.find(test.id) >= kLong;
    if (!wide) return needs;
    const double share = std::ceil(cores - kSlack) / static_cast<double>(settings_.cores);
    const double slots = std::ceil(std::min(share, 1.0) * static_cast<double>(settings_.slots));
    needs.slots = std::max(needs.slots, static_cast<std::size_t>(slots));
    return needs;
}

void Intake::add(std::span<const TestIndex> selected, const TestTable& tests,
                 schedule::Scheduler& scheduler) {
    const auto expected = durations_.expect(tests, settings_.default_duration);
    const auto& bytes = settings_.abilities.bytes_of_test;
    for (const auto index : selected) {
        const Test& test = tests[index];
        const GroupSettings& group = settings_.groups[test.group.value()];
        durations_known_ = durations_known_ || expected[index.value()].has_value();
        scheduler.add({.test = index,
                       .group = test.group,
                       .expected = expected[index.value()],
                       .command_bytes = bytes ? bytes(test.id) : 0,
                       .alone = group.alone,
                       .affinity = affinity_of(test),
                       .measured = durations_.find(test.id).has_value(),
                       .deviation = durations_.deviation(test.id),
                       .bonded = is_bonded(test, group),
                       .needs = needs_of(test, group),
                       .apart = group.apart});
    }
}

}  // namespace offload::run
