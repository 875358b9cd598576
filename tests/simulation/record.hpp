// What the world has done in a run, and knows to be true of it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "offload/model/ending.hpp"
#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"
#include "offload/run/action.hpp"

namespace offload::simulation {

struct BatchRecord {
    SandboxNumber sandbox;
    run::Way way = run::Way::Plain;
    std::vector<run::TestToRun> tests;         // by position
    std::vector<std::optional<Outcome>> told;  // the first that was told of each
    std::vector<bool> refused;
    std::optional<std::size_t> taken_down_by;  // the test that crashed it, or hung in it
    std::optional<Ending> ending;
    bool faulty = false;  // what ended it may be more than its tests
    bool ended_by_run = false;
    bool told_of_failure = false;
    bool only_runner_fails = false;  // it says so of itself
    bool left_no_file = false;
    bool any_began = false;  // of its tests
};

struct SandboxRecord {
    enum class State { Making, Up, Going, Gone, NeverCame };
    State state = State::Making;
    int told_to_end = 0;
};

struct Record {
    std::map<BatchNumber, BatchRecord> batches;
    std::map<SandboxNumber, SandboxRecord> sandboxes;
    std::map<std::string, int> turns;       // how often a runner came to each test
    std::map<std::string, int> executions;  // of each test, begun
    std::vector<std::string> discoveries;   // groups for which a command or a worker was started
    std::vector<BatchNumber> discarded;     // whose files were removed
    std::vector<BatchNumber> fetched;       // whose files were fetched
    int setups = 0;
    bool setup_over = false;
    bool set_up = false;  // to a good end
    int teardowns = 0;
    int conclusions = 0;
    bool concluded_with_failure = false;
    int workers_ended_by_themselves = 0;

    std::vector<Event> events;
    std::vector<Seconds> forecasts;
    std::optional<Seconds> stopped;      // when the run called off all that it had begun
    std::optional<Seconds> interrupted;  // when it heard of the first interrupt
    int interrupted_by = 0;              // the signal of that
    RunSummary summary;
    bool over = false;
    std::size_t steps = 0;
    std::vector<std::string> violations;

    template <class T>
    std::vector<T> all() const {
        std::vector<T> found;
        for (const auto& event : events) {
            if (const auto* body = std::get_if<T>(&event.body)) found.push_back(*body);
        }
        return found;
    }
};

}  // namespace offload::simulation
