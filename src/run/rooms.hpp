// A run's state: its rooms, and what they do together.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "closing.hpp"
#include "crew.hpp"
#include "fleet.hpp"
#include "foresight.hpp"
#include "offload/run/gathering.hpp"
#include "offload/run/run.hpp"
#include "outbox.hpp"
#include "preparation.hpp"
#include "results.hpp"
#include "scripts.hpp"
#include "stop.hpp"
#include "streaming.hpp"
#include "verdicts.hpp"

namespace offload::run {

// Each room has its own subject and keeps its state to itself; the functions are who asks whom
// when: run.cpp has the course of the run, messages.cpp what it hears on the way.
struct Run::Rooms {
    Rooms(Settings given, TestTable& table)
        : settings(std::move(given)),
          tests(table),
          stop(out),
          gathering(settings),
          foresight(settings),
          fleet(settings, out),
          crew(settings, fleet, out),
          verdicts(settings, tests, out, stop),
          streaming(settings, fleet, crew, verdicts, out),
          results({settings, out, stop, fleet, crew, verdicts, streaming}) {}

    const Settings settings;
    TestTable& tests;
    Outbox out;
    Stop stop;
    Gathering gathering;
    Foresight foresight;
    Fleet fleet;
    Crew crew;
    Verdicts verdicts;
    Streaming streaming;
    Results results;
    std::optional<schedule::Scheduler> scheduler;  // from the plan on
    Scripts scripts;
    Preparation preparation;
    Closing closing;

    schedule::Scheduler* scheduler_or_null() { return scheduler ? &*scheduler : nullptr; }

    void start();
    void begin(std::size_t discovering_workers);
    void end_setup(const Result<>& result);
    void end_teardown(const std::vector<Error>& troubles);
    void discover(std::vector<Family> families);
    void gathered(GroupDiscovered message);
    void plan();
    void advance(const Now& now);
    void cannot_prepare(std::string reason);
    void tear_down_or_finish();
    void advance_discovery(const Now& now);
    bool assign_batches(const Now& now);  // whether there was one
    void give_up_without_sandboxes();
    void watch(const Now& now);
    void forecast(const Now& now);
    void carry_out_stop();
    bool work_is_done() const;
    void conclude_when_done();
    void take_conclusion(Result<Conclusion>& conclusion);
    void finish();

    void hear(Message& message, const Now& now);
    void hear_hired(Batch& worker, Signals& signals, const Now& now);
    void end_hired(Batch& worker, const BatchOver& over, const Now& now);
};

}  // namespace offload::run
