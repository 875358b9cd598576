#include "offload/engine/run.hpp"

#include <mutex>
#include <utility>

#include "dispatcher.hpp"

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
        state_->inbox->push_urgent(Interrupted{signal});
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
        if (state_.pending) inbox.push_urgent(Interrupted{*state_.pending});
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
    summary.exit_status = 1;
    return emitter.finish(std::move(summary));
}

}  // namespace

RunSummary run(const RunRequest& request, TestTable& tests,
               const std::vector<std::unique_ptr<Sink>>& sinks, const Interrupter& interrupter) {
    Emitter emitter(sinks, request.started);
    auto framework = framework::make_framework(request.config);
    if (!framework) return cannot_run(emitter, framework.error());
    auto provider = provider::make_provider(request.config, request.working_folder);
    if (!provider) return cannot_run(emitter, provider.error());

    RunSummary summary;
    {
        Inbox inbox(kInboxCapacity);
        const Attachment attachment(interrupter, inbox);
        Dispatcher dispatcher(request, tests, emitter, **framework, **provider, inbox);
        summary = dispatcher.run();
    }
    // Nothing of the run outlives it, not even what left its process group.
    process::end_strays("OFFLOAD_RUN_ID", request.run_id);
    return emitter.finish(std::move(summary));
}

Collected collect(const RunRequest& request, TestTable& tests, const Interrupter& interrupter) {
    Collected collected;
    auto framework = framework::make_framework(request.config);
    if (!framework) {
        collected.errors.push_back(std::move(framework).error());
        return collected;
    }
    Inbox inbox(kInboxCapacity);
    const Attachment attachment(interrupter, inbox);
    DiscoverySettings settings{**framework, request.config, request.working_folder, request.run_id,
                               random_hex(16)};
    std::vector<Family> families;
    std::size_t pending = 0;
    for (std::size_t i = 0; i < request.config.groups.size(); ++i) {
        if (!is_wanted(request.config.groups[i], request.only_groups)) continue;
        ++pending;
        if (!join(families, GroupIndex(i), **framework, request.config)) {
            families.push_back({GroupIndex(i)});
        }
    }
    std::vector<GroupState> groups(request.config.groups.size());
    auto discovery = Discovery::create(std::move(settings), inbox);
    if (!discovery) {
        collected.errors.push_back(std::move(discovery).error());
        return collected;
    }
    (*discovery)->add(std::move(families));
    while (pending > 0) {
        auto message = inbox.pop();
        if (auto* group = std::get_if<GroupDiscovered>(&message)) {
            auto untold = keep(*group, request.config, groups);
            pending -= 1 + group->companions.size() - untold.size();
            (*discovery)->add(std::move(untold));
        } else if (std::holds_alternative<Interrupted>(message)) {
            (*discovery)->cancel();
        }
    }
    Plan plan = make_plan(request.config, groups, request.only_ids, tests);
    collected.warnings = std::move(plan.warnings);
    collected.warnings.insert(collected.warnings.end(), plan.notes.begin(), plan.notes.end());
    collected.errors = std::move(plan.errors);
    collected.broken = std::move(plan.broken);
    collected.selected = std::move(plan.selected);
    return collected;
}

}  // namespace offload::engine
