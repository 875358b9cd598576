// From discovered tests to scheduled ones: what the scheduler is told of each.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>

#include "offload/model/test_table.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/durations.hpp"
#include "offload/schedule/scheduler.hpp"

namespace offload::run {

// `streaming`: batches run in workers where their group may have them.
schedule::SchedulerOptions scheduler_options(const Settings& settings, bool streaming);

// What earlier runs have measured.
schedule::Durations durations_of(const Settings& settings);

class Intake {
  public:
    // `durations` outlives it.
    Intake(const Settings& settings, const schedule::Durations& durations)
        : settings_(settings), durations_(durations) {}

    // `tests` may have grown since the last call.
    void add(std::span<const TestIndex> selected, const TestTable& tests,
             schedule::Scheduler& scheduler);
    // Of any test that was added.
    bool durations_known() const { return durations_known_; }

  private:
    std::size_t affinity_of(const Test& test);
    bool is_bonded(const Test& test, const GroupSettings& group);
    Needs needs_of(const Test& test, const GroupSettings& group) const;

    const Settings& settings_;
    const schedule::Durations& durations_;
    std::unordered_map<std::string, std::size_t> files_;
    bool durations_known_ = false;
};

}  // namespace offload::run
