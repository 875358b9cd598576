// Worlds from a seed: most are troubled in a few ways, some in none, some in all.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "offload/simulator/dice.hpp"
#include "world.hpp"

namespace offload::simulation {
namespace {

using simulator::Dice;

template <class T>
T one_of(Dice& dice, std::initializer_list<T> values) {
    return values.begin()[dice.below(values.size())];
}

// How likely each sort of trouble is in one world.
struct Climate {
    explicit Climate(Dice& dice) {
        const auto often = [&] { return dice.chance(0.5) ? 0 : dice.between(0, 0.3); };
        if (dice.chance(0.1)) return;  // nothing goes wrong
        failures = often();
        breakages = often();
        refusals = often() / 2;
        creations = often();
        execs = often();
        discoveries = dice.chance(0.8) ? 0 : 0.3;
        preparation = dice.chance(0.03);
        no_sandboxes = dice.chance(0.02);
        bad_execs = dice.chance(0.05);
        interrupts = dice.chance(0.25);
        stragglers = dice.chance(0.3) ? dice.between(0, 0.3) : 0;
        single_use = dice.chance(0.05);
        bonds = dice.chance(0.2) ? dice.between(0, 0.5) : 0;
        vanishings = often() / 2;
    }
    double failures = 0;
    double breakages = 0;
    double refusals = 0;
    double creations = 0;
    double execs = 0;
    double discoveries = 0;
    bool preparation = false;
    bool no_sandboxes = false;
    bool bad_execs = false;  // all of them
    bool interrupts = false;
    double stragglers = 0;
    bool single_use = false;  // no sandbox is used again
    double bonds = 0;
    double vanishings = 0;
};

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : dice_(seed), climate_(dice_) {}

    World make() {
        set_rules();
        const std::size_t groups = dice_.chance(0.5) ? 1 : 1 + dice_.below(4);
        for (std::size_t i = 0; i < groups; ++i) make_group(i);
        know_durations();
        trouble_provider();
        trouble_execs();
        trouble_ends();
        return std::move(world_);
    }

  private:
    void set_rules();
    void make_group(std::size_t index);
    Test make_test();
    Needs make_needs();
    void know_durations();
    void trouble_provider();
    void trouble_execs();
    void trouble_ends();
    Exec make_exec();
    Seconds between(double low, double high) { return Seconds{dice_.between(low, high)}; }

