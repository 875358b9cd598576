// Tells the sinks what happens, and keeps them from doing harm.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/sink.hpp"

namespace offload::engine {

// Used on the thread that drives the run alone.
class Emitter {
  public:
    // `exit_status`: of a run that came to this; empty: it stays as the summary says.
    Emitter(const std::vector<std::unique_ptr<Sink>>& sinks, SteadyTime started,
            std::function<int(const RunSummary&)> exit_status = {});

    // To every sink that has not failed. A sink's first error is told to the others as a Notice.
    void emit(EventBody body);
    void note(std::string text);
    void warn(std::string text);
    void error(std::string text);
    void tick();
    void forecast(Seconds left);
    void last_words(std::string_view line);

    // The last event. A required sink that fails, now or before, makes the summary a failure, which
    // the sinks after it are told. Returns what became of the summary.
    RunSummary finish(RunSummary summary);

    Seconds since_start() const;

  private:
    struct Outlet {
        Sink* sink;
        bool broken = false;
    };
    void deliver(Outlet& outlet, const Event& event);
    void warn_those_after(std::size_t outlet, const std::vector<std::string>& texts);

    std::vector<Outlet> outlets_;
    SteadyTime started_;
    std::function<int(const RunSummary&)> exit_status_;
    std::vector<std::string> required_failures_;
    std::vector<std::string> untold_;  // sinks' errors, not yet told to the others
};

}  // namespace offload::engine
