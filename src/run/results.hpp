// What batches tell of their tests, and what becomes of the tests of a batch that is over.
#pragma once

#include "artefacts.hpp"
#include "crew.hpp"
#include "fleet.hpp"
#include "health.hpp"
#include "offload/model/signal.hpp"
#include "offload/run/message.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/scheduler.hpp"
#include "outbox.hpp"
#include "stop.hpp"
#include "streaming.hpp"
#include "verdicts.hpp"

namespace offload::run {

class Results {
  public:
    struct Rooms {
        const Settings& settings;
        Outbox& out;
        Stop& stop;
        Fleet& fleet;
        Crew& crew;
        Verdicts& verdicts;
        Streaming& streaming;
    };
    explicit Results(const Rooms& rooms)
        : rooms_(rooms),
          health_(rooms.settings.slots),
          artefacts_(rooms.settings.artefact_globs, rooms.out) {}

    // Of a batch that has tests.
    void hear(Batch& batch, Signals& signals, schedule::Scheduler& scheduler, const Now& now);
    // The batch is over and removed. Gives up the run where it gets nowhere any more.
    void over(BatchOver message, schedule::Scheduler& scheduler, const Now& now);
    // The files of a batch that does not count are removed.
    void discard_artefacts(const Batch& batch, const BatchOver& over);
    void warn_of_idle_globs() { artefacts_.warn_of_idle_globs(); }

  private:
    struct Hearing;  // one batch's signals
    void finish(Batch& batch, TestIndex test, std::optional<Seconds> took,
                schedule::Scheduler& scheduler, const Now& now);
    void record(Batch& batch, TestIndex test, TestResult result, schedule::Scheduler& scheduler);
    void end_if_obsolete(Batch& batch);
    void classify(const Batch& batch, BatchOver& over, schedule::Scheduler& scheduler);
    void settle(Batch& batch, const BatchOver& over, schedule::Scheduler& scheduler,
                const Now& now);
    bool blames_nobody(const Batch& batch, const BatchOver& over,
                       const schedule::Settled& settled) const;
    bool runner_has_failed(const Batch& batch, const Ending& ending) const;
    void watch_health(const BatchOver& over);

    Rooms rooms_;
    Health health_;
    Artefacts artefacts_;
};

}  // namespace offload::run
