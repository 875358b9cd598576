// A whole run on a virtual clock: the real Scheduler, Ledger and settle() against a made-up world
// of tests and sandboxes. A discrete-event simulation, single-threaded and deterministic: the same
// world gives the same run.
//
// It stands in for the engine and plays by its rules; it knows nothing of providers or frameworks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/claim.hpp"
#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"
#include "offload/schedule/resources.hpp"

namespace offload::simulator {

enum class Fate {
    Regular,
    Crashes,  // takes the runner down at its end, each time
    Hangs,    // never ends
    LeftOut,  // the runner never runs it and says nothing
};

struct Case {
    Seconds duration{1};
    std::optional<Seconds> expected;
    std::optional<double> deviation;  // of earlier durations, beside the expected one
    GroupIndex group;
    std::size_t affinity = 0;
    std::size_t command_bytes = 1;
    bool alone = false;
    std::size_t failures = 0;  // so many attempts fail before one passes
    Fate fate = Fate::Regular;
    Needs needs = {};
};

enum class PolicyKind {
    Ours,                // schedule::Scheduler
    RoundRobin,          // one batch per slot, dealt out in turn
    StaticLongestFirst,  // one batch per slot, the longest test first to the shortest batch
    StaticWithSplits,    // the same, and idle sandboxes repeat half of the largest running batch
};

struct World {
    std::vector<Case> cases;
    std::vector<std::size_t> retry_counts;  // by group
    std::size_t slots = 1;
    Seconds overhead{0};                    // of each batch
    std::optional<Seconds> known_overhead;  // what the scheduler is told beforehand; else zero
    double overhead_spread = 0;             // up to so many times more
    Seconds overhead_per_test{0};           // what its runner needs besides its own duration
    Seconds assumed_per_test{0};            // of that the scheduler is told beforehand
    std::optional<double> known_spread;     // likewise, of batches
    double slowness = 0;                    // a sandbox takes up to so many times more for a test
    Seconds creation{0};                    // of each sandbox
    double creation_spread = 0;             // up to so many times more
    Seconds time_limit{1e9};                // of a batch
    std::size_t command_bytes = 0;          // of a batch; 0: no limit
    double losses_per_hour = 0;             // of each busy sandbox
    bool hedges = false;                    // stragglers may run twice
    schedule::Capacities capacities = {};   // of the resources that tests need; else 1
    Seconds ahead{0};                       // batches run in workers that hold so much; 0: not
    bool measured = true;                   // expected durations were measured
    double straggling = 0;                  // chance that one execution of a test takes longer …
    double straggling_factor = 10;          // … by this
    bool streaming = true;         // starts and results are told as they happen; false: all
                                   // results at the end, and none when the exec breaks
    Seconds forecast_interval{0};  // 0: none are made
    std::uint64_t seed = 1;        // for losses and what is spread
    PolicyKind policy = PolicyKind::Ours;
};

// What the scheduler thought, in the middle of the run, that the rest would take.
struct Forecast {
    Seconds at{0};
    Seconds left{0};
};

struct Report {
    Seconds makespan{0};
    Seconds work{0};     // of all attempts that count
    Seconds longest{0};  // longest chain of attempts of one test
    std::size_t attempts = 0;
    std::size_t batches = 0;
    std::size_t sandboxes = 0;            // created, replacements included
    std::size_t lost = 0;                 // batches whose sandbox was lost
    std::size_t hedges = 0;               // batches of tests that ran elsewhere as well
    std::size_t cancelled = 0;            // batches that had nothing left to win
    Seconds busy{0};                      // of all sandboxes, with batches, won or lost
    std::vector<std::size_t> executions;  // by test: begun, whether or not they came to a result
    std::vector<Verdict> verdicts;
    std::vector<Forecast> forecasts;        // one about every World::forecast_interval
    std::optional<BatchCosts> batch_costs;  // as the scheduler has learnt them
    Counts counts;
    std::vector<std::string> violations;  // of what must hold in every run; empty when all is well

    // No schedule ends sooner.
    Seconds lower_bound(const World& world) const;
};

Report simulate(const World& world);

}  // namespace offload::simulator
