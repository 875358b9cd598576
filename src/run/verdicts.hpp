// What has happened to each test of the run, told as it happens; and what no test accounts for.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "batch.hpp"
#include "deaths.hpp"
#include "offload/model/event.hpp"
#include "offload/model/signal.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/plan.hpp"
#include "offload/run/settings.hpp"
#include "offload/schedule/ledger.hpp"
#include "outbox.hpp"
#include "stop.hpp"

namespace offload::run {

class Verdicts {
  public:
    Verdicts(const Settings& settings, TestTable& tests, Outbox& out, Stop& stop);

    // Once: the tests of the plan, and modules that could not be collected, which have their
    // verdicts already. What was carried over is taken out of the plan.
    void begin(Plan& plan);

    // Whether a test runs again after a result, and how.
    enum class Again {
        No,
        Loose,     // in whatever batch
        Alone,     // what took its runner down may do so again: it shares no batch
        Together,  // with the batch that it was in
    };
    // A result of a test of `batch`. With --fail-fast, a failure that is final stops the run.
    Again record(const Batch& batch, TestIndex test, TestResult result);
    // A result that belongs to no test of its batch.
    void unknown(const Batch& batch, UnknownCase& result);

    // A batch's runner says that something besides its tests is wrong: an errored entry of its own,
    // so that the run fails (TRAPS 51). Of batches that ended alike the first one stands for all.
    void runner_failed(const Batch& batch, const BatchOver& over);

    // A batch has died, and none of its tests is to blame. `unfinished`: they run again.
    void died(const Batch& batch, const BatchOver& over, std::vector<TestIndex> unfinished);
    // At the end: where they all came to a good end, nothing else tells of the death. It is an
    // entry of its own, too: flaky where the group's tests may be retried, else errored.
    void tell_of_deaths();

    // It will not be run any more, for this reason.
    void give_up(TestIndex test, std::string reason);
    // A completed batch has left it out.
    void left_out(TestIndex test) { ++missing_[test.value()]; }
    const std::vector<int>& missing() const { return missing_; }

    TestToRun next_attempt(TestIndex test) const { return {test, ledger_.attempts(test) + 1}; }
    std::vector<TestToRun> next_attempts(const std::vector<TestIndex>& tests) const;
    // A test has failed, or has no verdict yet.
    bool any_failure() const;

    // At the end: what was told once of many.
    void warn_of_repetitions();

    // At the end: all that is undecided is not run, for this reason. Fills in what is known here.
    void close(const std::string& reason, RunSummary& summary);

  private:
    void add_errored(const Test& entry, TestResult result, bool mended = false);
    // False: one stands already for those that ended alike.
    bool add_runner_entry(BatchNumber batch, GroupIndex group, const std::string& how,
                          TestResult result, bool mended);

    const Settings& settings_;
    TestTable& tests_;
    Outbox& out_;
    Stop& stop_;
    schedule::Ledger ledger_;
    std::vector<TestIndex> selected_;
    std::vector<Verdict> carried_;
    std::vector<int> missing_;  // by table index: completed batches that left it out
    std::size_t unknown_results_ = 0;
    std::optional<std::string> unknown_failure_;  // the first failed result of no known test
    std::map<std::string, std::size_t> runner_failures_;  // by how they ended: batches
    Deaths deaths_;
};

}  // namespace offload::run
