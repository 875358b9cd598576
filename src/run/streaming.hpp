// Workers: whether batches run in them, who of them is fed, and who leaves.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "crew.hpp"
#include "fleet.hpp"
#include "offload/run/gathering.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/scheduler.hpp"
#include "outbox.hpp"
#include "verdicts.hpp"

namespace offload::run {

class Streaming {
  public:
    Streaming(const Settings& settings, Fleet& fleet, Crew& crew, Verdicts& verdicts, Outbox& out)
        : settings_(settings), fleet_(fleet), crew_(crew), verdicts_(verdicts), out_(out) {}

    // --- While discovery goes on
    // The worker that discovers this group expects to go on, so that others are of use.
    void will_stay(GroupIndex group);
    // Whose workers would be of use, and how many more of them than there are: this machine's
    // cores are idle meanwhile.
    std::optional<GroupIndex> staying_group() const { return staying_; }
    std::size_t spare_workers(std::size_t awaiting) const;
    // Whether a sandbox that is there and idle may have one more.
    bool has_spare_place() const;
    // One that waits for tests leaves, so that its sandbox can discover others'.
    void make_room_for_discovery(const Now& now);

    // --- From the plan on
    // Whether there can be workers at all.
    bool possible(const Gathering& gathering) const;
    void begin(bool possible, schedule::Scheduler& scheduler);
    bool on() const { return on_; }
    Way way_of(const schedule::Assignment& assignment) const {
        return on_ && !assignment.closed ? Way::Worker : Way::Plain;
    }
    // Gives each worker that has none yet its first tests, or its end.
    void employ(schedule::Scheduler& scheduler, const Now& now);
    // Gives each what it needs now: tests, the word that there are none, or its end.
    void feed_all(schedule::Scheduler& scheduler, const Now& now);
    void feed(Batch& worker, schedule::Scheduler& scheduler, const Now& now);

    // --- At any time
    // No worker is possible here, only batches. `scheduler`: null before the plan.
    void rule_out(const std::string& reason, schedule::Scheduler* scheduler);
    // A worker is over; so many in a row that came to nothing mean that none ever will.
    void ended(const Batch& worker, const BatchOver& over, schedule::Scheduler* scheduler);

  private:
    bool units_need_room(const schedule::Scheduler& scheduler) const;
    bool idle_worker_is_worth_keeping() const;

    const Settings& settings_;
    Fleet& fleet_;
    Crew& crew_;
    Verdicts& verdicts_;
    Outbox& out_;
    std::optional<GroupIndex> staying_;
    std::optional<std::string> ruled_out_;  // before the plan: why
    bool on_ = false;
    std::size_t barren_ = 0;  // in a row, that ended before their first test
};

}  // namespace offload::run
