// What is to be run next, and where. Pure: no clock, no thread, no I/O; time is an argument.
//
// Idle sandboxes pull batches. Where durations are known, heaviest tests go first (longest
// processing time first: Graham 1969) in batches that shrink as the queue drains (factoring:
// Hummel, Schonberg & Flynn 1992), the faster the more this run's batches stray from what is
// expected of them; until that is seen, earlier runs tell whether they may be whole shares at once.
// Batches are bounded below so that their start-up costs little beside their work (each test weighs
// what it is expected to take and what its runner needs around it), and above by their fair share,
// the command-length limit and the time limit. Where nothing is known, each slot gets its share of
// the tests, dealt out in turn.
//
// Once the queue is empty, an idle sandbox is given tests of a batch that is late for certain: a
// duplicate ("backup tasks": Dean & Ghemawat 2004), started only on evidence. See Stragglers for
// what is late. A test runs in two batches at most; the first result counts, and the caller ends
// the batch that has nothing left to win.
//
// Tests that need more than a sandbox (several slots, units of resources) share batches only with
// tests that need the same, and the batch holds it from its start to its end. What cannot be had is
// left for later, and others go first; nobody holds one thing while waiting for another.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/batch_costs.hpp"
#include "offload/model/ids.hpp"
#include "offload/schedule/estimates.hpp"
#include "offload/schedule/queue.hpp"
#include "offload/schedule/resources.hpp"
#include "offload/schedule/running_batches.hpp"
#include "offload/schedule/stragglers.hpp"
#include "offload/schedule/test_book.hpp"

namespace offload::schedule {

struct SchedulerOptions {
    std::size_t slots = 1;              // sandboxes that work at once
    std::size_t command_bytes = 0;      // most that the tests of one batch may take; 0: no limit
    Seconds time_limit{0};              // of one batch; 0: none
    Seconds longest_batch{0};           // expected of its tests; 0: as it comes
    Seconds batch_overhead{0};          // start-up cost of a batch as known beforehand
    Seconds test_overhead{0};           // the same of what a runner needs around each test
    std::optional<double> spread = {};  // BatchCosts::spread of an earlier run
    bool whole_batches = false;         // outcomes come per batch: a batch is retried as it was
    // Batches run in workers, which are given more tests while they run: each holds so much work
    // ahead that the way to it does not leave it idle. 0: they do not.
    Seconds ahead{0};
    bool hedges = false;  // stragglers may be run a second time
};

struct Item {
    TestIndex test;
    GroupIndex group;                 // a batch holds tests of one group only
    std::optional<Seconds> expected;  // nothing: unknown
    std::size_t command_bytes = 0;
    bool alone = false;        // in no batch with others, except those that it is bonded with
    std::size_t affinity = 0;  // tests of equal affinity (one file) are kept together where
                               // that costs no balance; 0: none
    bool measured = false;     // `expected` was measured of this very test
    std::optional<double> deviation = std::nullopt;  // standard deviation of earlier durations
                                                     // about `expected`, beside it
    // All tests of this affinity run in one batch, as far as its limits allow, and are never
    // hedged: one needs what another has done.
    bool bonded = false;
    // Held by its batch. Tests of one bond must need the same. Never hedged where it is more than
    // one slot.
    Needs needs = {};
    bool apart = false;  // as `alone`, except in batches that run in workers. Run again after a
                         // failure it is bonded with none
};

struct Assignment {
    GroupIndex group;
    std::vector<TestIndex> tests;  // in the order in which they should run
    bool hedge = false;            // they run elsewhere as well
    bool closed = false;           // these tests and no others: more() adds none
};

// What became of a batch's time.
struct BatchTime {
    Seconds work{0};      // the tests' own
    Seconds overhead{0};  // all the rest
};

// A test is in at most one place: queued, in one running batch (as a hedge in a second one), or
// neither. What would queue it a second time, or while it runs, does nothing. Adding a test, and
// its way through next() and finished(), take O(log n) amortised.
class Scheduler {
  public:
    // `capacities`: of the resources that tests claim.
    explicit Scheduler(SchedulerOptions options, Capacities capacities = {});

    void add(const Item& item);

    // Work for an idle sandbox; the sandbox counts as running it until ended(), and must not ask
    // again before. Nothing: there is nothing that this sandbox should do now; what is queued may
    // need what others hold.
    std::optional<Assignment> next(SandboxNumber sandbox, Seconds now);

    // Until then next() has nothing for any sandbox, unless something else happens first. O(1).
    Seconds work_from() const { return has_queued() ? Seconds{0} : stragglers_.due(); }

    // The same for a sandbox in which a worker waits that can run tests of one group only. Nothing:
    // the group has none for it.
    std::optional<Assignment> next_of(GroupIndex group, SandboxNumber sandbox, Seconds now);

    // More tests for the batch that runs in this sandbox, of the same group, in the order in which
    // they should run; they belong to the batch from now on. Empty: it has enough for now, or what
    // is left goes to others. A batch that has run all its tests gets what there is.
    // `elsewhere`: so many batches could begin in other sandboxes, that are idle or can be made.
    std::vector<TestIndex> more(SandboxNumber sandbox, Seconds now, std::size_t elsewhere = 0);

