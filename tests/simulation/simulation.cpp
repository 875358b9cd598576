#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "story.hpp"

namespace offload::simulation {
namespace {

constexpr Seconds kTick{0.1};
// The longer nothing has happened, the rarer are ticks: what only time brings about is late by this
// part of the quiet before it.
constexpr double kTickLateness = 0.05;
constexpr std::size_t kMostSteps = 300'000;

template <class T, class... Types>
constexpr bool kIsOneOf = (std::is_same_v<T, Types> || ...);

// What begins something, and must not come after a stop.
bool begins_something(const run::Action& action) {
    return std::visit(
        [](const auto& body) {
            return kIsOneOf<std::decay_t<decltype(body)>, run::Discover, run::Prepare,
                            run::CreateSandbox, run::StartBatch, run::Feed>;
        },
        action);
}

}  // namespace

struct Simulation::Performer {
    Simulation& me;

    void operator()(run::Tell& action) const { me.emit(std::move(action.event)); }
    void operator()(const run::Forecast& action) const {
        me.record_.forecasts.push_back(action.left);
    }
    void operator()(const run::SetUp& /*action*/) const { me.commands_.set_up(); }
    void operator()(const run::CancelSetup& /*action*/) const { me.commands_.cancel_setup(); }
    void operator()(const run::TearDown& /*action*/) const { me.commands_.tear_down(); }
    void operator()(const run::Discover& action) const { me.commands_.discover(action); }
    void operator()(const run::CancelDiscoveries& /*action*/) const {
        me.record_.stopped = me.stage_.now;
        me.commands_.cancel_discoveries();
    }
    void operator()(const run::Prepare& /*action*/) const { me.commands_.prepare(); }
    void operator()(const run::CancelPreparation& /*action*/) const {
        me.commands_.cancel_preparation();
    }
    void operator()(const run::CreateSandbox& action) const { me.sandboxes_.create(action); }
    void operator()(const run::CancelCreations& /*action*/) const {
        me.sandboxes_.cancel_creations();
    }
    void operator()(const run::DestroySandbox& action) const {
        me.sandboxes_.destroy(action.sandbox);
    }
    void operator()(const run::StartBatch& action) const { me.sandboxes_.start(action); }
    void operator()(const run::Feed& action) const { me.sandboxes_.feed(action); }
    void operator()(const run::FeedNoMoreForNow& action) const {
        me.sandboxes_.feed_no_more_for_now(action.sandbox);
    }
    void operator()(const run::EndWorker& action) const {
        me.sandboxes_.end_worker(action.sandbox);
    }
    void operator()(const run::EndBatch& action) const { me.sandboxes_.end_batch(action); }
    void operator()(const run::DiscardArtefacts& action) const {
        me.record_.discarded.push_back(action.batch);
    }
    void operator()(const run::Conclude& action) const { me.commands_.conclude(action); }
    void operator()(const run::CancelConclusion& /*action*/) const {
        me.commands_.cancel_conclusion();
    }
};

Simulation::Simulation(const World& world)
    : world_(world),
      commands_(world, stage_, record_),
      sandboxes_(world, tests_, stage_, record_),
      run_(settings_of(world), tests_) {
    for (const auto& [at, signal] : world.interrupts) {
        stage_.after(at, [this, signal = signal] { interrupt(signal); });
    }
}

run::Now Simulation::now() const {
    return {stage_.now,
            SystemTime{} + std::chrono::duration_cast<SystemTime::duration>(stage_.now)};
}

const Record& Simulation::run() {
    try {
        play();
    } catch (const std::exception& error) {
        record_.violations.push_back(fmt::format("the run throws: {}", error.what()));
    }
    const auto add = [&](const std::vector<std::string>& more) {
        record_.violations.insert(record_.violations.end(), more.begin(), more.end());
    };
    add(stage_.violations);
    add(grammar_.violations());
    return record_;
}

void Simulation::play() {
    const Seconds latest = latest_end(world_);
    perform(run_.start(now()));
    next_tick_ = kTick;
    while (!run_.over()) {
        if (stage_.now > latest || ++record_.steps > kMostSteps) {
            record_.violations.push_back(
                fmt::format("the run does not end: it is at {:.1f} s after {} steps",
                            stage_.now.count(), record_.steps));
            return;
        }
        turn();
    }
    record_.summary = run_.summary(now());
    record_.over = true;
    emit(RunFinished{record_.summary});
}

// What happens next, and what the run makes of it.
void Simulation::turn() {
    if (!stage_.inbox.empty()) return hear();
    const bool something = !stage_.agenda.empty() && stage_.agenda.next_at() <= next_tick_;
    stage_.now = std::max(stage_.now, something ? stage_.agenda.next_at() : next_tick_);
    const Seconds until = stage_.now + world_.turn;
    while (!stage_.agenda.empty() && stage_.agenda.next_at() <= until) {
        stage_.now = std::max(stage_.now, stage_.agenda.next_at());
        stage_.agenda.take()();
    }
    if (!stage_.inbox.empty()) hear();
    if (!run_.over() && stage_.now >= next_tick_) tick();
}

void Simulation::hear() {
    auto messages = std::exchange(stage_.inbox, {});
    bool interrupted = false;
    for (const auto& message : messages) {
        if (on_line) on_line(stage_.now, "  ◄ " + line_of(message));
        if (const auto* interrupt = std::get_if<run::Interrupted>(&message)) {
            if (!interrupted && !record_.interrupted) record_.interrupted_by = interrupt->signal;
            interrupted = true;
        }
        if (const auto* told = std::get_if<run::BatchTold>(&message)) know_refusals(*told);
    }
    if (interrupted && !record_.interrupted) record_.interrupted = stage_.now;
    perform(run_.on(std::move(messages), now()));
    last_stir_ = stage_.now;
    next_tick_ = std::min(next_tick_, stage_.now + kTick);
    if (!interrupted || run_.over()) return;
    stage_.expect(record_.stopped.has_value(), "an interrupt does not stop the run");
}

void Simulation::know_refusals(const run::BatchTold& told) {
    for (const auto& signal : told.signals) {
        const auto* refused = std::get_if<TestRefused>(&signal);
        if (refused == nullptr) continue;
        const auto& batch = record_.batches.at(told.batch);
        grammar_.know_refusal(told.batch, batch.tests[refused->position].test);
    }
}

void Simulation::tick() {
    auto actions = run_.tick(now());
    const bool stirs = std::ranges::any_of(actions, [](const run::Action& action) {
        return !std::holds_alternative<run::Forecast>(action);
    });
    perform(std::move(actions));
    if (stirs) last_stir_ = stage_.now;
    next_tick_ = stage_.now + std::max(kTick, (stage_.now - last_stir_) * kTickLateness);
}

void Simulation::perform(run::Actions actions) {
    for (auto& action : actions) {
        if (on_line) on_line(stage_.now, "► " + line_of(action, tests_));
        check_start(action);
        std::visit(Performer{*this}, action);
    }
}

void Simulation::check_start(const run::Action& action) {
    if (!record_.stopped) return;
    stage_.expect(!begins_something(action),
                  "something is begun after the stop: " + line_of(action, tests_));
    const auto* told = std::get_if<run::Tell>(&action);
    const auto* attempt = told != nullptr ? std::get_if<AttemptFinished>(&told->event) : nullptr;
    stage_.expect(attempt == nullptr || !attempt->will_retry, "a retry is promised after the stop");
}

void Simulation::emit(EventBody event) {
    grammar_.hear(event);
    record_.events.push_back({now().wall, stage_.now, std::move(event)});
    if (on_event) on_event(record_.events.back());
}

}  // namespace offload::simulation
