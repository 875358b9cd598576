#include "offload/engine/run.hpp"

#include <mutex>
#include <utility>

#include "discovery.hpp"
#include "drive.hpp"
#include "emitter.hpp"
#include "messages.hpp"
#include "offload/base/wakeful_clock.hpp"
#include "offload/run/gathering.hpp"
#include "settings.hpp"

namespace offload::engine {

// The inbox of the run that is going on, if one is; and what came before it began.
struct Interrupter::State {
    std::mutex mutex;
    Inbox* inbox = nullptr;
    std::optional<int> pending;
};

Interrupter::Interrupter() : state_(std::make_shared<State>()) {}
Interrupter::~Interrupter() = default;

void Interrupter::interrupt(int signal) {
    const std::scoped_lock lock(state_->mutex);
    if (state_->inbox != nullptr) {
        state_->inbox->push_urgent(run::Interrupted{signal});
    } else {
        state_->pending = signal;
    }
}

namespace {

// Large enough that a burst of output does not stall executors, small enough to bound memory.
constexpr std::size_t kInboxCapacity = 4096;

// While it lives, interrupts reach `inbox`.
class Attachment {
  public:
    Attachment(const Interrupter& interrupter, Inbox& inbox) : state_(*interrupter.state()) {
        const std::scoped_lock lock(state_.mutex);
        state_.inbox = &inbox;
        if (state_.pending) inbox.push_urgent(run::Interrupted{*state_.pending});
    }
    ~Attachment() {
        const std::scoped_lock lock(state_.mutex);
        state_.inbox = nullptr;
    }
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

  private:
    Interrupter::State& state_;
};

RunSummary cannot_run(Emitter& emitter, const Error& error) {
    emitter.error(error.to_string());
    RunSummary summary;
    summary.failure = error.to_string();
    return emitter.finish(std::move(summary));
}

}  // namespace

RunSummary run(const RunRequest& request, TestTable& tests,
               const std::vector<std::unique_ptr<Sink>>& sinks, const Interrupter& interrupter) {
    const WakefulClock::Beat beat;
    Emitter emitter(sinks, request.started, request.exit_status);
    auto framework = framework::make_framework(request.config);
    if (!framework) return cannot_run(emitter, framework.error());
    if (const auto checked = check_places(request.config, **framework); !checked) {
        return cannot_run(emitter, checked.error());
    }
    auto provider = provider::make_provider(request.config, request.working_folder);
    if (!provider) return cannot_run(emitter, provider.error());
    *provider =
        provider::with_places(*std::move(provider), config::workers_in_a_sandbox(request.config));

    RunSummary summary;
    {
        Inbox inbox(kInboxCapacity);
        const Attachment attachment(interrupter, inbox);
        auto driven = drive(request, **framework, **provider, tests, emitter, inbox);
        if (!driven) return cannot_run(emitter, driven.error());
        summary = *std::move(driven);
    }
    // Nothing of the run outlives it, not even what left its process group.
    process::end_strays("OFFLOAD_RUN_ID", request.run_id);
    return emitter.finish(std::move(summary));
}

Collected collect(const RunRequest& request, TestTable& tests, const Interrupter& interrupter) {
    const WakefulClock::Beat beat;
    Collected collected;
    auto framework = framework::make_framework(request.config);
    if (!framework) {
        collected.errors.push_back(std::move(framework).error());
        return collected;
    }
    if (discovers_in_sandbox(request.config)) {
        collected.warnings.emplace_back(
            "discover_in = \"sandbox\": a run finds its tests there; these are what is found here");
    }
    Inbox inbox(kInboxCapacity);
    const Attachment attachment(interrupter, inbox);
    DiscoverySettings settings{**framework, request.config, request.working_folder, request.run_id,
                               random_hex(16)};
    auto discovery = Discovery::create(std::move(settings), inbox);
    if (!discovery) {
        collected.errors.push_back(std::move(discovery).error());
        return collected;
    }
    auto wanted = settings_for(request, **framework);
    wanted.abilities.discovers_in_sandbox = false;
    run::Gathering gathering(wanted);
    (*discovery)->add(gathering.begin(0));
    while (!gathering.over()) {
        auto message = inbox.pop();
        if (auto* group = std::get_if<run::GroupDiscovered>(&message)) {
            (*discovery)->add(gathering.take(std::move(*group)));
        } else if (std::holds_alternative<run::Interrupted>(message)) {
            (*discovery)->cancel();
        }
    }
    auto plan = run::make_plan(wanted.groups, gathering.groups(), request.selection, tests);
    collected.warnings.insert(collected.warnings.end(), plan.warnings.begin(), plan.warnings.end());
    collected.warnings.insert(collected.warnings.end(), plan.notes.begin(), plan.notes.end());
    collected.errors = std::move(plan.errors);
    collected.broken = std::move(plan.broken);
    collected.selected = std::move(plan.selected);
    return collected;
}

}  // namespace offload::engine
