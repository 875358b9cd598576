// What the dispatcher knows of a batch that runs in a sandbox.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages.hpp"
#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/schedule/scheduler.hpp"
#include "offload/schedule/settle.hpp"

namespace offload::engine {

class RunningBatch {
  public:
    // `orders`: where a worker takes them from; null for a plain batch.
    RunningBatch(BatchNumber number, SandboxNumber sandbox, std::vector<TestIndex> tests,
                 SystemTime started, std::shared_ptr<WorkerOrders> orders = nullptr);

    BatchNumber number() const { return number_; }
    SandboxNumber sandbox() const { return sandbox_; }
    SystemTime started() const { return started_; }
    TestIndex test(std::size_t position) const { return tests_[position]; }
    std::size_t size() const { return tests_.size(); }
    std::size_t results() const { return results_; }

    // --- of a worker
    bool is_worker() const { return orders_ != nullptr; }
    bool told_to_stop() const { return told_to_stop_; }
    // Of its tests, those that still need a result from it.
    std::size_t unfinished() const { return tests_.size() - results_ - superseded_ - refused_; }
    void give(const std::vector<TestIndex>& tests, MoreTests order, SteadyTime now);
    void give_no_more_for_now();
    void tell_to_stop(SteadyTime now);
    // Something was heard of it.
    void stirred(SteadyTime now) { stirred_ = now; }
    // How long it has been silent while it should do something; nothing while it need not.
    std::optional<Seconds> silent_for(SteadyTime now) const;
    // True once, for the first to ask.
    bool expire() { return !std::exchange(expired_, true); }
    void unfit() { unfit_ = true; }
    bool is_unfit() const { return unfit_; }
    bool any_began() const { return any_began_; }

    void began(std::size_t position, SteadyTime now);
    // False: this test has its result already.
    bool ended(std::size_t position, const TestResult& result);
    // Another batch's result of this test counts: ours, if one comes, does not. A test that is not
    // of this batch is ignored.
    void supersede(TestIndex test);
    bool superseded(std::size_t position) const { return places_[position].superseded; }
    // It is at work on nothing that still counts.
    bool obsolete() const { return lost_ > 0 && unfinished() == 0; }
    // Each of its tests was done elsewhere.
    bool lost_all() const { return superseded_ > 0 && superseded_ == tests_.size(); }
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

    // Of the batch, in its tests and beyond them; nothing when that cannot be told.
    std::optional<schedule::BatchTime> time(const BatchOver& over) const;

  private:
    struct Place {
        bool done = false;
        bool superseded = false;
        bool told = false;  // a superseded one's end
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
    std::size_t lost_ = 0;  // superseded, and the end of it not told yet
    std::size_t refused_ = 0;
    bool any_failure_ = false;
    std::shared_ptr<WorkerOrders> orders_;
    SteadyTime stirred_ = std::chrono::steady_clock::now();
    bool told_no_more_ = false;
    bool told_to_stop_ = false;
    bool expired_ = false;
    bool unfit_ = false;
    bool any_began_ = false;
    Seconds work_{0};
};

}  // namespace offload::engine
