// What a batch starts in its sandbox: a runner with its tests, or a worker that is told its tests
// while it lives.
//
//     begin ─► [collects] ─► runs its tests one after the other ─► over
//
// Its exec, as the world has it, may break that off at any place.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "offload/model/signal.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/action.hpp"
#include "offload/run/message.hpp"
#include "record.hpp"
#include "stage.hpp"
#include "world.hpp"

namespace offload::simulation {

class Process {
  public:
    struct Surroundings {
        const World& world;
        const TestTable& tests;
        Stage& stage;
        Record& record;
    };
    // `over` takes the last message, and may move this elsewhere, but must not destroy it.
    Process(const Surroundings& around, run::StartBatch order,
            std::function<void(run::BatchOver)> over);

    void begin();
    bool is_worker() const { return run::is_worker(order_.way); }

    // --- What a worker is told
    void take(const std::vector<run::TestToRun>& tests);
    void know_no_more();
    void be_told_to_leave();

    // --- By the run; it takes a moment, in which it goes on
    void be_ended(run::EndBatch::How how);
    // The sandbox is gone; it is noticed in a moment.
    void lose();

  private:
    void later(Seconds time, void (Process::*what)());
    void start_up();
    void collect();
    bool discovers_as_worker() const;
    Finding how_it_finds() const;
    void tell_what_was_found();
    void work();
    bool breaks_off();
    bool knows_what_is_next() const;
    void run_next();
    void end_test(std::size_t position, Act act);
    void tell_result(std::size_t position, Outcome outcome);
    void tell_stray();
    void complete();
    void run_out_of_time();
    bool owes_an_answer();
    void obey();
    void lose_connection();
    void end(const Ending& ending);
    run::Fetched fetch(const Ending& ending) const;
    void tell(Signal signal);
    void say(std::string text);
    bool is_per_batch() const {
        return around_.world.settings.abilities.verdict_source == VerdictSource::PerBatch;
    }
    Act next_act(const std::string& id);
    const Group& group() const { return around_.world.groups[order_.group.value()]; }
    BatchRecord& record() { return around_.record.batches.at(order_.batch); }

    Surroundings around_;
    run::StartBatch order_;
    std::function<void(run::BatchOver)> over_;
    Exec exec_;
    Seconds began_{0};
    std::deque<std::size_t> queue_;  // positions that it has not run yet
    Signals late_;                   // what it has kept to itself
    std::size_t results_ = 0;
    bool owes_discovery_ = false;
    bool any_failure_ = false;
    bool waits_ = false;    // for tests
    bool stalled_ = false;  // it does nothing more
    bool no_more_ = false;
    bool leaving_ = false;
    bool over_already_ = false;
    std::optional<run::EndBatch::How> ended_by_run_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace offload::simulation
