// One run in a made-up world, on a virtual clock.
//
//     run::Run ─ actions ─► Commands, Sandboxes ─► agenda ─► inbox ─ messages ─► run::Run
#pragma once

#include <functional>
#include <string>

#include "commands.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/run.hpp"
#include "offload/testing/event_grammar.hpp"
#include "record.hpp"
#include "sandboxes.hpp"
#include "stage.hpp"
#include "world.hpp"

namespace offload::simulation {

class Simulation {
  public:
    // The world outlives this.
    explicit Simulation(const World& world);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    // Until the run is over; once. What breaks the rules of play is among the record's violations.
    const Record& run();

    const Record& record() const { return record_; }
    const TestTable& tests() const { return tests_; }
    // From on_event, too.
    void interrupt(int signal) { stage_.tell(run::Interrupted{signal}); }

    std::function<void(const Event&)> on_event;
    std::function<void(Seconds, const std::string&)> on_line;  // of the story

  private:
    struct Performer;
    void play();
    void turn();
    void hear();
    void know_refusals(const run::BatchTold& told);
    void tick();
    void perform(run::Actions actions);
    void emit(EventBody event);
    void check_start(const run::Action& action);
    run::Now now() const;

    const World& world_;
    Stage stage_;
    Record record_;
    TestTable tests_;
    Commands commands_;
    Sandboxes sandboxes_;
    run::Run run_;
    test::EventGrammar grammar_;
    Seconds next_tick_{0};
    Seconds last_stir_{0};  // when the run last did something
};

}  // namespace offload::simulation
