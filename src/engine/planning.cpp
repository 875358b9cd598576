// The dispatcher's plan: what discovery found becomes tests that are scheduled and accounted for.
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "dispatcher.hpp"
#include "offload/schedule/durations.hpp"

namespace offload::engine {
namespace {

constexpr Seconds kForecastInterval{1};
// Start-up cost of a batch that the scheduler assumes until it has measured one.
constexpr Seconds kAssumedOverhead{0.4};
// What a runner elsewhere needs around each test, likewise: a process start, or a fixture.
constexpr Seconds kAssumedTestOverhead{0.01};
// So much work a worker holds besides what it runs: much more than an answer takes to reach it.
constexpr Seconds kAheadHere{0.25};
constexpr Seconds kAheadFarAway{1.5};

}  // namespace

void Dispatcher::plan() {
    planned_ = true;
    const Plan plan = make_plan(config(), groups_, request_.only_ids, tests_);
    for (const auto& test : tests_) {
        emitter_.emit(TestDiscovered{test.index, test.id, test.group, test.file, test.kind});
    }
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        if (!groups_[i].discovered || !*groups_[i].discovered) continue;
        emitter_.emit(
            DiscoveryFinished{GroupIndex(i), plan.tests_of_group[i], groups_[i].duration});
    }
    for (const auto& text : plan.notes) emitter_.note(text);
    for (const auto& text : plan.warnings) emitter_.warn(text);
    missing_.resize(tests_.size());
    adopt_broken_modules(plan);
    fill_scheduler(plan);
    // The table has them now.
    for (auto& group : groups_) {
        if (group.discovered && *group.discovered) (*group.discovered)->tests = {};
    }
    selected_ = plan.selected;
    if (!plan.errors.empty()) {
        std::string text;
        for (const auto& error : plan.errors) {
            text += (text.empty() ? "" : "\n") + error.to_string();
        }
        give_up(std::move(text));
    }
    // A run that knows its modules are broken has its first failures.
    if (request_.fail_fast && !plan.broken.empty()) {
        stop("--fail-fast: a module could not be collected");
    }
}

void Dispatcher::adopt_broken_modules(const Plan& plan) {
    auto broken = plan.broken.begin();
    auto selected = plan.selected.begin();
    // The ledger wants table order.
    for (const auto& test : tests_) {
        if (selected != plan.selected.end() && *selected == test.index) {
            ledger_.add(test);
            ++selected;
        } else if (broken != plan.broken.end() && broken->first == test.index) {
            ledger_.add(test);
            ledger_.record_collection_error(test.index, broken->second);
            emitter_.emit(AttemptFinished{*ledger_.last_attempt(test.index), false});
            emitter_.emit(TestDecided{test.index, ledger_.status(test.index)});
            ++broken;
        }
    }
}

void Dispatcher::fill_scheduler(const Plan& plan) {
    bool known = false;
    streaming_ = may_stream();
    scheduler_.emplace(make_scheduler(plan, tests_, known));
    if (unfit_) stop_streaming(*unfit_);
    emitter_.emit(RunPlanned{plan.selected.size(), known});
}

schedule::Scheduler Dispatcher::make_scheduler(const Plan& plan, const TestTable& tests,
                                               bool& durations_known) const {
    schedule::Durations durations;
    for (const auto& [id, duration, deviation] : request_.known_durations) {
        durations.record(id, duration, deviation);
    }
    const auto expected = durations.expect(tests, config().history.default_duration);
    durations_known = std::ranges::any_of(
        plan.selected, [&](TestIndex t) { return expected[t.value()].has_value(); });

    schedule::Scheduler scheduler(schedule::SchedulerOptions{
        .slots = slots_,
        .command_bytes = traits_.command_bytes / 4 * 3,  // the rest of the command needs room, too
        .time_limit = exec_limit(config()),
        .batch_overhead = kAssumedOverhead,
        // Here slots are few, and a start in vain takes CPU from the others; of workers it is soon
        // known.
        .test_overhead = traits_.same_machine || streaming_ ? Seconds{0} : kAssumedTestOverhead,
        .whole_batches = framework_.verdict_source() == VerdictSource::PerBatch,
        .ahead = !streaming_            ? Seconds{0}
                 : traits_.same_machine ? kAheadHere
                                        : kAheadFarAway,
        // On one machine a duplicate would only take time from what it is to overtake.
        .hedges = config().offload.impatiently_requeue_batches && !traits_.same_machine});
    std::map<std::string_view, std::size_t> affinities;
    for (const auto index : plan.selected) {
        const Test& test = tests[index];
        const bool bonded = test.bond != 0;
        std::size_t affinity = 0;
        if (bonded) {
            affinity = tests.size() + test.bond;  // there are fewer files than that
        } else if (!test.file.empty()) {
            affinity = affinities.try_emplace(test.file, affinities.size() + 1).first->second;
        }
        scheduler.add({.test = index,
                       .group = test.group,
                       .expected = expected[index.value()],
                       .command_bytes = framework_.command_bytes(test.id),
                       .alone = config().groups[test.group.value()].schedule_individual,
                       .affinity = affinity,
                       .measured = durations.find(test.id).has_value(),
                       .deviation = durations.deviation(test.id),
                       .bonded = bonded});
    }
    return scheduler;
}

// Groups that answer later add tests, and take none of these away.
std::size_t Dispatcher::batches_so_far() const {
    TestTable tests;
    const Plan plan = make_plan(config(), groups_, request_.only_ids, tests);
    bool ignored = false;
    return std::max<std::size_t>(1, make_scheduler(plan, tests, ignored).startable(slots_));
}

void Dispatcher::forecast() {
    if (!planned_ || stopping_ || now() < next_forecast_) return;
    next_forecast_ = now() + kForecastInterval;
    if (const auto left = scheduler_->remaining(now())) emitter_.forecast(*left);
}

}  // namespace offload::engine
