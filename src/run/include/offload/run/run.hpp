// A run as a state machine: it decides, and does nothing. Pure: no thread, no clock, no file, no
// process; time is an argument.
//
//     messages in ─► Run ─► actions out
//
// Whoever drives it (the engine's threads, or a simulation on a virtual clock) performs the actions
// in order and brings what comes of them. Not here: how a command is worded or its output read
// (framework), how sandboxes are made (provider), what is printed or written (report), what the
// exit status is (app).
#pragma once

#include <memory>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/action.hpp"
#include "offload/run/message.hpp"
#include "offload/run/settings.hpp"

namespace offload::run {

class Run {
  public:
    // `tests` is empty, outlives this, and is filled as tests become known.
    Run(Settings settings, TestTable& tests);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Once, before anything else.
    Actions start(const Now& now);
    // All that has happened since the last call, in order.
    Actions on(std::vector<Message> messages, const Now& now);
    // Time has passed: to be called about ten times a second, whatever else happens.
    Actions tick(const Now& now);

    // Nothing is under way and nothing will be started: all sandboxes are gone.
    bool over() const;
    // Once, when it is over. Without `exit_status`, which is not the run's to say.
    RunSummary summary(const Now& now);

  private:
    struct Rooms;
    std::unique_ptr<Rooms> rooms_;
};

}  // namespace offload::run
