// What happened to each test, and what that means: attempts, retries, verdicts. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/result.hpp"
#include "offload/model/test_table.hpp"

namespace offload::schedule {

// How often a test is to run, whatever comes of it. More than once: a failure is not retried, and
// one is enough to fail the test.
struct Repetition {
    std::size_t times = 1;
    bool until_failure = false;  // the first failure is the last attempt
};

class Ledger {
  public:
    // `retry_counts[g]`: how often a failed test of group g is run again.
    // PerBatch: outcomes are those of whole batches, so that a pass after a failure proves nothing
    // about one test: it ends as Passed, never as Flaky.
    explicit Ledger(std::vector<std::size_t> retry_counts,
                    VerdictSource source = VerdictSource::PerTest, Repetition repetition = {});

    // Every test that is selected for this run is told once, in table order. To the ledger no other
    // test exists: results of one are Ignored, and it never appears in verdicts() or counts().
    void add(const Test& test);

    // What a result means for its test.
    enum class Decision {
        Retry,    // failed, and attempts are left, or it is to be repeated: run it again
        Decided,  // passed, skipped, or out of attempts
        Ignored,  // it was decided before (a hedge's loser, a late result): no attempt, no trace
    };
    struct Recorded {
        Decision decision = Decision::Ignored;
        int attempt = 0;  // its number, from 1
    };

    // `result` stands as the test's next attempt unless the test is decided. Of a pass, output and
    // details are dropped: who wants them takes them from the event.
    Recorded record(TestIndex test, TestResult result, BatchNumber batch, SandboxNumber sandbox,
                    SystemTime started);

    // For what is no TestKind::Test, and takes no other results: decided at once, never
    // retried. The attempt's batch, sandbox and start stay zero and mean nothing.
    // `mended`: another attempt follows that passes.
    Recorded record_error(TestIndex test, TestResult result, bool mended = false);

    // Why a test was never run, for the report; the last reason given stands.
    void explain(TestIndex test, std::string reason);

    // No further attempts: the test stays as its attempts left it.
    void give_up(TestIndex test, std::string reason);

    bool decided(TestIndex test) const;
    int attempts(TestIndex test) const;
    const Attempt* last_attempt(TestIndex test) const;  // null before the first
    std::size_t undecided() const { return undecided_; }

    // Adds up to the number of tests added. Undecided tests count as not_run, also those that have
    // failed and wait for a retry: once each test is decided or given up, this is the tally of
    // verdicts().
    Counts counts() const { return counts_; }

    Status status(TestIndex test) const;    // of a test that was added
    Verdict verdict(TestIndex test) const;  // likewise

    // One per test, in table order. Tests with no attempt are NotRun. A failed test whose retries
    // were cut short is Failed. Failed, then skipped is Failed.
    std::vector<Verdict> verdicts() const;

    // The same, moved out: at the end of a run of a hundred thousand tests a copy of every attempt
    // would double what they take. Afterwards the ledger knows no test.
    std::vector<Verdict> take_verdicts();

  private:
    struct Entry {
        TestIndex test;
        GroupIndex group;
        std::vector<Attempt> attempts;
        std::string reason;
        TestKind kind = TestKind::Test;
        bool decided = false;
    };
    Entry* find(TestIndex test);
    const Entry* find(TestIndex test) const;
    Recorded append(Entry& entry, Attempt attempt);
    void decide(Entry& entry);
    std::size_t retries_of(GroupIndex group) const;
    bool runs_again(const Entry& entry, Outcome outcome) const;
    Status status_of(const Entry& entry) const;
    Verdict verdict_of(const Entry& entry) const;

    std::vector<std::size_t> retry_counts_;
    VerdictSource source_;
    Repetition repetition_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> positions_;  // table index → entries_
    std::size_t undecided_ = 0;
    Counts counts_;
};

}  // namespace offload::schedule
