// Where a run stands, added up from its events. Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/known_duration.hpp"

namespace offload::report {

enum class Phase {
    Collecting,  // more tests may come
    Preparing,   // nothing runs yet
    Running,
    Finishing,  // every test is decided
};

class RunTracker {
  public:
    // `known`: how long tests are expected to take; it weighs them in time_left().
    explicit RunTracker(std::vector<KnownDuration> known = {});
    RunTracker(const RunTracker&) = delete;  // known_weights_
    RunTracker& operator=(const RunTracker&) = delete;
    RunTracker(RunTracker&&) = default;
    RunTracker& operator=(RunTracker&&) = default;

    void apply(const Event& event);

    Phase phase() const;
    const Counts& counts() const { return counts_; }
    std::size_t decided() const { return counts_.total(); }
    std::size_t total() const;      // as far as it is known
    std::size_t remaining() const;  // neither decided nor running
    std::size_t sandboxes_up() const { return sandboxes_up_; }
    std::size_t sandboxes_coming() const { return sandboxes_coming_; }
    std::size_t batches_running() const { return batches_.size(); }

    // Tests known to run, and one for each batch that does not tell which test runs.
    std::size_t running() const;

    // One thing that runs: a test, or a batch of which no more is known.
    struct Running {
        Seconds since{0};
        SandboxNumber sandbox;
        BatchNumber batch;
        std::optional<TestIndex> test;
        int attempt = 1;
        std::size_t tests = 0;  // undecided ones of the batch, where `test` is not set
    };
    std::vector<Running> longest_running(std::size_t most) const;

    // What a command that finds tests has said last; empty once all are found.
    void collector_said(std::string_view line) { collector_said_ = line; }
    const std::string& collector_said_last() const { return collector_said_; }

    struct Said {
        BatchNumber batch;
        std::string line;
    };
    // Of the batches of which no test is known to have begun: what the first of them printed last.
    // Null: nothing.
    const Said* batch_said_last() const;

    // The scheduler's forecast counts for some seconds.
    void forecast(Seconds now, Seconds left) { forecast_ = {now, left}; }

    // As the scheduler has it; without that, from the rate at which tests were decided lately, each
    // weighed with its expected duration where durations are known. Nothing while there is no basis
    // for it, nor below a second.
    std::optional<Seconds> time_left(Seconds now) const;

  private:
    struct Batch {
        Seconds since{0};
        SandboxNumber sandbox;
        std::vector<TestIndex> tests;
        std::vector<Running> known;  // tests that are known to run right now
        std::size_t reported = 0;
        bool tells_starts = false;
        Said said = {};  // before its first test
    };
    struct Sample {
        Seconds at;
        std::size_t decided;
        double work;  // weight of the decided tests
    };

    void on(const TestDiscovered& event, Seconds now);
    void on(const RunPlanned& event, Seconds now);
    void on(const SandboxCreating& event, Seconds now);
    void on(const SandboxReady& event, Seconds now);
    void on(const SandboxEnded& event, Seconds now);
    void on(const BatchStarted& event, Seconds now);
    void on(const BatchExtended& event, Seconds now);
    void on(const BatchOutput& event, Seconds now);
    void on(const TestStarted& event, Seconds now);
    void on(const AttemptFinished& event, Seconds now);
    void on(const TestDecided& event, Seconds now);
    void on(const BatchFinished& event, Seconds now);
    template <class Other>
    void on(const Other& /*event*/, Seconds /*now*/) {}

    static std::size_t undecided(const Batch& batch);
    void sample(Seconds now) { samples_.push_back({now, decided(), decided_work_}); }

    Counts counts_;
    std::string collector_said_;
    // Until all tests are there.
    std::vector<KnownDuration> known_;
    std::unordered_map<std::string_view, double> known_weights_;  // by ID, views into known_
    bool weights_known_ = false;
    double mean_of_known_ = 1;     // the weight of a test that is not among them
    std::vector<double> weights_;  // by test
    double all_work_ = 0;
    double decided_work_ = 0;
    std::size_t discovered_ = 0;
    std::optional<std::size_t> planned_;
    std::size_t sandboxes_up_ = 0;
    std::size_t sandboxes_coming_ = 0;
    std::unordered_map<SandboxNumber, bool> sandbox_is_up_;
    std::unordered_map<BatchNumber, Batch> batches_;
    std::unordered_set<TestIndex> hedged_;  // may run in several batches
    std::optional<Seconds> first_batch_;
    struct Forecast {
        Seconds at;
        Seconds left;
    };
    std::optional<Forecast> forecast_;
    std::deque<Sample> samples_;  // about one a second, as far back as the estimate looks
};

}  // namespace offload::report
