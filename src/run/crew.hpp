// Every batch that is under way.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "batch.hpp"
#include "fleet.hpp"
#include "offload/run/action.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/scheduler.hpp"
#include "outbox.hpp"

namespace offload::run {

class Crew {
  public:
    Crew(const Settings& settings, Fleet& fleet, Outbox& out)
        : settings_(settings), fleet_(fleet), out_(out) {}

    // In an idle sandbox. `attempts`: of the assignment's tests, in their order.
    void start(SandboxNumber sandbox, Way way, const schedule::Assignment& assignment,
               std::vector<TestToRun> attempts, std::shared_ptr<const Carry> carry, const Now& now);
    // A worker without tests, in an idle sandbox.
    void hire(SandboxNumber sandbox, Way way, Family family, const Now& now);
    // Gives a worker that was hired its first tests.
    void employ(Batch& worker, const schedule::Assignment& assignment,
                std::vector<TestToRun> attempts, const Now& now);
    // Gives a worker more.
    void extend(Batch& worker, const std::vector<TestIndex>& tests, std::vector<TestToRun> attempts,
                const Now& now);
    void let_go(Batch& worker, const Now& now);

    Batch& at(BatchNumber number) { return batches_.at(number); }
    Batch& in(SandboxNumber sandbox) { return at(fleet_.at(sandbox).batch); }
    // It is over: its sandbox is free, if it can be used again.
    void remove(BatchNumber number, bool sandbox_usable);

    std::map<BatchNumber, Batch>& batches() { return batches_; }
    const std::map<BatchNumber, Batch>& batches() const { return batches_; }
    std::size_t hired() const;                      // that have no tests yet
    std::size_t hedges() const { return hedges_; }  // tests of which a duplicate was started

  private:
    const Settings& settings_;
    Fleet& fleet_;
    Outbox& out_;
    std::map<BatchNumber, Batch> batches_;
    std::size_t next_number_ = 0;
    std::size_t hedges_ = 0;
};

}  // namespace offload::run
