// The one thread that owns and changes the state of a run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "discovery.hpp"
#include "early_workers.hpp"
#include "emitter.hpp"
#include "executor.hpp"
#include "fleet.hpp"
#include "messages.hpp"
#include "offload/engine/run.hpp"
#include "offload/framework/framework.hpp"
#include "offload/provider/provider.hpp"
#include "offload/schedule/ledger.hpp"
#include "offload/schedule/scheduler.hpp"
#include "plan.hpp"
#include "running_batch.hpp"

namespace offload::engine {

class Dispatcher {
  public:
    Dispatcher(const RunRequest& request, TestTable& tests, Emitter& emitter,
               const framework::Framework& framework, provider::Provider& provider, Inbox& inbox);

    // Runs to the end; every sandbox is gone before this returns.
    RunSummary run();

  private:
    // So often sinks are given the time, and what takes too long is looked for.
    static constexpr std::chrono::milliseconds kTick{100};

    // --- stages
    void start_discovery();
    void start_preparation();
    bool over() const;
    void conclude();  // conclusion.cpp
    RunSummary summarise();

    // --- planning (planning.cpp)
    void plan();
    void adopt_broken_modules(const Plan& plan);
    void fill_scheduler(const Plan& plan);
    schedule::Scheduler make_scheduler(const Plan& plan, const TestTable& tests,
                                       bool& durations_known) const;
    std::size_t batches_so_far() const;
    // Tells the sinks, now and then, how long the run will still take.
    void forecast();

    // --- moving work
    void advance();
    void assign_batches();
    // Until `useful` sandboxes are idle or being made, as far as the fleet allows.
    void create_sandboxes(std::size_t useful);
    void retire_idle();
    void start_batch(SandboxState& sandbox, schedule::Assignment assignment);

    // --- workers (workers.cpp)
    bool may_stream() const;
    // Null: these tests run as a plain batch.
    std::shared_ptr<WorkerOrders> orders_for(const schedule::Assignment& assignment) const;
    MoreTests order_for(const std::vector<TestIndex>& tests) const;
    // Gives every worker what it needs now: tests, the word that there are none, or its end.
    void feed_workers();
    void feed(RunningBatch& batch);
    bool units_need_room() const;
    bool is_worth_keeping() const;
    // Ends workers in which a test takes too long, or that hang without one.
    void watch_workers();
    void note_end_of_worker(const RunningBatch& batch, BatchOver& over);
    void note_barren_worker(const BatchOver& over);
    void stop_streaming(const std::string& reason);

    // --- workers before there are tests (early_workers.cpp)
    bool may_discover_in_worker(const config::Group& group) const;
    std::size_t spare_workers() const;
    void start_early_workers();
    void start_early_worker(SandboxState& sandbox, Family family, framework::WorkerStart start);
    // Gives each its first tests, or its end.
    void employ_early_workers();
    void watch_early_workers();
    void hear(EarlyWorker& worker, framework::Signals& signals);
    void end_early_worker(EarlyWorker worker, const BatchOver& over);

    // Ends the run early; `reason` is told for each test that is thereby not run.
    void stop(std::string reason);
    // The same, because the run cannot be carried out: exit status 1.
    void give_up(std::string reason);
    void give_up_without_sandboxes();

    // --- messages
    void handle(GroupDiscovered& message);
    void handle(Prepared& message);
    void handle(ProviderSaid& message);
    void handle(SandboxUp& message);
    void handle(SandboxNotCreated& message);
    void handle(BatchBegan& message);
    void handle(BatchSaid& message);
    void handle(BatchTold& message);
    void handle(BatchOver& message);
    void handle(SandboxGoing& message);
    void handle(SandboxGone& message);
    void handle(Concluded& message);
    void handle(Interrupted& message);

