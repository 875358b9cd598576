// What waits to be run: in lanes, and within a lane by what it shares and whom it should rather not
// be given to. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "offload/model/ids.hpp"
#include "offload/schedule/resources.hpp"
#include "offload/schedule/test_book.hpp"
#include "offload/schedule/test_pool.hpp"

namespace offload::schedule {

// A test is in the queue once at most: adding it again, or while it runs, does nothing.
class Queue {
  public:
    // Whom a queued test should rather not be given to.
    using Shunned = std::optional<SandboxNumber>;
    using Pools = std::map<Shunned, TestPool>;

    // Tests of one group that need the same: those that may share a batch.
    struct Lane {
        GroupIndex group;
        std::size_t needs = 0;    // of Resources
        std::size_t batches = 0;  // of Totals::batches
        TestPool fresh;
        TestPool fresh_alone;
        Pools returned;  // retries and requeued tests
    };
    // Tests that are one batch, no more and no less.
    struct Unit {
        std::size_t lane = 0;
        std::vector<TestIndex> tests;
    };
    struct Totals {
        std::size_t tests = 0;
        std::size_t batches = 0;  // at most: each loose test, and each unit
        double weight = 0;
        double guessed = 0;  // of that, of tests that were never measured
        double deviation = 0;
    };

    std::size_t lane_for(GroupIndex group, std::size_t needs);

    // A test that was never here.
    void add(TestBook& book, TestIndex test);
    // Free to be grouped anew.
    void put_back(TestBook& book, TestIndex test, Shunned shunned);
    // As one batch; tests of several lanes as one each, and those that are kept apart.
    void put_back_unit(TestBook& book, std::vector<TestIndex> tests, Shunned shunned);

    // The first unit whose needs can be had. Nothing: there is none for this sandbox.
    std::optional<Unit> take_unit(TestBook& book, const Resources& resources, SandboxNumber sandbox,
                                  bool may_be_shunned);
    // One test has been taken out of a lane's pools.
    void taken(TestBook& book, TestIndex test);
    // What is left of a bond is one batch more.
    void splits(KnownTest& first);
    // All of it, in table order.
    std::vector<TestIndex> clear(TestBook& book);

    bool empty() const { return totals_.tests == 0; }
    const Totals& totals() const { return totals_; }
    std::size_t units() const;

    std::vector<Lane>& lanes() { return lanes_; }
    const std::vector<Lane>& lanes() const { return lanes_; }

  private:
    void count_batch(std::size_t lane);
    void uncount_batch(std::size_t lane);
    bool enter(TestBook& book, TestIndex test);
    void leave(TestBook& book, TestIndex test);

    std::vector<Lane> lanes_;
    std::vector<std::size_t> plain_lanes_;                                   // by group
    std::map<std::pair<GroupIndex, std::size_t>, std::size_t> other_lanes_;  // by group and needs
    std::set<std::pair<std::size_t, std::size_t>> bonds_;                    // by lane and affinity
    std::map<Shunned, std::deque<Unit>> units_;
    Totals totals_;
};

}  // namespace offload::schedule
