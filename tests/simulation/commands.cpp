#include "commands.hpp"

#include <algorithm>
#include <utility>

#include "carry.hpp"
#include "offload/run/gathering.hpp"

namespace offload::simulation {
namespace {

constexpr Seconds kUntilCalledOff{0.05};

Discovered tests_of(const World& world, GroupIndex index) {
    const auto& group = world.groups[index.value()];
    Discovered found;
    for (const auto& id : group.ids) {
        const auto& test = test_of(world, id);
        found.tests.push_back(
            {.id = id, .file = test.file, .bond = test.bond, .needs = test.needs});
    }
    for (const auto& module : group.broken) {
        TestResult result;
        result.outcome = Outcome::Errored;
        result.message = "no such";
        found.broken.push_back({module, std::move(result)});
    }
    found.carry = std::make_shared<GroupCarry>(group.worker);
    return found;
}

}  // namespace

Discovered found_in(const World& world, GroupIndex group,
                    const std::vector<GroupIndex>& companions) {
    auto found = tests_of(world, group);
    for (std::size_t i = 0; i < companions.size(); ++i) {
        if (world.groups[companions[i].value()].untold) continue;
        found.companions.push_back({i, tests_of(world, companions[i])});
    }
    return found;
}

Answer::Answer(Stage& stage, Seconds takes, std::function<void(bool)> give_it)
    : stage_(stage), pending_(std::make_shared<Pending>(Pending{std::move(give_it)})) {
    stage.after(takes, [pending = pending_] { give(*pending, false); });
}

void Answer::give(Pending& pending, bool called_off) {
    if (const auto answer = std::exchange(pending.give, {})) answer(called_off);
}

void Answer::call_off() {
    stage_.after(kUntilCalledOff, [pending = pending_] { give(*pending, true); });
}

void Commands::set_up() {
    ++record_.setups;
    scripts_.emplace_back(stage_, world_.scripts.setup_takes, [this](bool called_off) {
        stage_.tell(run::ScriptSaid{"setting up"});
        record_.setup_over = true;
        record_.set_up = !called_off && !world_.scripts.setup_fails;
        stage_.tell(run::SetUpOver{record_.set_up ? Result<>{} : fail("setup failed")});
    });
}

void Commands::cancel_setup() {
    for (auto& answer : scripts_) answer.call_off();
}

void Commands::tear_down() {
    ++record_.teardowns;
    using State = SandboxRecord::State;
    const bool all_gone = std::ranges::all_of(record_.sandboxes, [](const auto& entry) {
        return entry.second.state == State::Gone || entry.second.state == State::NeverCame;
    });
    stage_.expect(all_gone && record_.setup_over, "teardown comes too early");
    scripts_.emplace_back(stage_, world_.scripts.teardown_takes, [this](bool /*called_off*/) {
        run::TornDown message;
        if (world_.scripts.teardown_fails) message.troubles.emplace_back("teardown failed");
        stage_.tell(std::move(message));
    });
}

void Commands::discover(const run::Discover& action) {
    stage_.expect(!world_.scripts.any || record_.setup_over,
                  "discovery comes before setup is over");
    for (const auto& family : action.families) discover(family);
}

void Commands::discover(const run::Family& family) {
    const auto& group = world_.groups[family.group.value()];
    record_.discoveries.push_back(group.settings.name);
    const auto limit = world_.settings.discovery_limit;
    const bool hangs = group.discovery.way == Discovery::Way::Hangs;
    const auto takes = hangs ? limit : std::min(limit, group.discovery.takes);
    discoveries_.emplace_back(stage_, takes, [this, family, takes](bool called_off) {
        const auto& way = world_.groups[family.group.value()].discovery.way;
        const auto& name = world_.groups[family.group.value()].settings.name;
        run::GroupDiscovered message{.group = family.group,
                                     .companions = family.companions,
                                     .discovered = fail("it was called off"),
                                     .report = "$ list\n  exit status 0",
                                     .duration = takes};
        if (called_off) {
        } else if (way == Discovery::Way::Hangs) {
            message.discovered = fail(
                run::discovery_timeout(name, world_.settings.discovery_limit, "still running"));
        } else if (way == Discovery::Way::Fails) {
            message.discovered = fail("discovery failed: exit status 4");
        } else {
            message.discovered = found_in(world_, family.group, family.companions);
        }
        stage_.tell(std::move(message));
    });
}

void Commands::cancel_discoveries() {
    for (auto& answer : discoveries_) answer.call_off();
}

void Commands::prepare() {
    stage_.expect(!world_.scripts.any || record_.set_up, "the provider prepares without setup");
    preparation_.emplace_back(stage_, world_.preparation.takes, [this](bool called_off) {
        stage_.tell(run::ProviderSaid{"preparing"});
        if (called_off) {
            stage_.tell(run::Prepared{fail("it was called off")});
        } else if (!world_.preparation.trouble.empty()) {
            stage_.tell(run::Prepared{fail(world_.preparation.trouble)});
        } else {
            stage_.tell(run::Prepared{});
        }
    });
}

void Commands::cancel_preparation() {
    for (auto& answer : preparation_) answer.call_off();
}

void Commands::conclude(const run::Conclude& action) {
    ++record_.conclusions;
    record_.concluded_with_failure = action.any_failure;
    using Way = Conclusion::Way;
    const auto way = world_.conclusion.way;
    const auto takes =
        way == Way::Hangs ? world_.settings.discovery_limit : world_.conclusion.takes;
    conclusion_.emplace_back(stage_, takes, [this, way](bool called_off) {
        if (called_off || way == Way::Fails || way == Way::Hangs) {
            stage_.tell(run::Concluded{fail("the conclusion could not be made")});
            return;
        }
        run::Conclusion conclusion{.report = "TOTAL 100 %", .warnings = {}, .failure = {}};
        if (way == Way::Demands) conclusion.failure = "too little is covered";
        stage_.tell(run::Concluded{std::move(conclusion)});
    });
}

void Commands::cancel_conclusion() {
    for (auto& answer : conclusion_) answer.call_off();
}

}  // namespace offload::simulation
