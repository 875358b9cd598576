// The tests of one batch, and how far each has come. A worker's batch grows while it runs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"
#include "offload/schedule/settle.hpp"

namespace offload::run {

class BatchTests {
  public:
    void add(const std::vector<TestIndex>& tests);

    std::size_t size() const { return tests_.size(); }
    TestIndex operator[](std::size_t position) const { return tests_[position]; }
    bool has(std::size_t position) const { return position < tests_.size(); }
    std::size_t results() const { return results_; }
    bool any_failure() const { return any_failure_; }
    // The same of all that the runner told, also where another batch's result counts.
    bool told_of_failure() const { return told_of_failure_; }
    void tell_of_failure() { told_of_failure_ = true; }
    // Those that still need a result from this batch.
    std::size_t unfinished() const { return tests_.size() - results_ - superseded_ - refused_; }
    bool complete() const { return results_ + superseded_ >= tests_.size(); }
    Seconds work() const { return work_; }  // that its results took

    void began(std::size_t position, Seconds now);
    // False: this test has its result already, or another batch's counts.
    bool ended(std::size_t position, const TestResult& result);
    void refused(std::size_t position, std::string reason);
    // Another batch's result of this test counts: ours, if one comes, does not. A test that is not
    // of this batch is ignored.
    void supersede(TestIndex test);
    bool superseded(std::size_t position) const { return places_[position].superseded; }

    // It is at work on nothing that still counts.
    bool obsolete() const { return lost_ > 0 && unfinished() == 0; }
    // It may be at work on what was done elsewhere.
    bool has_lost() const { return lost_ > 0; }
    // Each of its tests was done elsewhere.
    bool lost_all() const { return superseded_ > 0 && superseded_ == tests_.size(); }

    // Those without a result. `missing_before`: by test, how often completed batches left it out.
    std::vector<schedule::Unfinished> left(Seconds now,
                                           const std::vector<int>& missing_before) const;

  private:
    struct Place {
        bool done = false;
        bool superseded = false;
        bool told = false;  // a superseded one's end
        std::optional<Seconds> running_since = {};
        std::string refusal = {};
    };

    std::vector<TestIndex> tests_;
    std::vector<Place> places_;
    std::size_t results_ = 0;
    std::size_t superseded_ = 0;
    std::size_t lost_ = 0;  // superseded, and the end of it not told yet
    std::size_t refused_ = 0;
    bool any_failure_ = false;
    bool told_of_failure_ = false;
    Seconds work_{0};
};

}  // namespace offload::run
