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
// duplicate ("backup tasks": Dean & Ghemawat 2004), started only on evidence. See Lateness for what
// is late. A test runs in two batches at most; the first result counts, and the caller ends the
// batch that has nothing left to win.
//
// Tests that need more than a sandbox (several slots, units of resources) share batches only with
// tests that need the same, and the batch holds it from its start to its end. What cannot be had is
// left for later, and others go first; nobody holds one thing while waiting for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/schedule/batch_overhead.hpp"
#include "offload/schedule/lateness.hpp"
#include "offload/schedule/resources.hpp"
#include "offload/schedule/spread.hpp"
#include "offload/schedule/test_pool.hpp"

namespace offload::schedule {

struct SchedulerOptions {
    std::size_t slots = 1;          // sandboxes that work at once
    std::size_t command_bytes = 0;  // most that the tests of one batch may take; 0: no limit
    Seconds time_limit{0};          // of one batch; 0: none
    Seconds batch_overhead{0};      // start-up cost of a batch as known beforehand
    Seconds test_overhead{0};       // the same of what a runner needs around each test
    bool whole_batches = false;     // outcomes come per batch: a batch is retried as it was
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
    bool alone = false;        // schedule_individual
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
    Seconds work_from() const { return queued_.tests > 0 ? Seconds{0} : hedge_due_; }

    // The same for a sandbox in which a worker waits that can run tests of one group only. Nothing:
    // the group has none for it.
    std::optional<Assignment> next_of(GroupIndex group, SandboxNumber sandbox, Seconds now);

    // More tests for the batch that runs in this sandbox, of the same group, in the order in which
    // they should run; they belong to the batch from now on. Empty: it has enough for now, or what
    // is left goes to others. A batch that has run all its tests gets what there is.
    std::vector<TestIndex> more(SandboxNumber sandbox, Seconds now);

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

    bool has_queued() const { return queued_.tests > 0; }
    bool has_running() const { return !running_.empty(); }
    bool runs(TestIndex test) const;
    bool has(TestIndex test) const;  // it is queued or runs
    // Batches in the queue that only a sandbox without a batch can take.
    std::size_t queued_units() const;

    // So many idle sandboxes have a use now, at most `limit`: that many would be given a batch if
    // they asked, as long as no more than `slots` are at work then, and none needs all of these.
    std::size_t startable(std::size_t limit) const;

    // Seconds from `now` until all work is done. Nothing where neither durations are known nor a
    // batch has ended yet.
    std::optional<Seconds> remaining(Seconds now) const;

  private:
    enum class Place { Nowhere, Queued, Running };
    struct Known {
        double weight = 1;     // expected seconds, or 1 where nothing is known
        double deviation = 1;  // beside the weight; 1 where nothing is known
        std::size_t command_bytes = 0;
        std::size_t affinity = 0;
        std::size_t lane = 0;
        SandboxNumber sandbox;               // where it runs
        std::optional<SandboxNumber> rival;  // where it runs as well
        Place place = Place::Nowhere;
        bool added = false;
        bool alone = false;
        bool measured = false;
        bool bonded = false;
        bool refused = false;     // by a runner, once
        std::uint8_t hedges = 0;  // duplicates of it since it was last taken out of the queue
        bool counts = true;  // as one of the batches that there can be; of a bond only the first
    };
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
        Pools returned;               // retries and requeued tests
        double observed_seconds = 0;  // between results that came one after the other
        std::size_t observed_tests = 0;
    };
    struct Unit {
        std::size_t lane = 0;
        std::vector<TestIndex> tests;
    };
    struct Running {
        std::size_t lane = 0;
        std::vector<TestIndex> tests;
        bool streams = false;    // more() may add tests
        std::size_t cursor = 0;  // none before it is unfinished
        std::size_t unfinished = 0;
        double weight = 0;      // of the unfinished
        double all_weight = 0;  // of all its tests
        Seconds started{0};
        std::optional<Seconds> began;
        Seconds last_result{0};
        bool any_result = false;
        bool measured = false;  // all its tests are
    };
    struct Totals {
        std::size_t tests = 0;
        std::size_t batches = 0;  // at most: each loose test, and each unit
        double weight = 0;
        double guessed = 0;  // of that, of tests that were never measured
        double deviation = 0;
    };
    struct Draft;

