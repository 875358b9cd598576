#include "world.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "carry.hpp"

namespace offload::simulation {

Group& add_group(World& world, std::vector<std::string> ids) {
    Group group;
    group.settings.name = std::to_string(world.groups.size());
    group.settings.shown = "list";
    group.ids = std::move(ids);
    return world.groups.emplace_back(std::move(group));
}

const Test& test_of(const World& world, const std::string& id) {
    static const Test kLikeAnyOther;
    const auto found = world.tests.find(id);
    return found != world.tests.end() ? found->second : kLikeAnyOther;
}

run::Settings settings_of(const World& world) {
    auto settings = world.settings;
    settings.told.max_parallel = settings.slots;
    settings.sets_up = world.scripts.any;
    settings.told.verdict_source = settings.abilities.verdict_source;
    for (const auto& group : world.groups) {
        settings.told.groups.push_back(group.settings.name);
        settings.groups.push_back(group.settings);
    }
    auto& abilities = settings.abilities;
    abilities.bytes_of_test = [](std::string_view id) { return id.size() + 1; };
    abilities.discovers_together = [together = world.families](GroupIndex, GroupIndex) {
        return together;
    };
    abilities.has_worker = [has = world.workers](const std::shared_ptr<const Carry>& carry) {
        const auto* ours = dynamic_cast<const GroupCarry*>(carry.get());
        return has && ours != nullptr && ours->worker;
    };
    if (world.only_one_means_failed_tests) {
        abilities.says_tests_failed = [](int exit_status) { return exit_status == 1; };
    }
    return settings;
}

std::size_t count_faults(const World& world) {
    std::size_t acts = 0;
    for (const auto& [id, test] : world.tests) acts += test.acts.size();
    return acts + world.creations.size() + world.destructions.size() + world.execs.size() +
           world.vanishings.size() + world.interrupts.size();
}

Seconds latest_end(const World& world) {
    const auto& settings = world.settings;
    // Each attempt may be looked for in halves, with a time limit for each.
    constexpr double kHalvings = 8;
    constexpr Seconds kBetweenCreations{35};
    const Seconds limit = std::max(settings.exec_limit, settings.test_limit) + Seconds{60};
    double attempts = 0;
    Seconds longest = world.preparation.takes + world.conclusion.takes + settings.discovery_limit;
    longest += world.scripts.setup_takes + world.scripts.teardown_takes;
    for (const auto& group : world.groups) {
        const auto tests = static_cast<double>(group.ids.size());
        attempts += tests * static_cast<double>(1 + group.settings.retry_count);
        longest += 2 * (group.discovery.takes + settings.discovery_limit);
    }
    for (const auto& [number, creation] : world.creations) {
        longest += creation.takes + kBetweenCreations;
        if (creation.way == Creation::Way::Hangs) longest += kCreationDeadline;
    }
    for (const auto& [number, destruction] : world.destructions) longest += destruction.takes;
    longest += 20 * (world.usual_creation.takes + kBetweenCreations);
    const auto faults = static_cast<double>(count_faults(world));
    return longest + kHalvings * attempts * limit + faults * limit +
           Seconds{10 * settings.discovery_limit};
}

}  // namespace offload::simulation
