// One whole run in a made-up world on a virtual clock, for the tests of how a run decides. What
// holds of every run, in whatever world, is checked each time.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exit_status.hpp"
#include "invariants.hpp"
#include "simulation.hpp"
#include "world.hpp"

namespace offload::run {

inline std::vector<std::string> ids(std::size_t count, std::string_view prefix = "t") {
    std::vector<std::string> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(std::string(prefix) + std::to_string(i));
    return made;
}

// Fill in the world, play it once, look at what came of it.
struct PlayedRun {
    simulation::World world;
    std::function<void(const Event&, simulation::Simulation&)> on_event;

    explicit PlayedRun(std::vector<std::vector<std::string>> groups) {
        for (auto& group : groups) simulation::add_group(world, std::move(group));
    }

    // --- The world
    Settings& settings() { return world.settings; }
    Abilities& abilities() { return world.settings.abilities; }
    GroupSettings& group(std::size_t number) { return world.groups.at(number).settings; }
    std::vector<simulation::Act>& acts(const std::string& id) { return world.tests[id].acts; }
    // Of each test and each batch.
    void limit(Seconds time) { settings().test_limit = settings().exec_limit = time; }
    void know(Seconds duration, std::optional<double> deviation = std::nullopt) {
        for (const auto& each : world.groups) {
            for (const auto& id : each.ids) {
                settings().known_durations.push_back({id, duration, deviation});
            }
        }
    }
    // The first so many batches go like this.
    void execs(std::size_t count, simulation::Exec::Way way) {
        for (std::size_t i = 0; i < count; ++i) world.execs[i] = {.way = way};
    }

    RunSummary play() {
        auto& played = simulation_.emplace(world);
        if (on_event) {
            played.on_event = [this, &played](const Event& event) { on_event(event, played); };
        }
        const auto& record = played.run();
        EXPECT_THAT(simulation::broken_invariants(world, record, played.tests()),
                    testing::IsEmpty());
        auto summary = record.summary;
        summary.exit_status = app::exit_status(summary, {});
        return summary;
    }

    // The run cannot be carried out, and says so in these words.
    RunSummary play_to_failure(std::string_view words) {
        auto summary = play();
        EXPECT_EQ(summary.exit_status, 1);
        EXPECT_THAT(summary.failure.value_or(""), testing::HasSubstr(std::string(words)));
        return summary;
    }

    // --- What came of it
    const simulation::Record& record() const { return simulation_->record(); }
    const TestTable& tests() const { return simulation_->tests(); }
    const std::string& id(TestIndex test) const { return tests()[test].id; }
    const Verdict& verdict(std::string_view id) const {
        const auto index = tests().find(id)->index;
        return *std::ranges::find(record().summary.verdicts, index, &Verdict::test);
    }
    Status status(std::string_view id) const { return verdict(id).status; }
    int executions(const std::string& id) const {
        const auto found = record().executions.find(id);
        return found == record().executions.end() ? 0 : found->second;
    }
    void expect_each_executed_once() const {
        for (const auto& [id, count] : record().executions) EXPECT_EQ(count, 1) << id;
    }
    template <class T>
    std::vector<T> all() const {
        return record().all<T>();
    }
    std::string notices() const {
        std::string text;
        for (const auto& notice : all<Notice>()) text += notice.text + "\n";
        return text;
    }
    // That have come up.
    std::size_t created() const { return all<SandboxReady>().size(); }
    std::size_t workers() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            record().batches, [](const auto& entry) { return is_worker(entry.second.way); }));
    }
    // The IDs of those that were no workers.
    std::vector<std::vector<std::string>> plain_batches() const { return lives(false); }
    std::vector<std::vector<std::string>> worker_lives() const { return lives(true); }

  private:
    std::vector<std::vector<std::string>> lives(bool of_workers) const {
        std::vector<std::vector<std::string>> found;
        for (const auto& [number, batch] : record().batches) {
            if (is_worker(batch.way) != of_workers) continue;
            auto& names = found.emplace_back();
            for (const auto& [test, attempt] : batch.tests) names.push_back(id(test));
        }
        return found;
    }

    std::optional<simulation::Simulation> simulation_;
};

}  // namespace offload::run