    Dice dice_;
    Climate climate_;
    World world_;
    bool scarce_ = false;  // there are resources that tests share
};

void Maker::set_rules() {
    auto& settings = world_.settings;
    settings.slots = 1 + dice_.below(dice_.chance(0.2) ? 12 : 4);
    scarce_ = dice_.chance(0.3);
    if (scarce_) {
        if (dice_.chance(0.7)) settings.capacities["db"] = 1 + dice_.below(3);
        if (dice_.chance(0.7)) settings.capacities["port"] = 1 + dice_.below(3);
    }
    settings.cores = 1 + dice_.below(4);
    settings.discoveries_at_once = 1 + dice_.below(3);
    settings.test_limit = between(5, 60);
    settings.exec_limit = settings.test_limit;
    settings.discovery_limit = between(20, 100);
    settings.hedges = dice_.chance(climate_.stragglers > 0 ? 0.95 : 0.7);
    settings.fail_fast = dice_.chance(0.1);
    if (dice_.chance(0.3)) settings.artefact_globs = {"out/**"};
    if (dice_.chance(0.5)) world_.artefacts = {"out/a.png"};
    if (dice_.chance(0.5)) world_.fetching = between(0, 3);
    auto& abilities = settings.abilities;
    abilities.concurrent_creations = 1 + dice_.below(8);
    // Where there are stragglers, there should be duplicates of them.
    abilities.same_machine = dice_.chance(climate_.stragglers > 0 ? 0.1 : 0.4);
    if (dice_.chance(0.2)) abilities.verdict_source = VerdictSource::PerBatch;
    if (dice_.chance(0.2)) abilities.command_bytes = 40 + dice_.below(200);
    abilities.passes_stdin = dice_.chance(0.6);
    abilities.worker_discovers = dice_.chance(0.5);
    world_.workers = dice_.chance(0.8);
    world_.families = dice_.chance(0.5);
    world_.only_one_means_failed_tests = dice_.chance(0.5);
    world_.tells_starts = abilities.verdict_source == VerdictSource::PerTest && dice_.chance(0.75);
    if (dice_.chance(0.5)) world_.turn = between(0, 0.2);
}

// Capacities are from 0 (nothing was said of it) to 3, and a test may want more.
Needs Maker::make_needs() {
    Needs needs;
    if (dice_.chance(0.3)) {
        needs.slots = one_of<std::size_t>(dice_, {2, 2, 3, 20, Needs::kAllSlots});
    }
    if (dice_.chance(0.6)) needs.claims.push_back({"db", 1 + dice_.below(2)});
    if (dice_.chance(0.3)) needs.claims.push_back({"port", dice_.below(5)});
    return needs;
}

Test Maker::make_test() {
    Test test;
    test.duration = dice_.duration();
    if (dice_.chance(0.4)) test.file = fmt::format("file{}", dice_.below(5));
    if (dice_.chance(climate_.bonds)) {
        test.bond = fmt::format("bond{}", dice_.below(3));
    } else if (scarce_ && dice_.chance(0.3)) {
        test.needs = make_needs();
    }
    const std::size_t attempts = 1 + dice_.below(4);
    if (dice_.chance(climate_.failures)) {
        for (std::size_t i = 0; i < attempts; ++i) {
            test.acts.push_back(one_of(dice_, {Act::Pass, Act::Fail, Act::Fail, Act::Skip}));
        }
    } else if (dice_.chance(climate_.breakages / 2)) {
        for (std::size_t i = 0; i < attempts; ++i) {
            test.acts.push_back(one_of(dice_, {Act::Crash, Act::Crash, Act::Hang, Act::Pass}));
        }
    } else if (dice_.chance(climate_.stragglers)) {
        if (dice_.chance(0.2)) {
            test.acts = {Act::Mumble};
            return test;
        }
        test.acts.push_back(one_of(dice_, {Act::Dawdle, Act::CrashLate, Act::Hang, Act::LeaveOut}));
        for (std::size_t i = 0; i < attempts; ++i) {
            test.acts.push_back(one_of(dice_, {Act::Pass, Act::Pass, Act::Refuse, Act::LeaveOut}));
        }
    } else if (dice_.chance(climate_.refusals)) {
        for (std::size_t i = 0; i < attempts; ++i) {
            test.acts.push_back(one_of(dice_, {Act::Refuse, Act::LeaveOut, Act::Pass}));
        }
    }
    return test;
}

void Maker::make_group(std::size_t index) {
    std::vector<std::string> ids;
    const std::size_t count = dice_.chance(0.1) ? dice_.below(3) : 1 + dice_.below(30);
    for (std::size_t i = 0; i < count; ++i) {
        // Some of the tests of the group before are this one's, too.
        const bool shared = index > 0 && dice_.chance(0.05);
        ids.push_back(fmt::format("g{}t{}", shared ? index - 1 : index, i));
        if (!world_.tests.contains(ids.back())) world_.tests.emplace(ids.back(), make_test());
    }
    auto& group = add_group(world_, std::move(ids));
    group.settings.retry_count = dice_.chance(0.4) ? 0 : dice_.below(4);
    group.settings.alone = dice_.chance(0.1);
    group.settings.apart = !group.settings.alone && group.settings.retry_count == 3;
    group.settings.by_file = (group.settings.alone && group.settings.retry_count % 2 == 0) ||
                             (group.settings.apart && count % 2 == 0);
    if (scarce_ && dice_.chance(0.3)) group.settings.claims = make_needs().claims;
    if (dice_.chance(0.1)) {  // [groups.NAME] max_parallel
        const auto name = fmt::format("group{}", index);
        group.settings.claims.push_back({name, 1});
        world_.settings.capacities[name] = 1 + dice_.below(3);
    }
    group.settings.wanted = index == 0 || dice_.chance(0.9);
    group.discovery.takes = dice_.chance(0.5) ? between(0, 1) : between(0, 20);
    group.worker = dice_.chance(0.9);
    group.untold = dice_.chance(0.2);
    if (dice_.chance(climate_.discoveries)) {
        group.discovery.way = one_of(dice_, {Discovery::Way::Fails, Discovery::Way::Hangs});
    }
    if (dice_.chance(climate_.discoveries)) {
        group.finding = static_cast<Finding>(dice_.below(6));
    } else if (dice_.chance(0.1)) {
        group.finding = one_of(dice_, {Finding::Leaves, Finding::LeavesAsUnfit});
    }
    if (dice_.chance(climate_.failures / 3)) {
        group.broken.push_back(fmt::format("broken{}.py", index));
    }
}

void Maker::know_durations() {
    std::vector<std::string> all;
    const bool any = dice_.chance(climate_.stragglers > 0 ? 0.95 : 0.7);
    const bool right = dice_.chance(climate_.stragglers > 0 ? 0.9 : 0.6);
    for (const auto& [id, test] : world_.tests) {
        all.push_back(id);
        if (!any || dice_.chance(0.1)) continue;
        world_.settings.known_durations.push_back(
            {.id = id,
             .duration = right ? test.duration : dice_.duration(),
             .deviation = dice_.chance(0.5) ? std::optional(dice_.between(0, 1)) : std::nullopt});
    }
    if (dice_.chance(0.2)) {
        for (auto& known : world_.settings.known_durations) {
            if (dice_.chance(0.3)) known.cores = dice_.between(0, 5);
        }
    }
    if (dice_.chance(0.1)) world_.settings.default_duration = dice_.duration();
    if (all.empty() || !dice_.chance(0.1)) return;
    for (const auto& id : all) {
        if (dice_.chance(0.5)) world_.settings.selection.what.push_back(id);
    }
    if (dice_.chance(0.1)) world_.settings.selection.what.emplace_back("of-no-test");
}

void Maker::trouble_provider() {
    world_.preparation.takes = dice_.chance(0.5) ? Seconds{0} : between(0, 15);
    if (climate_.preparation) {
        world_.preparation.trouble = "image does not build";
        if (dice_.chance(0.3)) world_.preparation.takes = between(100, 600);  // its deadline
    }
    world_.usual_creation.takes = dice_.chance(0.5) ? between(0, 1) : between(0, 20);
    if (climate_.no_sandboxes) world_.usual_creation.way = Creation::Way::Fails;
    for (std::size_t i = 0; i < 30; ++i) {
        if (dice_.chance(climate_.creations)) {
            world_.creations[i] = {static_cast<Creation::Way>(dice_.below(6)), between(0, 40)};
        }
        if (dice_.chance(climate_.creations / 3)) {
            world_.destructions[i] = {between(0, 100), dice_.chance(0.5)};
        }
        if (dice_.chance(climate_.vanishings)) world_.vanishings[i] = between(0, 30);
    }
    if (climate_.creations > 0 && world_.settings.slots > 1 && dice_.chance(0.1)) {
        world_.dead_slots.insert(dice_.below(world_.settings.slots));
    }
}

Exec Maker::make_exec() {
    Exec exec{.way = static_cast<Exec::Way>(dice_.below(19)), .after = 0, .ends_late = Seconds{0}};
    if (dice_.chance(0.6)) exec.after = dice_.below(8);
    if (dice_.chance(0.3)) exec.ends_late = between(0, 5);
    return exec;
}

void Maker::trouble_execs() {
    if (climate_.single_use) world_.usual_exec.way = Exec::Way::WearsOut;
    if (climate_.bad_execs) world_.usual_exec = make_exec();
    for (std::size_t i = 0; i < 60; ++i) {
        if (dice_.chance(climate_.execs)) world_.execs[i] = make_exec();
    }
}

void Maker::trouble_ends() {
    world_.conclusion.takes = between(0, 5);
    if (dice_.chance(0.2)) {
        world_.conclusion.way = static_cast<Conclusion::Way>(dice_.below(4));
    }
    if (!climate_.interrupts) return;
    const auto at = dice_.chance(0.5) ? between(0, 20) : between(0, 120);
    world_.interrupts.push_back({at, one_of(dice_, {2, 2, 15})});
    if (dice_.chance(0.3)) world_.interrupts.push_back({at + between(0, 3), 15});
}

// By dice of their own: the rest of a seed's world is the same with and without them.
void add_scripts(World& world, std::uint64_t seed) {
    Dice dice(~seed);
    if (!dice.chance(0.15)) return;
    world.scripts = {.any = true,
                     .setup_takes = Seconds{dice.between(0, 10)},
                     .setup_fails = dice.chance(0.15),
                     .teardown_takes = Seconds{dice.between(0, 10)},
                     .teardown_fails = dice.chance(0.15)};
}

// What another run has learnt, whatever the batches of this one cost. With dice of its own, so that
// all else stays as it is in other worlds.
void know_costs(World& world, std::uint64_t seed) {
    if (seed % 3 != 0) return;
    Dice dice(seed);
    BatchCosts costs{.per_batch = dice.duration(), .per_test = dice.duration() / 10};
    if (dice.chance(0.7)) costs.spread = dice.chance(0.5) ? 0 : dice.between(0, 2);
    world.settings.known_costs = costs;
}

}  // namespace

World make_world(std::uint64_t seed) {
    auto world = Maker(seed).make();
    add_scripts(world, seed);
    know_costs(world, seed);
    // Without the dice: all else stays as it is in other worlds.
    world.settings.abilities.discovers_in_sandbox = seed % 8 == 0;
    return world;
}

}  // namespace offload::simulation