    // --- results
    void handle_signal(RunningBatch& batch, const framework::TestBegan& signal);
    void handle_signal(RunningBatch& batch, framework::TestEnded& signal);
    void handle_signal(RunningBatch& batch, framework::TestRefused& signal);
    void handle_signal(RunningBatch& batch, framework::UnknownCase& signal);
    void handle_signal(RunningBatch& batch, framework::RunnerNotice& signal);
    void handle_signal(RunningBatch& batch, framework::WorkerUnfit& signal);
    // Of early workers alone: these have been heard of it before.
    void handle_signal(RunningBatch& /*batch*/, framework::WorkerWillStay& /*signal*/) {}
    void handle_signal(RunningBatch& /*batch*/, framework::TestsFound& /*signal*/) {}
    void record(RunningBatch& batch, TestIndex test, TestResult result);
    // A result of the test came; a duplicate of it has lost.
    void finish(RunningBatch& batch, TestIndex test, std::optional<Seconds> took);
    // Cancels a batch that works on nothing but what was done elsewhere.
    void end_if_obsolete(RunningBatch& batch);
    void discard_artefacts(SandboxNumber sandbox, const BatchOver& over);
    void settle(RunningBatch& batch, const BatchOver& over);
    void requeue_too_long(RunningBatch& batch);
    void watch_infrastructure(const BatchOver& over);
    void warn_of_odd_exit(const RunningBatch& batch, const BatchOver& over);
    void note_artefacts(const BatchOver& over);
    void warn_of_idle_globs();

    const config::Config& config() const { return request_.config; }
    Seconds now() const { return emitter_.since_start(); }

    const RunRequest& request_;
    TestTable& tests_;
    Emitter& emitter_;
    const framework::Framework& framework_;
    provider::Provider& provider_;
    Inbox& inbox_;
    provider::Traits traits_;
    std::counting_semaphore<> destructions_;
    ExecutorShared shared_;

    std::unique_ptr<Discovery> discovery_;
    std::jthread preparation_;
    process::CancelSource preparation_cancel_;
    std::vector<GroupState> groups_;
    std::size_t discoveries_pending_ = 0;
    std::vector<Family> awaiting_discovery_;  // a sandbox, where a worker does it
    std::map<BatchNumber, EarlyWorker> early_;
    std::optional<GroupIndex> staying_group_;  // whose discovery expects to go on as a worker
    std::optional<std::string> unfit_;         // before the plan: why there can be no worker
    bool prepared_ = false;
    bool planned_ = false;
    Seconds next_forecast_{0};
    // Batches that there will be at least, as far as discovery has come: sandboxes for them are
    // made before it has ended. One test at least is expected of every run.
    std::size_t foreseen_batches_ = 1;

    schedule::Ledger ledger_;
    std::optional<schedule::Scheduler> scheduler_;
    std::size_t slots_;
    Fleet fleet_;
    std::map<BatchNumber, RunningBatch> batches_;
    std::size_t next_batch_ = 0;
    std::size_t hedges_ = 0;          // tests of which a duplicate was started
    bool streaming_ = false;          // batches run in workers where their group may have them
    std::size_t barren_workers_ = 0;  // in a row, that ended before their first test

    std::vector<TestIndex> selected_;
    std::vector<int> missing_;                 // by table index: completed batches that left it out
    std::size_t infrastructure_in_a_row_ = 0;  // batches, since the last result
    std::size_t fruitless_in_a_row_ = 0;       // batches that ended without any attempt
    std::size_t failed_starts_ = 0;            // batches whose command was not found
    bool any_result_ = false;                  // that a runner reported
    std::size_t unknown_results_ = 0;
    std::optional<std::string> unknown_failure_;  // the first failed result of no known test
    bool artefacts_tried_ = false;
    std::vector<bool> glob_matched_;  // by position in download_globs
    process::CancelSource conclusion_cancel_;
    bool concluded_ = false;
    std::string runner_report_;
    bool stopping_ = false;
    std::string stop_reason_;
    std::optional<std::string> failure_;
    std::optional<int> interrupted_by_;
};

}  // namespace offload::engine
