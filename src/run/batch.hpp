// One batch, from its start to its end: a command in a sandbox with its tests, or a worker.
//
//     Plain:                              Working ───────────► over
//     Worker:                             Working ─► Leaving ► over
//     ToDiscover:      Discovering ─┬─► Waiting ─► Working …
//     WhileDiscovery:               └─ Waiting
//
// Whatever state it is in, its end is one message. Until it is given its first tests, sinks are
// told nothing of it, and what it prints is held.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "batch_tests.hpp"
#include "offload/base/time.hpp"
#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"
#include "offload/run/action.hpp"
#include "offload/run/message.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/scheduler.hpp"
#include "offload/schedule/settle.hpp"
#include "prelude.hpp"

namespace offload::run {

class Batch {
  public:
    struct Place {
        BatchNumber number;
        SandboxNumber sandbox;
        GroupIndex group;
    };
    // One that begins with its tests.
    Batch(Place place, Way way, const std::vector<TestIndex>& tests, const Now& now);
    // A worker without any: see Prelude.
    Batch(Place place, Prelude prelude, const Now& now);

    BatchNumber number() const { return place_.number; }
    SandboxNumber sandbox() const { return place_.sandbox; }
    GroupIndex group() const { return place_.group; }
    SystemTime started() const { return started_; }
    bool is_worker() const { return is_worker_; }

    BatchTests& tests() { return tests_; }
    const BatchTests& tests() const { return tests_; }

    // Null once it has, or had, tests.
    Prelude* prelude() { return prelude_ ? &*prelude_ : nullptr; }
    const Prelude* prelude() const { return prelude_ ? &*prelude_ : nullptr; }
    // Ends the prelude: these are its first tests. Returns what it has printed so far.
    std::vector<BatchOutput> employ(const std::vector<TestIndex>& tests, const Now& now);

    // --- of a worker
    void give(const std::vector<TestIndex>& tests, const Now& now);
    // True once since it was given tests: it is to be told that there are no more for now.
    bool runs_out();
    void tell_to_leave(const Now& now);
    bool leaving() const { return leaving_; }
    // Something was heard of it.
    void stirred(const Now& now) { stirred_ = now.since_start; }
    // True once: it, or a test in it, takes longer than it may.
    bool expires(const Settings& settings, const Now& now);
    // It has said that no worker can be used here.
    void unfit() { unfit_ = true; }
    bool is_unfit() const { return unfit_; }
    void began_a_test() { any_began_ = true; }
    bool any_began() const { return any_began_; }

    // Failed tests that run again together, as the batch that they were (PerBatch), once it is
    // over.
    void keep_for_retry(TestIndex test) { retries_.push_back(test); }
    std::vector<TestIndex> take_retries() { return std::exchange(retries_, {}); }

    schedule::SettleInput settle_input(const BatchOver& over, Seconds limit, Seconds now,
                                       const std::vector<int>& missing_before) const;
    // For the name of the batch's log. Call after all results are in.
    BatchOutcome outcome(const Ending& ending) const;
    // Of the batch, in its tests and beyond them; nothing where that cannot be told.
    std::optional<schedule::BatchTime> time(const BatchOver& over) const;

  private:
    Place place_;
    SystemTime started_;
    BatchTests tests_;
    std::vector<TestIndex> retries_;
    std::optional<Prelude> prelude_;
    Seconds stirred_{0};
    bool is_worker_ = false;
    bool told_no_more_ = false;
    bool leaving_ = false;
    bool expired_ = false;
    bool unfit_ = false;
    bool any_began_ = false;
};

}  // namespace offload::run
