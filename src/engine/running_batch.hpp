// What the dispatcher knows of a batch that runs in a sandbox.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages.hpp"
#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/schedule/settle.hpp"

namespace offload::engine {

class RunningBatch {
  public:
    RunningBatch(BatchNumber number, SandboxNumber sandbox, std::vector<TestIndex> tests,
                 SystemTime started);

    BatchNumber number() const { return number_; }
    SandboxNumber sandbox() const { return sandbox_; }
    SystemTime started() const { return started_; }
    TestIndex test(std::size_t position) const { return tests_[position]; }
    std::size_t size() const { return tests_.size(); }
    std::size_t results() const { return results_; }

    void began(std::size_t position, SteadyTime now);
    // False: this test has its result already.
    bool ended(std::size_t position, const TestResult& result);
    // Another batch's result of this test counts: ours, if one comes, does not. A test that is not
    // of this batch is ignored.
    void supersede(TestIndex test);
    bool superseded(std::size_t position) const { return places_[position].superseded; }
    // Nothing that it may still tell counts.
    bool obsolete() const { return superseded_ > 0 && results_ + superseded_ == tests_.size(); }
    void refused(std::size_t position, std::string reason);

    // Failed tests that run again together, as the batch that they were (PerBatch), once it is
    // over.
    void keep_for_retry(TestIndex test) { retries_.push_back(test); }
    std::vector<TestIndex> take_retries() { return std::exchange(retries_, {}); }

    // What settle() needs; `missing_before`: by test, how often completed batches left it out.
    schedule::SettleInput settle_input(const BatchOver& over, bool starts_known, Seconds limit,
                                       SteadyTime now,
                                       const std::vector<int>& missing_before) const;

    // For the name of the batch's log. Call after all results are in.
    BatchOutcome outcome(const BatchOver& over) const;

    // What the batch cost beyond its tests; nothing when that cannot be told.
    std::optional<Seconds> overhead(const BatchOver& over) const;

  private:
    struct Place {
        bool done = false;
        bool superseded = false;
        std::optional<SteadyTime> running_since;
        std::string refusal;
    };

    BatchNumber number_;
    SandboxNumber sandbox_;
    std::vector<TestIndex> tests_;
    SystemTime started_;
    std::vector<Place> places_;
    std::vector<TestIndex> retries_;
    std::size_t results_ = 0;
    std::size_t superseded_ = 0;
    bool any_failure_ = false;
    Seconds work_{0};
};

}  // namespace offload::engine
