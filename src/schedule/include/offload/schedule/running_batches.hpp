// The batches that run, and how far they have come. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/schedule/estimates.hpp"
#include "offload/schedule/test_book.hpp"

namespace offload::schedule {

struct RunningBatch {
    std::size_t lane = 0;
    std::vector<TestIndex> tests = {};
    bool streams = false;        // it may be given more
    std::size_t cursor = 0;      // none before it is unfinished
    std::size_t unfinished = 0;  // tests
    double weight = 0;           // of the unfinished
    double all_weight = 0;       // of all its tests
    Seconds started{0};
    std::optional<Seconds> began = {};
    Seconds last_result{0};
    bool any_result = false;
    bool measured = true;  // all its tests are

    // The test that runs now, where results come one by one.
    std::optional<TestIndex> current() const {
        if (!any_result || cursor >= tests.size()) return std::nullopt;
        return tests[cursor];
    }
};

// By sandbox, of which each runs one at most.
class RunningBatches {
  public:
    RunningBatch& start(SandboxNumber sandbox, std::size_t lane, bool streams, Seconds now);
    // `hedge`: these tests run elsewhere already.
    void extend(TestBook& book, SandboxNumber sandbox, std::span<const TestIndex> tests,
                bool hedge);
    // The test is one less for the batch of this sandbox to do.
    void done_with(const TestBook& book, SandboxNumber sandbox, TestIndex test);
    void end(SandboxNumber sandbox);

    bool empty() const { return batches_.empty(); }
    std::size_t size() const { return batches_.size(); }
    RunningBatch* find(SandboxNumber sandbox);  // null: it runs none
    const std::unordered_map<SandboxNumber, RunningBatch>& all() const { return batches_; }

    // What all of them have still to do, looked at anew once `drift` has passed or enough calls
    // were made to pay for it.
    double cost_left(const TestBook& book, const Estimates& estimates, Seconds now, Seconds drift);
    double unfinished_cost(const Estimates& estimates) const {
        return estimates.cost(weight_, tests_);
    }

  private:
    std::unordered_map<SandboxNumber, RunningBatch> batches_;
    double weight_ = 0;      // of all unfinished tests
    std::size_t tests_ = 0;  // their number
    double progress_ = 0;    // their part that is done, when last looked at
    std::size_t calls_until_look_ = 0;
    Seconds looked_at_{0};
};

double unfinished_cost(const RunningBatch& batch, const Estimates& estimates);
// The same in seconds, by what its lane's tests have taken. Infinite: none has been seen yet.
Seconds unfinished_time(const RunningBatch& batch, const Estimates& estimates);
// How much of it is done already.
double progress_of(const RunningBatch& batch, const TestBook& book, const Estimates& estimates,
                   Seconds now);

}  // namespace offload::schedule
