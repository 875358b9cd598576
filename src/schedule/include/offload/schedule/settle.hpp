// What becomes of the tests of a batch that have no result when its exec is over. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ending.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"

namespace offload::schedule {

// A test of the batch for which no result arrived.
struct Unfinished {
    TestIndex test;
    std::optional<Seconds> running_for;  // it had started; how long ago
    int missing_before = 0;              // completed batches that left it out so far
    std::string refusal;                 // the runner said that it will not run it, and why
};

struct Settled {
    struct Failed {
        TestIndex test;
        TestResult result;
    };
    struct NotRun {
        TestIndex test;
        std::string reason;
    };
    std::vector<Failed> attempts;                  // count as attempts, retryable
    std::vector<TestIndex> requeue;                // unattempted, free to be grouped anew
    std::vector<std::vector<TestIndex>> suspects;  // unattempted, each in a batch of its own
    std::vector<NotRun> not_run;                   // the runner will not run these
};

struct SettleInput {
    Ending ending;
    std::size_t batch_size = 0;
    bool starts_known = false;  // the runner tells when tests start
    std::string trouble;        // what was wrong with its results: "no result file"; may be empty
    std::string last_output;    // the end of what it wrote
    Seconds time_limit{0};
    bool worker = false;  // which is given its tests one by one, and the limit is one test's
    std::vector<Unfinished> unfinished;  // in the order of the batch
    // It may have been at work on a test that is not among these: its result came from elsewhere.
    bool beside_others = false;
};

// The rules:
// - A test that the runner refused (deselected, cannot be collected) is not run, for that reason.
// - Completed: a test that was left out runs once more; left out twice, or alone in its batch, it
//   is not run, with the runner's last words as the reason.
// - Died: the running test, or the only one left, gets a crash attempt; others are requeued. Where
//   it is unknown which one ran, the rest runs again in halves; so does the only one left where
//   what ran may have been one that was done elsewhere, or a worker may not have heard of it yet. A
//   worker that ends before it began a test blames none: its tests run again, in batches.
// - TimedOut: a test gets a timeout attempt only if it ran for the whole limit by itself or was
//   alone in its batch; the others are queued again in smaller batches. In a worker the others had
//   no part in it, and are just queued again.
// - Lost, Cancelled: everything is requeued; nothing is an attempt.
// - DidNotFit: it runs again in halves; a test that alone is too long is not run.
Settled settle(const SettleInput& input);

}  // namespace offload::schedule
