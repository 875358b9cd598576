// What can be said of what is to come: how many batches there will be at least, as far as discovery
// has come (sandboxes for them are made before it has ended); and later how long all will take.
#pragma once

#include <cstddef>
#include <optional>

#include "intake.hpp"
#include "offload/model/discovered.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/action.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/scheduler.hpp"
#include "offload/select/selection.hpp"

namespace offload::run {

class Foresight {
  public:
    // The settings outlive it.
    explicit Foresight(const Settings& settings)
        : settings_(settings),
          durations_(durations_of(settings)),
          selector_(settings.selection),
          intake_(settings, durations_),
          scheduler_(scheduler_options(settings, false), settings.capacities) {}

    // Groups that answer later add tests, and take none of these away.
    void add(GroupIndex group, const Discovered& discovered);
    // There will be at least so many, as far as one can know before tests are told.
    void expect(std::size_t batches) { least_ = std::max(least_, batches); }
    std::size_t batches() const;
    // What earlier runs tell of how long tests take.
    const schedule::Durations& durations() const { return durations_; }
    // The time left, from the plan on; nothing where it is not known, or has just been said.
    std::optional<Forecast> forecast(const schedule::Scheduler& scheduler, Seconds now);

  private:
    const Settings& settings_;
    const schedule::Durations durations_;
    select::Selector selector_;
    TestTable tests_;
    Intake intake_;
    schedule::Scheduler scheduler_;
    std::size_t least_ = 0;
    Seconds next_forecast_{0};
};

}  // namespace offload::run
