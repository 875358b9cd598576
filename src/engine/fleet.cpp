#include "fleet.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace offload::engine {
namespace {

// After so many failed rounds of creation in a row the provider is considered down.
constexpr std::size_t kHopeless = 4;
constexpr std::chrono::milliseconds kFirstDelay{250};

}  // namespace

Fleet::Fleet(ExecutorShared& shared, std::size_t slots, std::size_t concurrent_creations)
    : shared_(shared), concurrent_creations_(concurrent_creations), slots_(slots, false) {}

provider::SandboxSpec Fleet::next_spec() const {
    const auto free = std::ranges::find(slots_, false);
    return {SandboxNumber(next_number_),
            SlotNumber(static_cast<std::size_t>(free - slots_.begin())), shared_.run_id};
}

Result<> Fleet::create() {
    const auto spec = next_spec();
    ++next_number_;
    std::unique_ptr<Executor> executor;
    try {
        executor = std::make_unique<Executor>(shared_, spec, creation_cancel_);
    } catch (const std::system_error& error) {
        return fail(
            system_error("cannot start a thread for a sandbox", error.code().value())
                .with_hint("the system allows no more threads: lower max_parallel, or raise "
                           "`ulimit -u` or the container's limit of processes"));
    }
    slots_[spec.slot.value()] = true;
    auto& sandbox = sandboxes_[spec.number];
    sandbox.number = spec.number;
    sandbox.slot = spec.slot;
    sandbox.executor = std::move(executor);
    return {};
}

bool Fleet::may_create(SteadyTime now) const {
    return free_slots() > 0 && count(Phase::Creating) < concurrent_creations_ &&
           now >= next_attempt_ && !creation_hopeless();
}

std::size_t Fleet::free_slots() const {
    return static_cast<std::size_t>(std::ranges::count(slots_, false));
}

bool Fleet::creation_hopeless() const { return failures_in_a_row_ >= kHopeless; }

void Fleet::creation_succeeded() { failures_in_a_row_ = 0; }

void Fleet::creation_failed(SteadyTime now, Error error) {
    last_error_ = std::move(error);
    if (now < next_attempt_) return;
    next_attempt_ = now + kFirstDelay * (1U << failures_in_a_row_);
    ++failures_in_a_row_;
}

SandboxState* Fleet::find(SandboxNumber number) {
    const auto found = sandboxes_.find(number);
    return found == sandboxes_.end() ? nullptr : &found->second;
}

void Fleet::remove(SandboxNumber number) {
    const auto found = sandboxes_.find(number);
    slots_[found->second.slot.value()] = false;
    sandboxes_.erase(found);
}

std::vector<SandboxState*> Fleet::in_phase(Phase phase) {
    std::vector<SandboxState*> found;
    for (auto& [number, sandbox] : sandboxes_) {
        if (sandbox.phase == phase) found.push_back(&sandbox);
    }
    return found;
}

std::size_t Fleet::count(Phase phase) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        sandboxes_, [phase](const auto& entry) { return entry.second.phase == phase; }));
}

void Fleet::stop_all() {
    creation_cancel_.cancel();
    for (auto& [number, sandbox] : sandboxes_) retire(sandbox);
}

void Fleet::cancel_all() {
    for (auto& [number, sandbox] : sandboxes_) {
        if (sandbox.phase == Phase::Busy) sandbox.executor->cancel();
    }
    stop_all();
}

void Fleet::retire(SandboxState& sandbox) {
    if (std::exchange(sandbox.told_to_stop, true)) return;
    // A busy one still has a batch to report on, and one that is being made still has to come up.
    if (sandbox.phase == Phase::Idle) sandbox.phase = Phase::Ending;
    sandbox.executor->stop();
}

}  // namespace offload::engine
