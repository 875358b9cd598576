#include "fleet.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace offload::engine {

Fleet::Fleet(ExecutorShared& shared, std::size_t slots, std::size_t concurrent_creations)
    : shared_(shared), slots_(slots), pace_(concurrent_creations) {}

provider::SandboxSpec Fleet::next_spec() const {
    const auto best = std::ranges::min_element(
        slots_, {}, [](const Slot& slot) { return std::pair(slot.taken, slot.failures); });
    return {SandboxNumber(next_number_),
            SlotNumber(static_cast<std::size_t>(best - slots_.begin())), shared_.run_id};
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
    slots_[spec.slot.value()].taken = true;
    auto& sandbox = sandboxes_.try_emplace(spec.number, counts_).first->second;
    sandbox.number = spec.number;
    sandbox.slot = spec.slot;
    sandbox.began = std::chrono::steady_clock::now();
    sandbox.executor = std::move(executor);
    return {};
}

bool Fleet::may_create(SteadyTime now) const {
    return free_slots() > 0 && pace_.may_begin(count(Phase::Creating), now) && !creation_hopeless();
}

std::size_t Fleet::free_slots() const { return slots_.size() - sandboxes_.size(); }

bool Fleet::creation_hopeless() const { return pace_.hopeless() && sandboxes_.empty(); }

void Fleet::creation_succeeded(SandboxNumber number) {
    slots_[find(number)->slot.value()].failures = 0;
    pace_.succeeded();
}

void Fleet::creation_failed(SandboxNumber number, SteadyTime now, Error error) {
    const auto& sandbox = *find(number);
    ++slots_[sandbox.slot.value()].failures;
    pace_.failed(sandbox.began, now, error);
    last_error_ = std::move(error);
    remove(number);
}

void Fleet::creation_not_begun(SteadyTime now, Error error) {
    pace_.failed(now, now, error);
    last_error_ = std::move(error);
}

SandboxState* Fleet::find(SandboxNumber number) {
    const auto found = sandboxes_.find(number);
    return found == sandboxes_.end() ? nullptr : &found->second;
}

void Fleet::remove(SandboxNumber number) {
    const auto found = sandboxes_.find(number);
    slots_[found->second.slot.value()].taken = false;
    sandboxes_.erase(found);
}

std::vector<SandboxState*> Fleet::in_phase(Phase phase) {
    std::vector<SandboxState*> found;
    if (count(phase) == 0) return found;
    for (auto& [number, sandbox] : sandboxes_) {
        if (sandbox.phase == phase) found.push_back(&sandbox);
    }
    return found;
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
