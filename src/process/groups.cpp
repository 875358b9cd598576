#include "groups.hpp"

#include <sched.h>

#include <array>
#include <csignal>

#include "offload/process/child.hpp"

namespace offload::process {
namespace {

// Lock-free, because kill_everything() may be called by a signal handler that has interrupted
// anything. A slot holds 0 (free), a group, or the group's negative while it is being killed: its
// owner waits for that moment, a second killer passes it by.
struct Block {
    std::array<std::atomic<pid_t>, 256> slots{};
    std::atomic<Block*> next{nullptr};
};

Block& first_block() {
    static constinit Block block;
    return block;
}

std::atomic<unsigned> kills{0};

std::atomic<pid_t>* take_slot(pid_t group) {
    for (Block* block = &first_block();;) {
        for (auto& slot : block->slots) {
            pid_t free = 0;
            if (slot.load() == 0 && slot.compare_exchange_strong(free, group)) return &slot;
        }
        Block* next = block->next.load();
        if (next == nullptr) {
            auto* fresh = new Block;  // kept for good: a killer may be walking the list
            if (block->next.compare_exchange_strong(next, fresh)) {
                next = fresh;
            } else {
                delete fresh;
            }
        }
        block = next;
    }
}

}  // namespace

std::shared_mutex& reaping_mutex() {
    static std::shared_mutex mutex;
    return mutex;
}

unsigned kill_count() { return kills.load(); }

bool is_listed_group(pid_t group) {
    for (Block* block = &first_block(); block != nullptr; block = block->next.load()) {
        for (const auto& slot : block->slots) {
            const pid_t value = slot.load();
            if (value == group || value == -group) return true;
        }
    }
    return false;
}

ListedGroup::ListedGroup(pid_t group, unsigned kills_before)
    : group_(group), slot_(take_slot(group)) {
    if (kill_count() != kills_before) ::kill(-group, SIGKILL);
}

void ListedGroup::remove() {
    if (slot_ == nullptr) return;
    pid_t expected = group_;
    while (!slot_->compare_exchange_weak(expected, 0)) {
        expected = group_;
        sched_yield();
    }
    slot_ = nullptr;
}

void kill_everything() {
    ++kills;
    for (Block* block = &first_block(); block != nullptr; block = block->next.load()) {
        for (auto& slot : block->slots) {
            pid_t group = slot.load();
            if (group > 0 && slot.compare_exchange_strong(group, -group)) {
                ::kill(-group, SIGKILL);
                slot.store(group);
            }
        }
    }
}

}  // namespace offload::process
