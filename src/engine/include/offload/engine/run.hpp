// The run: discovery, sandboxes, batches, retries, verdicts; told to the sinks as events.
//
// What is decided, a run::Run decides, on the caller's thread; here are the threads that do it: one
// for each sandbox, and one for each discovery. They share nothing but mailboxes and cancellation
// tokens. Not here: what is printed or written, and what the exit status is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/config/config.hpp"
#include "offload/model/event.hpp"
#include "offload/model/known_duration.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"
#include "offload/schedule/ledger.hpp"
#include "offload/select/selection.hpp"

namespace offload::engine {

// From the outside into a run. Thread-safe; may be called from a signal-handling thread.
class Interrupter {
  public:
    Interrupter();
    ~Interrupter();
    // Ends the run in an orderly way: running tests are cancelled, sandboxes destroyed, reports
    // written. `signal` is told in the summary.
    void interrupt(int signal);

    struct State;
    const std::shared_ptr<State>& state() const { return state_; }

  private:
    std::shared_ptr<State> state_;
};

struct RunRequest {
    const config::Config& config;
    std::string working_folder;  // absolute; see config::working_folder()
    std::string run_id;          // unique among runs on this machine
    std::string version;
    std::string commit = {};               // what the tests are of, and
    std::string branch = {};               // for reports alone; see RunStarted
    std::vector<std::string> only_groups;  // run only these; empty: all
    bool fail_fast = false;
    std::vector<KnownDuration> known_durations;  // one per test ID
    std::optional<BatchCosts> known_costs = {};  // of an earlier run's batches
    SteadyTime started;                          // of the program, for the wall time
    // What the exit status of a run is that came to this; told with the summary.
    std::function<int(const RunSummary&)> exit_status = {};
    select::Selection selection = {};      // which tests are run
    schedule::Repetition repetition = {};  // how often
};

// Runs to the end, whatever happens; the summary says how it went. Every sandbox that was created
// is destroyed before this returns. `tests` is empty before, and complete afterwards; sinks may
// hold a reference to it.
RunSummary run(const RunRequest& request, TestTable& tests,
               const std::vector<std::unique_ptr<Sink>>& sinks, const Interrupter& interrupter);

// What `offload collect` and `run --collect-only` need: discovery alone.
struct Collected {
    std::vector<TestIndex> selected;  // in table order
    std::vector<std::string> warnings;
    std::vector<Error> errors;  // one per group that could not be discovered
    std::vector<std::pair<TestIndex, TestResult>> broken;  // modules that could not be collected
};
Collected collect(const RunRequest& request, TestTable& tests, const Interrupter& interrupter);

}  // namespace offload::engine
