#include "offload/schedule/resources.hpp"

#include <algorithm>
#include <cassert>

namespace offload::schedule {

Resources::Resources(std::size_t slots, Capacities capacities)
    : slots_(std::max<std::size_t>(slots, 1)), capacities_(std::move(capacities)) {
    intern({});
}

std::size_t Resources::intern(const Needs& needs) {
    if (needs.slots <= 1 && needs.claims.empty() && !needs_.empty()) return 0;
    Known known{.slots = std::clamp<std::size_t>(needs.slots, 1, slots_), .units = {}};
    std::map<std::size_t, std::size_t> units;
    for (const auto& claim : needs.claims) {
        const auto [name, is_new] = names_.try_emplace(claim.resource, resources_.size());
        if (is_new) {
            const auto found = capacities_.find(claim.resource);
            const auto capacity = found == capacities_.end() ? 1 : found->second;
            resources_.push_back({.capacity = std::max<std::size_t>(capacity, 1)});
        }
        auto& sum = units[name->second];
        sum = std::min(sum + claim.units, resources_[name->second].capacity);
    }
    for (const auto& [resource, count] : units) {
        if (count > 0) known.units.emplace_back(resource, count);
    }
    const auto [number, is_new] = numbers_.try_emplace(known, needs_.size());
    if (is_new) needs_.push_back(std::move(known));
    return number->second;
}

bool Resources::free(std::size_t needs) const {
    const Known& known = needs_[needs];
    // Whether there is a sandbox for a holder of one slot, only its caller knows.
    if ((known.slots > 1 || wide_held_ > 0) && slots_held_ + known.slots > slots_) return false;
    return std::ranges::all_of(known.units, [this](const auto& unit) {
        const auto& [resource, count] = unit;
        return resources_[resource].held + count <= resources_[resource].capacity;
    });
}

void Resources::take(std::size_t needs) {
    const Known& known = needs_[needs];
    slots_held_ += known.slots;
    if (known.slots > 1) ++wide_held_;
    for (const auto& [resource, count] : known.units) resources_[resource].held += count;
}

void Resources::give_back(std::size_t needs) {
    const Known& known = needs_[needs];
    assert(slots_held_ >= known.slots);
    slots_held_ -= known.slots;
    if (known.slots > 1) --wide_held_;
    for (const auto& [resource, count] : known.units) resources_[resource].held -= count;
}

std::size_t Resources::room(std::size_t needs) const {
    std::size_t room = std::numeric_limits<std::size_t>::max();
    for (const auto& [resource, count] : needs_[needs].units) {
        const auto& [capacity, held] = resources_[resource];
        room = std::min(room, held >= capacity ? 0 : (capacity - held) / count);
    }
    return room;
}

bool Resources::is_alone(std::size_t needs) const {
    return slots_ > 1 && needs_[needs].slots == slots_;
}

}  // namespace offload::schedule
