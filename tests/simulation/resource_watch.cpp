#include "resource_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace offload::simulation {
namespace {

// What one batch holds, as far as there is so much: whoever wants more takes all of it.
struct Held {
    std::size_t slots = 1;
    std::map<std::string, std::size_t> units = {};

    bool operator==(const Held&) const = default;
};

class Watch {
  public:
    Watch(const World& world, const TestTable& tests) : world_(world), tests_(tests) {}

    void hear(const BatchStarted& event) {
        const auto held = held_by(event.tests.front());
        expect_alike(event.batch, event.tests, held);
        holders_.emplace(event.batch, held);
        check(event.batch);
    }
    void hear(const BatchExtended& event) {
        expect_alike(event.batch, event.tests, holders_.at(event.batch));
    }
    void hear(const BatchFinished& event) { holders_.erase(event.batch); }

    std::vector<std::string> take_broken() { return std::move(broken_); }

  private:
    std::size_t capacity(const std::string& resource) const {
        const auto& all = world_.settings.capacities;
        const auto found = all.find(resource);
        return found == all.end() ? 1 : found->second;
    }
    // Of one that was seen to keep several cores of this machine busy for a second or more: whole
    // cores, each worth as many slots as the machine has for one.
    std::size_t slots_by_cores(const offload::Test& test) const {
        const auto& settings = world_.settings;
        const auto known = std::ranges::find(settings.known_durations, test.id, &KnownDuration::id);
        const bool is_its_own =
            test.bond == 0 && !world_.groups[test.group.value()].settings.by_file;
        if (!settings.abilities.same_machine || !is_its_own) return 1;
        if (known == settings.known_durations.end() || known->duration < Seconds{1}) return 1;
        if (known->cores < 1.2) return 1;
        const auto cores = std::min<std::size_t>(
            static_cast<std::size_t>(std::ceil(known->cores - 0.1)), settings.cores);
        return (cores * settings.slots + settings.cores - 1) / settings.cores;
    }
    Held held_by(TestIndex index) const {
        const auto& test = tests_[index];
        auto needs = test_of(world_, test.id).needs;
        const auto& claims = world_.groups[test.group.value()].settings.claims;
        needs.claims.insert(needs.claims.end(), claims.begin(), claims.end());
        Held held;
        const auto slots = std::max(needs.slots, slots_by_cores(test));
        held.slots = std::clamp<std::size_t>(slots, 1, world_.settings.slots);
        for (const auto& [resource, units] : needs.claims) {
            if (units == 0) continue;
            auto& sum = held.units[resource];
            sum = std::min(sum + units, capacity(resource));
        }
        return held;
    }
    void expect_alike(BatchNumber batch, const std::vector<TestIndex>& tests, const Held& held) {
        const bool alike = std::ranges::all_of(tests, [&](TestIndex test) {
            return held_by(test).slots == held.slots && held_by(test).units == held.units;
        });
        if (alike) return;
        broken_.push_back(fmt::format("tests of batch {} do not need the same", batch.value()));
    }
    void check(BatchNumber newest) {
        std::size_t slots = 0;
        std::map<std::string, std::size_t> units;
        for (const auto& [batch, held] : holders_) {
            slots += held.slots;
            for (const auto& [resource, count] : held.units) units[resource] += count;
        }
        if (slots > world_.settings.slots) {
            broken_.push_back(fmt::format("with batch {} {} slots are held, of {}", newest.value(),
                                          slots, world_.settings.slots));
        }
        for (const auto& [resource, count] : units) {
            if (count <= capacity(resource)) continue;
            broken_.push_back(fmt::format("with batch {} {} of {} are held, of {}", newest.value(),
                                          count, resource, capacity(resource)));
        }
    }

    const World& world_;
    const TestTable& tests_;
    std::map<BatchNumber, Held> holders_;
    std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> overdrawn_resources(const World& world, const Record& record,
                                             const TestTable& tests) {
    Watch watch(world, tests);
    for (const auto& event : record.events) {
        if (const auto* started = std::get_if<BatchStarted>(&event.body)) watch.hear(*started);
        if (const auto* extended = std::get_if<BatchExtended>(&event.body)) watch.hear(*extended);
        if (const auto* finished = std::get_if<BatchFinished>(&event.body)) watch.hear(*finished);
    }
    return watch.take_broken();
}

}  // namespace offload::simulation
