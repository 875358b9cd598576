// What the HTML report shows, collected from a run's events and rendered as the blocks of JSON that
// its page reads (web/src/data.ts). Pure.
//
// Columns rather than objects: 100,000 tests are a few arrays, which a browser parses at once.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "html_history.hpp"
#include "html_outputs.hpp"
#include "offload/model/event.hpp"
#include "offload/report/journal_reader.hpp"
#include "text_pool.hpp"

namespace offload::report {

class HtmlData {
  public:
    // The kinds of events that consume() looks at: all but the raw output of batches.
    static constexpr EventKinds wanted() {
        return EventKinds::of<RunStarted, DiscoveryStarted, TestDiscovered, DiscoveryFinished,
                              RunPlanned, SandboxCreating, SandboxReady, SandboxDestroying,
                              SandboxEnded, BatchStarted, BatchExtended, TestCarried, TestStarted,
                              AttemptFinished, TestDecided, BatchFinished, UnknownResult, Notice,
                              RunFinished>();
    }

    void consume(const Event& event);

    bool finished() const { return finished_; }
    std::size_t tests() const { return tests_.size(); }

    // Lines of the journal that could not be read.
    void set_damaged_lines(std::size_t count) { damaged_lines_ = count; }

    // To ask what earlier runs tell of its tests; this must outlive it.
    ShownRun shown() const;
    void set_earlier(EarlierRuns earlier) { earlier_ = std::move(earlier); }

    // Appends the page's main block. What the attempts have printed is in take_output_blocks(),
    // which comes after it.
    void render(std::string& out) const;
    std::vector<std::string> take_output_blocks() { return outputs_.take_blocks(); }

  private:
    static constexpr Seconds kUnknown{-1};
    enum class State : std::uint8_t { Decided, Unfinished };

    struct TestRow {
        TextPool::Place id;
        TextPool::Place reason;  // why it was not run
        GroupIndex group;
        std::uint32_t file = 0;
        int attempts = 0;                // the highest number seen
        std::int32_t carried_from = -1;  // one of carried_runs_; below 0: it is of this run
        TestKind kind = TestKind::Test;
        State state = State::Unfinished;
        Status status = Status::NotRun;
    };
    struct AttemptRow {
        TestIndex test;
        int number = 1;
        BatchNumber batch;
        Outcome outcome = Outcome::Passed;
        bool in_batch = false;
        Seconds start = kUnknown;
        Seconds end = kUnknown;
        Seconds duration{0};
        std::int64_t output = HtmlOutputs::kNothing;
        TextPool::Place message;  // its first line, shortened; of failures and skips
    };
    struct BatchRow {
        BatchNumber number;
        SandboxNumber sandbox;
        Seconds start = kUnknown;
        Seconds end = kUnknown;
        BatchOutcome outcome = BatchOutcome::Success;
        std::string how;
        bool hedge = false;
        std::size_t tests = 0;
        // Tests that have begun and not ended. Where starts are not told, each result follows the
        // last one.
        std::unordered_map<TestIndex, Seconds> begun;
        Seconds last = kUnknown;
    };
    struct SandboxRow {
        SandboxNumber number;
        SlotNumber slot;
        std::string id;
        Seconds creating = kUnknown;
        Seconds ready = kUnknown;
        Seconds destroying = kUnknown;
        Seconds ended = kUnknown;
        std::string trouble;
        bool maybe_leaked = false;
    };
    struct DiscoveryRow {
        GroupIndex group;
        Seconds start = kUnknown;
        Seconds end = kUnknown;
        std::size_t tests = 0;
        std::string command;
    };

    void on(const RunStarted& event, Seconds now);
    void on(const DiscoveryStarted& event, Seconds now);
    void on(const TestDiscovered& event, Seconds now);
    void on(const DiscoveryFinished& event, Seconds now);
    void on(const RunPlanned& event, Seconds now);
    void on(const SandboxCreating& event, Seconds now);
    void on(const SandboxReady& event, Seconds now);
    void on(const SandboxDestroying& event, Seconds now);
    void on(const SandboxEnded& event, Seconds now);
    void on(const BatchStarted& event, Seconds now);
    void on(const BatchExtended& event, Seconds now);
    void on(const TestStarted& event, Seconds now);
    void on(const AttemptFinished& event, Seconds now);
    void on(const TestDecided& event, Seconds now);
    void on(const BatchFinished& event, Seconds now);
    void on(const UnknownResult& event, Seconds now);
    void on(const Notice& event, Seconds now);
    void on(const TestCarried& event, Seconds now);
    void on(const RunFinished& event, Seconds now);
    template <class Other>
    void on(const Other& /*event*/, Seconds /*now*/) {}

    TestRow& test_row(TestIndex test);
    BatchRow* batch_row(BatchNumber batch);
    SandboxRow* sandbox_row(SandboxNumber sandbox);
    void add_attempt(const Attempt& attempt, Seconds end);
    std::int32_t carried_run(const std::string& run_id);

    void render_run(std::string& out) const;
    void render_tests(std::string& out) const;
    void render_attempts(std::string& out) const;
    void render_running(std::string& out) const;
    void render_history(std::string& out) const;
    void render_batches(std::string& out) const;
    void render_sandboxes(std::string& out) const;
    void render_discoveries(std::string& out) const;

    SystemTime started_;
    bool any_event_ = false;
    Seconds last_event_{0};
    RunStarted run_;
    RunSummary summary_;  // without its verdicts
    bool finished_ = false;
    bool durations_known_ = false;
    std::size_t damaged_lines_ = 0;
    std::vector<std::string> files_;
    std::unordered_map<std::string, std::uint32_t> file_numbers_;
    std::deque<TestRow> tests_;
    std::deque<AttemptRow> attempts_;
    TextPool texts_;  // of tests_ and attempts_
    std::vector<std::string> carried_runs_;
    EarlierRuns earlier_;
    std::vector<BatchRow> batches_;
    std::unordered_map<BatchNumber, std::size_t> batch_places_;
    std::vector<SandboxRow> sandboxes_;
    std::unordered_map<SandboxNumber, std::size_t> sandbox_places_;
    std::vector<DiscoveryRow> discoveries_;
    std::vector<UnknownResult> unknown_;
    std::vector<Notice> notices_;
    HtmlOutputs outputs_;
};

}  // namespace offload::report
