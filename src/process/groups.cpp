#include "groups.hpp"

#include <sched.h>

#include <array>
#include <chrono>
#include <csignal>

#include "offload/base/time.hpp"
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
std::atomic<bool> closed{false};
std::atomic<unsigned> burials{0};

// A start takes milliseconds, but for a program that lies on a disk that does not answer.
constexpr std::chrono::seconds kUnderWay{2};

// Whoever is starting a child holds the mutex until it is listed, and then kills it.
bool has_nothing_under_way() {
    if (burials != 0 || !reaping_mutex().try_lock()) return false;
    reaping_mutex().unlock();
    return true;
}

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

bool starts_nothing_more() { return closed.load(); }

bool is_listed_group(pid_t group) {
    for (Block* block = &first_block(); block != nullptr; block = block->next.load()) {
        for (const auto& slot : block->slots) {
            const pid_t value = slot.load();
            if (value == group || value == -group) return true;
        }
    }
    return false;
}

Burial::Burial() { ++burials; }

Burial::~Burial() { --burials; }

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

void end_everything() {
    closed = true;
    kill_everything();
    const auto until = steady_now() + kUnderWay;
    while (!has_nothing_under_way() && steady_now() < until) sched_yield();
}

}  // namespace offload::process
