// Everything that the world outside is told about a run, in the order it happened.
//
// Sinks (offload/model/sink.hpp) consume them on the thread that drives the run.
// Events hold no references into the engine. The sequence alone is enough to rebuild every report.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/model/batch_costs.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"
#include "offload/model/test_table.hpp"

namespace offload {

// How a batch's tests got their outcomes.
enum class VerdictSource {
    PerTest,   // each test has its own result
    PerBatch,  // the exit status of the batch decided all its tests ("all_tests")
};

enum class Stream { Out, Err };

struct RunStarted {
    std::string run_id;
    std::string version;
    std::string config_file;
    std::string provider;   // "local", "default", "modal"
    std::string framework;  // "pytest", "cargo", "default"
    std::vector<std::string> groups;
    std::size_t max_parallel = 1;
    VerdictSource verdict_source = VerdictSource::PerTest;
    std::string commit = {};      // of the working folder's repository; empty where there is none
    std::string branch = {};      // empty where none is checked out
    std::size_t repetitions = 1;  // how often each test is to run, whatever comes of it
};

struct DiscoveryStarted {
    GroupIndex group;
    std::string command;
};

struct TestDiscovered {
    TestIndex test;
    std::string id;
    GroupIndex group;
    std::string file;
    TestKind kind;
};

// Not told of a group that could not be discovered: the run's failure says why.
struct DiscoveryFinished {
    GroupIndex group;
    std::size_t tests = 0;  // that this group owns
    Seconds duration{0};
};

// This run is one of several parts of a whole (select/shard.hpp). Parts fit together whose digests
// are the same.
struct ShardPlanned {
    std::size_t number = 1;
    std::size_t of = 1;
    std::vector<TestIndex> whole = {};  // the tests of all shards together
    std::string config = {};            // digests: of the config file,
    std::string tests = {};             // of all tests that there are, and
    std::string division = {};          // of which test is in which shard
};

// All groups are discovered; `selected` tests will be run.
struct RunPlanned {
    std::size_t selected = 0;
    bool durations_known = false;  // false: the order is a guess, and the next run will be faster
    std::vector<TestIndex> tests = {};  // which, where they are not all
    bool refused = false;  // nothing will be run: a group could not be discovered, or has no tests
    std::optional<ShardPlanned> shard = {};
};

// The provider is about to be asked for a sandbox. Journalled before the request is made.
struct SandboxCreating {
    SandboxNumber sandbox;
    SlotNumber slot;
};

struct SandboxReady {
    SandboxNumber sandbox;
    std::string id;  // the provider's own name for it
    Seconds creation{0};
};

// It is about to be destroyed. What a killed run had begun to destroy is probably gone.
struct SandboxDestroying {
    SandboxNumber sandbox;
};

// Destroyed, or never came to be. Each SandboxCreating is followed by exactly one of these.
struct SandboxEnded {
    SandboxNumber sandbox;
    std::string id;                // empty when it was never created
    std::optional<Error> trouble;  // why it failed or could not be destroyed
    bool maybe_leaked = false;     // destroy failed: it may still exist
};

struct BatchStarted {
    BatchNumber batch;
    SandboxNumber sandbox;
    std::vector<TestIndex> tests;
    bool hedge =
        false;  // a duplicate: its tests run elsewhere as well, and the first result counts
};

// A worker was given more tests.
struct BatchExtended {
    BatchNumber batch;
    std::vector<TestIndex> tests;
};

// What the batch's command wrote, our own frames removed.
struct BatchOutput {
    BatchNumber batch;
    Stream stream = Stream::Out;
    std::string bytes;
};

// What an earlier run has found out of a test that this run is not to run: told before the plan.
struct TestCarried {
    Verdict verdict;
};

struct TestStarted {
    TestIndex test;
    int attempt = 1;
    BatchNumber batch;
    SandboxNumber sandbox;
};

struct AttemptFinished {
    Attempt attempt;
    bool will_retry = false;  // the test will run again
};

struct TestDecided {
    TestIndex test;
    Status status = Status::Passed;
};

enum class BatchOutcome { Success, Failure, Error, Cancelled };
std::string_view name_of(BatchOutcome outcome);  // "success", "failure", "error", "cancelled"

struct BatchFinished {
    BatchNumber batch;
    SandboxNumber sandbox;
    BatchOutcome outcome = BatchOutcome::Success;
    std::string how;  // "exit status 1", "killed by signal 9", "timed out after 900 s"
    Seconds duration{0};
};

// A result that belongs to no discovered test.
struct UnknownResult {
    BatchNumber batch;
    std::string name;  // as the runner wrote it, after test_id_format
    Outcome outcome = Outcome::Passed;
    std::string closest;          // discovered ID, or empty
    std::string matching_format;  // test_id_format that would have matched, or empty
};

enum class Severity {
    Note,
    Warning,
    Error,
    Detail,  // less than a note: for who asks why (-v)
};

struct Notice {
    Severity severity = Severity::Note;
    std::string text;
};

struct Counts {
    std::size_t passed = 0;  // without flaky ones
    std::size_t flaky = 0;
    std::size_t skipped = 0;
    std::size_t failed = 0;
    std::size_t errored = 0;
    std::size_t not_run = 0;

    std::size_t total() const { return passed + flaky + skipped + failed + errored + not_run; }
};
std::size_t& count_of(Counts& counts, Status status);

struct RunSummary {
    std::vector<Verdict> verdicts;  // one per test of the table, in table order
    Counts counts;
    Seconds wall{0};        // from the start of the program to the last result
    Seconds work{0};        // all attempts' durations added up
    Seconds longest{0};     // the longest chain of attempts of one test
    std::size_t slots = 1;  // sandboxes that ran at once, at most
    std::size_t unknown_results = 0;
    std::size_t hedges = 0;                      // tests of which a duplicate was started
    std::optional<std::string> failure;          // why the run could not be carried out as asked
    std::string runner_report;                   // what the runner says of the whole: coverage
    std::vector<std::string> leaked_sandboxes;   // that may still exist: the provider's names
    std::optional<BatchCosts> batch_costs = {};  // as far as the run has learnt them
    int exit_status = 0;
    std::optional<int> interrupted_by;  // signal number
};

struct RunFinished {
    RunSummary summary;
};

using EventBody =
    std::variant<RunStarted, DiscoveryStarted, TestDiscovered, DiscoveryFinished, RunPlanned,
                 SandboxCreating, SandboxReady, SandboxDestroying, SandboxEnded, BatchStarted,
                 BatchExtended, BatchOutput, TestStarted, AttemptFinished, TestDecided,
                 BatchFinished, UnknownResult, Notice, TestCarried, RunFinished>;

struct Event {
    SystemTime at;
    Seconds since_start{0};  // on the steady clock
    EventBody body;
};

}  // namespace offload
