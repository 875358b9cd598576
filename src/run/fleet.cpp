#include "fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace offload::run {

// The lowest free slot, but those in which creations have failed last: users may spread slots over
// machines.
SlotNumber Fleet::best_slot() const {
    const auto best = std::ranges::min_element(
        slots_, {}, [](const Slot& slot) { return std::pair(slot.taken, slot.failures); });
    return SlotNumber(static_cast<std::size_t>(best - slots_.begin()));
}

bool Fleet::may_create(Seconds now) const {
    return sandboxes_.size() < slots_.size() && pace_.may_begin(count(Phase::Creating), now) &&
           !hopeless() && !closed_;
}

void Fleet::want(std::size_t useful, Seconds now) {
    while (count(Phase::Idle) + count(Phase::Creating) < useful && may_create(now)) create(now);
}

std::size_t Fleet::room() const {
    const std::size_t there = count(Phase::Idle) + count(Phase::Creating);
    return failing() || closed_ ? there : there + (slots_.size() - sandboxes_.size());
}

void Fleet::create(Seconds now) {
    const SandboxNumber number(next_number_++);
    const auto slot = best_slot();
    slots_[slot.value()].taken = true;
    auto& sandbox = sandboxes_.try_emplace(number, counts_).first->second;
    sandbox.number = number;
    sandbox.slot = slot;
    sandbox.began = now;
    // The intention is told before the act, so that a killed run leaves a trace of it.
    out_.tell(SandboxCreating{number, slot});
    out_.add(CreateSandbox{number, slot});
}

void Fleet::hear(SandboxUp& message) {
    auto& sandbox = sandboxes_.at(message.sandbox);
    slots_[sandbox.slot.value()].failures = 0;
    pace_.succeeded();
    sandbox.id = message.id;
    sandbox.phase = sandbox.told_to_end ? Phase::Ending : Phase::Idle;
    out_.tell(SandboxReady{message.sandbox, std::move(message.id), message.creation});
}

void Fleet::hear(SandboxNotCreated& message, bool stopping, Seconds now) {
    const auto& sandbox = sandboxes_.at(message.sandbox);
    const bool unwanted = stopping || sandbox.told_to_end;
    // What was ended with the run is told only where it says that something may be left.
    const bool untold = unwanted && message.error.hint.empty();
    out_.tell(SandboxEnded{.sandbox = message.sandbox,
                           .id = {},
                           .trouble = untold ? std::nullopt : std::optional(message.error),
                           .maybe_leaked = false});
    if (!unwanted) {
        ++slots_[sandbox.slot.value()].failures;
        pace_.failed(sandbox.began, now, message.error);
        last_error_ = std::move(message.error);
    }
    remove(message.sandbox);
}

void Fleet::hear(const SandboxGoing& message) { out_.tell(SandboxDestroying{message.sandbox}); }

void Fleet::hear(SandboxGone& message) {
    SandboxEnded ended{.sandbox = message.sandbox,
                       .id = sandboxes_.at(message.sandbox).id,
                       .trouble = std::move(message.trouble),
                       .maybe_leaked = false};
    ended.maybe_leaked = ended.trouble.has_value();
    if (ended.maybe_leaked) {
        leaked_.push_back(ended.id.empty() ? fmt::format("number {}", message.sandbox.value())
                                           : ended.id);
    }
    remove(message.sandbox);
    out_.tell(std::move(ended));
}

void Fleet::remove(SandboxNumber number) {
    const auto found = sandboxes_.find(number);
    slots_[found->second.slot.value()].taken = false;
    sandboxes_.erase(found);
}

void Fleet::occupy(SandboxNumber number, BatchNumber batch) {
    auto& sandbox = sandboxes_.at(number);
    sandbox.phase = Phase::Busy;
    sandbox.batch = batch;
}

void Fleet::vacate(SandboxNumber number, bool usable) {
    auto& sandbox = sandboxes_.at(number);
    sandbox.phase = usable && !sandbox.told_to_end ? Phase::Idle : Phase::Ending;
}

void Fleet::end_batch(SandboxNumber number, EndBatch::How how) {
    auto& sandbox = sandboxes_.at(number);
    if (sandbox.told_to_end) return;
    out_.add(EndBatch{number, how});
    end(sandbox);
}

std::vector<SandboxNumber> Fleet::idle() const {
    std::vector<SandboxNumber> found;
    if (count(Phase::Idle) == 0) return found;
    for (const auto& [number, sandbox] : sandboxes_) {
        if (sandbox.phase == Phase::Idle) found.push_back(number);
    }
    return found;
}

void Fleet::end(Sandbox& sandbox) {
    if (std::exchange(sandbox.told_to_end, true)) return;
    // A busy one still has a batch to report on, and one that is being made still has to come up.
    if (sandbox.phase == Phase::Idle) sandbox.phase = Phase::Ending;
    out_.add(DestroySandbox{sandbox.number});
}

void Fleet::end_all() {
    if (!std::exchange(closed_, true)) out_.add(CancelCreations{});
    for (auto& [number, sandbox] : sandboxes_) end(sandbox);
}

void Fleet::retire_surplus() {
    const auto surplus = idle();
    const std::size_t keep = count(Phase::Busy);
    for (std::size_t i = keep; i < surplus.size(); ++i) end(sandboxes_.at(surplus[i]));
    if (keep == 0 && alive() > 0) end_all();
}

void Fleet::cancel_all() {
    for (auto& [number, sandbox] : sandboxes_) {
        if (sandbox.phase == Phase::Busy) out_.add(EndBatch{number, EndBatch::How::Cancel});
    }
    end_all();
}

}  // namespace offload::run