    // From now on no batch is given more tests.
    void stop_streaming() { options_.ahead = Seconds{0}; }

    // The start-up of the sandbox's running batch is over. Not every batch tells.
    void began(SandboxNumber sandbox, Seconds now);

    // One test of the sandbox's running batch is done with (a result arrived, which says how long
    // it `took`). Where the test ran in a second sandbox, that one is returned: what it still tells
    // of the test counts no more.
    std::optional<SandboxNumber> finished(SandboxNumber sandbox, TestIndex test, Seconds now,
                                          std::optional<Seconds> took = std::nullopt);

    // The sandbox's runner will not run this test of its batch. To be given back or forgotten, too,
    // unless it runs elsewhere as well. No duplicate of it is started from now on.
    void refused(SandboxNumber sandbox, TestIndex test, Seconds now);

    // The sandbox's batch is over. Its tests without a result must be given back by one of the
    // requeue functions or forgotten; those that run elsewhere as well go on there.
    // `measured`: where all of its tests had results.
    void ended(SandboxNumber sandbox, Seconds now, std::optional<BatchTime> measured);

    // Another attempt for a failed test; preferably not on `failed_on`, but no slot idles for that.
    // It may share a batch with other tests.
    void retry(TestIndex test, SandboxNumber failed_on);

    // The same batch again as one unit (whole_batches).
    void retry_whole(std::vector<TestIndex> tests, SandboxNumber failed_on);

    // Unattempted tests back into the queue, free to be grouped anew (whole_batches: as one unit);
    // ahead of tests that never ran.
    void requeue(std::span<const TestIndex> tests, std::optional<SandboxNumber> not_on);

    // The same, but these are run in a batch of their own, of no more than these tests: suspects of
    // a crash or a hang, or the retry of a test that took its batch down. Ahead of everything else.
    void requeue_together(std::vector<TestIndex> tests,
                          std::optional<SandboxNumber> not_on = std::nullopt);

    // Takes everything that is queued out and returns it (fail-fast, interrupt), in table order.
    std::vector<TestIndex> clear();

    bool has_queued() const { return !queue_.empty(); }
    bool has_running() const { return !running_.empty(); }
    bool runs(TestIndex test) const;
    bool has(TestIndex test) const;  // it is queued or runs
    // Batches in the queue that only a sandbox without a batch can take.
    std::size_t queued_units() const { return queue_.units(); }

    // So many idle sandboxes have a use now, at most `limit`: that many would be given a batch if
    // they asked, as long as no more than `slots` are at work then, and none needs all of these.
    std::size_t startable(std::size_t limit) const;

    // What batches have cost so far. Nothing: too few to tell.
    std::optional<BatchCosts> batch_costs() const { return estimates_.learnt(options_.spread); }

    // Seconds from `now` until all work is done. Nothing where neither durations are known nor a
    // batch has ended yet.
    std::optional<Seconds> remaining(Seconds now) const;

  private:
    struct Draft;

    bool streams() const { return options_.ahead > Seconds{0}; }
    bool is_free(const Queue::Lane& lane) const { return resources_.free(lane.needs); }
    std::size_t idle_slots() const;
    double queued_cost() const;
    double running_cost(Seconds now);
    std::optional<double> seconds_per_test(Seconds now) const;

    // Keeping count of what runs.
    void start(SandboxNumber sandbox, const Assignment& assignment, Seconds now);
    void leave(SandboxNumber sandbox, TestIndex test, Seconds now);

    // The choice.
    std::optional<Assignment> choose(SandboxNumber sandbox, Seconds now);
    std::optional<Assignment> take_unit(SandboxNumber sandbox, bool may_be_shunned);
    std::optional<Assignment> take_returned(SandboxNumber sandbox, Seconds now,
                                            bool may_be_shunned);
    std::optional<Assignment> take_fresh(Seconds now);
    std::optional<Assignment> hedge(Seconds now);

    // Batches in the making.
    double straying() const;
    Draft draft_of(std::size_t lane, double target) const;
    Draft draft_for(std::size_t lane, Seconds now);
    Draft draft_for_known(std::size_t lane, Seconds now);
    Draft draft_for_worker(std::size_t lane) const;
    void fill_from(Draft& draft, SandboxNumber sandbox, bool all_pools);
    void fill_in_order(Draft& draft, TestPool& pool);
    void fill(Draft& draft, TestPool& pool);
    static std::optional<TestPool::Entry> first_of(TestPool& pool, const Draft& draft);
    bool take_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry);
    bool may_join(const Draft& draft, const KnownTest& known) const;
    bool take_one_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry);
    Assignment finish(Draft draft) const;

    SchedulerOptions options_;
    TestBook book_;
    Resources resources_;
    Queue queue_;
    RunningBatches running_;
    Estimates estimates_;
    Stragglers stragglers_;
};

}  // namespace offload::schedule
