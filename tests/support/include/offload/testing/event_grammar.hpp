// What every sequence of events keeps to, whoever makes it: a run on a virtual clock, the engine,
// a journal.
//
//     RunStarted  DiscoveryStarted…  TestDiscovered…  DiscoveryFinished…  RunPlanned  … RunFinished
//     sandbox:    Creating  (Ready  Destroying)?  Ended
//     batch:      Started  (Extended | Output | test's events)…  Finished
//     test:       (TestStarted?  AttemptFinished(will_retry))…  AttemptFinished  TestDecided
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"

namespace offload::test {

class EventGrammar {
  public:
    // In order, without a gap.
    void hear(const EventBody& event);

    // What no event tells: the batch's runner has refused this test, which may be run again while
    // the batch goes on. Of a journal nobody knows it.
    void know_refusal(BatchNumber batch, TestIndex test);

    // What was wrong so far, each in a sentence. A run that is over has told RunFinished.
    const std::vector<std::string>& violations() const { return violations_; }
    bool finished() const { return finished_; }

  private:
    struct Group {
        bool finished = false;
        std::size_t tests = 0;
    };
    struct TestState {
        GroupIndex group;
        TestKind kind = TestKind::Test;
        std::set<BatchNumber> batches = {};  // in which a result of it would count
        std::vector<Outcome> attempts = {};
        std::optional<Status> decided = {};
        bool carried = false;
    };
    struct SandboxState {
        SlotNumber slot;
        std::string id = {};
        enum class At { Creating, Ready, Destroying, Ended } at = At::Creating;
        std::optional<BatchNumber> batch = {};
    };
    struct BatchState {
        SandboxNumber sandbox;
        GroupIndex group;
        bool hedge = false;
        bool finished = false;
    };
    struct Ear;

    void expect(bool holds, const std::string& otherwise);
    TestState* test(TestIndex index);
    SandboxState* sandbox(SandboxNumber number);
    BatchState* running(BatchNumber number);
    void put_into(BatchNumber number, BatchState& batch, const std::vector<TestIndex>& tests);
    void finish(const RunSummary& summary);
    void compare(const Verdict& verdict);

    std::vector<std::string> violations_;
    bool started_ = false;
    bool planned_ = false;
    bool finished_ = false;
    bool repeats_ = false;
    std::size_t max_parallel_ = 0;
    std::size_t selected_ = 0;
    std::map<GroupIndex, Group> groups_;
    std::vector<TestState> tests_;
    std::set<TestIndex> unexplained_;  // of a group that is not discovered
    std::set<std::string> ids_;
    std::vector<SandboxState> sandboxes_;
    std::map<BatchNumber, BatchState> batches_;
    std::optional<TestIndex> owed_decision_;  // its last attempt has just been told
};

}  // namespace offload::test