    std::size_t lane_for(GroupIndex group, const Needs& needs);
    bool is_free(const Lane& lane) const { return resources_.free(lane.needs); }
    void count_batch(std::size_t lane);
    void uncount_batch(std::size_t lane);
    bool enqueue(TestIndex test);
    void enqueue_loose(TestIndex test, Shunned shunned);
    void enqueue_unit(std::vector<TestIndex> tests, Shunned shunned);
    void dequeue(TestIndex test);
    void start_running(SandboxNumber sandbox, const Assignment& assignment, Seconds now);
    void extend(Running& batch, SandboxNumber sandbox, const Assignment& assignment);
    void stop_running(SandboxNumber sandbox, TestIndex test);
    void leave(SandboxNumber sandbox, TestIndex test, Seconds now);
    bool runs_in(SandboxNumber sandbox, TestIndex test) const;
    void learn_from(const Running& batch, Seconds now);

    std::optional<Assignment> choose(SandboxNumber sandbox, Seconds now);
    std::optional<Assignment> take_unit(SandboxNumber sandbox, bool may_be_shunned);
    std::optional<Assignment> take_returned(SandboxNumber sandbox, Seconds now,
                                            bool may_be_shunned);
    std::optional<Assignment> take_fresh(Seconds now);
    void fill(Draft& draft, TestPool& pool);
    bool take_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry);
    bool take_one_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry);
    Assignment finish(Draft draft);

    std::optional<Assignment> hedge(Seconds now);
    Seconds late_from(const Running& batch) const;
    std::vector<TestIndex> to_hedge(const Running& batch) const;
    std::vector<TestIndex> part_to_hedge(std::vector<TestIndex> tests, bool first_runs) const;

    Draft draft_for(std::size_t lane, Seconds now);
    Draft draft_for_known(std::size_t lane, Seconds now);
    Draft draft_for_worker(std::size_t lane) const;
    bool has_enough(const Running& batch) const;
    void fill_from(Draft& draft, SandboxNumber sandbox, bool all_pools);
    std::optional<double> seconds_per_weight(std::size_t lane) const;
    Draft draft_of(std::size_t lane, double target) const;
    std::size_t idle_slots() const;
    double straying() const;
    double cost_per_test() const;
    double cost_of(TestIndex test) const;
    double expected_of(const Running& batch) const;
    double queued_cost() const;
    double unfinished_cost(const Running& batch) const;
    double running_cost(Seconds now);
    double progress_of(const Running& batch, Seconds now) const;

    SchedulerOptions options_;
    std::vector<Known> tests_;
    Resources resources_;
    std::vector<Lane> lanes_;
    std::vector<std::size_t> plain_lanes_;                                   // by group
    std::map<std::pair<GroupIndex, std::size_t>, std::size_t> other_lanes_;  // by group and needs
    std::set<std::pair<std::size_t, std::size_t>> bonds_;                    // by lane and affinity
    std::map<Shunned, std::deque<Unit>> units_;
    std::unordered_map<SandboxNumber, Running> running_;
    Totals queued_;
    double running_weight_ = 0;       // of all unfinished tests of running batches
    std::size_t running_tests_ = 0;   // their number
    double progress_ = 0;             // their part that is done, when last looked at
    std::size_t progress_calls_ = 0;  // until the next look
    Seconds progress_at_{0};          // of the last one
    double known_sum_ = 0;
    std::size_t known_count_ = 0;
    double ended_seconds_ = 0;  // of all batches that are over
    std::size_t ended_tests_ = 0;
    BatchOverhead overhead_;
    Lateness batch_lateness_;
    Lateness test_lateness_;
    Spread spread_;
    Seconds hedge_due_;  // no batch is late before
};

}  // namespace offload::schedule
