// What Offload must know of a test framework: how to discover, how to run a batch, how to read what
// came back. Pure builders and parsers: nothing here runs a command or touches a file.
//
// A kind of framework is a folder of this module: see kind.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/model/discovered.hpp"
#include "offload/model/event.hpp"
#include "offload/model/result.hpp"
#include "offload/model/signal.hpp"
#include "offload/model/test_table.hpp"

namespace offload::framework {

using offload::Carry;
using offload::Companion;
using offload::Discovered;
using offload::RunnerNotice;
using offload::Signal;
using offload::Signals;
using offload::TestBegan;
using offload::TestEnded;
using offload::TestRefused;
using offload::TestsFound;
using offload::UnknownCase;
using offload::WorkerUnfit;
using offload::WorkerWillStay;

using Variables = std::vector<std::pair<std::string, std::string>>;

// A file that must stand where a command runs before it starts.
struct CarriedFile {
    std::string path;  // absolute, inside RunContext::folder
    std::string content;
};

// A large file of this machine that must stand in the sandbox before a command starts there. It
// goes to each sandbox once, however many commands name it.
struct ShippedFile {
    std::string from;
    std::string to;  // absolute, inside RunContext::folder
};

// Where a command will run. Made by the engine from the sandbox, or of this machine.
struct RunContext {
    std::string folder;        // absolute; a folder of the run's own that exists there
    std::string nonce;         // of this run; guards frames in the output against accidents
    std::string label;         // unique in the run: "batch-7", "discovery-0"; fit for file names
    bool same_machine = true;  // shares this machine's file system and tools
    bool fail_fast = false;    // stop at the first failure
    // With same_machine: a folder that lasts as long as the run, for what its commands may share.
    std::string run_folder = {};
    // Where others run in the same sandbox: a folder that all of them may make and share there.
    std::string sandbox_folder = {};
};

// How an exec ended, as far as the framework is concerned.
struct Ended {
    std::optional<int> exit_status;  // nothing: killed by a signal, timed out, cancelled
    std::string how;                 // "exit status 2", "killed by signal 11 (SIGSEGV)"
};

// --- Discovery -------------------------------------------------------------------------------

using Groups = std::vector<const config::Group*>;

// Where the tests that are found will run.
enum class Destination {
    Here,       // on this machine, or not at all
    Elsewhere,  // in sandboxes that take shipped files,
    Closed,     // or in some that do not
};

struct DiscoveryRequest {
    const config::Group& group;
    RunContext context = {};
    // More groups, whose tests the same command should tell: see Framework::discovers_together().
    Groups companions = {};
    Destination destination = Destination::Here;
};

struct DiscoveryCommand {
    std::string command;  // for a POSIX shell, in the working folder of where it runs
    Variables env;
    std::vector<CarriedFile> files;
    std::string shown;  // the command as the user would type it, for messages
};

// --- Batches ---------------------------------------------------------------------------------

// When a worker starts.
enum class WorkerStart {
    WithTests,        // its group's tests are known
    ToDiscover,       // it finds them itself, first
    DuringDiscovery,  // another one does, meanwhile
};

struct BatchRequest {
    const config::Group& group;
    std::span<const Test* const> tests;  // in the order in which they should run
    RunContext context;
    std::shared_ptr<const Carry> carry;  // of the group's discovery; null where that still goes on
    WorkerStart start = WorkerStart::WithTests;
    Groups companions = {};  // ToDiscover: as of a DiscoveryRequest
};

// A process of an earlier command, if it is there, forks one that does what the command would do:
// where all of them run on one machine.
struct ForkedInstead {
    std::string socket;  // where it waits
    std::string plan;    // what the fork is to do: the path of one of the command's files
};

struct BatchCommand {
    std::string command;  // for a POSIX shell in the sandbox, in its working folder
    Variables env;
    std::vector<CarriedFile> files;
    std::vector<ShippedFile> shipped = {};
    // Where the command leaves JUnit XML, absolute or relative to the working folder; nothing when
    // results come in the output or the exit status decides.
    std::optional<std::string> result_file;
    std::optional<ForkedInstead> fork;
    bool shared_result_file = false;  // no unique path is possible: batches run one at a time here,
                                      // and the file is deleted before each
};

// Reads one batch's output. Used on one thread, for one exec. Keeps its own copy of the batch's
// IDs.
class BatchReader {
  public:
    virtual ~BatchReader() = default;

    // Takes the next bytes of a stream, in pieces cut anywhere. Appends what it understood to
    // `signals`, and to `visible` what is the user's own output.
    virtual void feed(Stream stream, std::string_view bytes, Signals& signals,
                      std::string& visible) = 0;

    struct Reading {
        bool complete = false;        // the runner came to its regular end; its results are whole
        std::string trouble;          // why not, if there is something to say: "no result file", …
        bool no_result_file = false;  // the runner has left none where it should
    };
    // The exec is over. `result_file`: its content, nothing when it is not there. Bytes still held
    // back by feed() go to `visible`.
    virtual Reading finish(const Ended& ended, const std::optional<std::string>& result_file,
                           Signals& signals, std::string& visible) = 0;

    // True when tests' starts were told as they happened (TestBegan). To be asked after finish().
    virtual bool tells_starts() const = 0;
};

// --- Workers ---------------------------------------------------------------------------------

// A worker is one process that runs tests as it is told to, for as long as it is wanted
// (docs/worker-protocol.md). Its life is one batch whose tests become known while it runs.

struct WorkerTest {
    const Test* test = nullptr;
    int attempt = 1;
};

// One worker's other end: words what it is told, and reads what it says. Positions count all tests
// that it was ever given.
class WorkerTalk : public BatchReader {
  public:
    // Each returns a text for the worker's standard input.
    virtual std::string run(std::span<const WorkerTest> tests) = 0;
    // Nothing more is known now: the last test it has need not wait for what follows.
    virtual std::string no_more_for_now() = 0;
    // It ends as soon as it has run what it has.
    virtual std::string stop() = 0;
};

// --- After the last test -----------------------------------------------------------------------

struct ConcludedGroup {
    const config::Group& group;
    std::shared_ptr<const Carry> carry;  // of the group's discovery
};

struct ConclusionRequest {
    std::vector<ConcludedGroup> groups;  // in file order
    RunContext context;                  // of this machine, in discovery's folder
    bool any_failure = false;            // a test has failed or was not run
};

struct Conclusion {
    std::string report;  // for the user: what the runner says of the whole
    std::vector<std::string> warnings;
    std::optional<std::string> failure;  // what was demanded of the whole, and is not there
};

// --- What only some frameworks can do ----------------------------------------------------------

// One command may tell the tests of several groups.
class JointDiscovery {
  public:
    virtual ~JointDiscovery() = default;

    // Whether one could tell those of both. Where it then cannot, it leaves out the companion.
    virtual bool discovers_together(const config::Group& group,
                                    const config::Group& companion) const = 0;
};

class Workers {
  public:
    virtual ~Workers() = default;

    // Whether a worker can be the one that finds the tests of a group: it does what discovery()
    // says in the same way, and then stays. Its talk tells TestsFound, whatever
    // comes of it.
    virtual bool has_discovering_worker() const = 0;
    // Whether tests of a group with this carry may run in a worker.
    virtual bool has_worker(const std::shared_ptr<const Carry>& carry) const = 0;
    // Whether a worker may be on another machine.
    virtual bool works_elsewhere() const { return true; }
    // Whether a worker gives each of its tests a process of its own, where tests are to have one.
    // One that discovers such tests does not stay.
    virtual bool keeps_apart() const { return false; }
    // The command that starts a worker, where there may be one. The request holds no tests.
    // `test_limit`: how long one of them may take.
    virtual Result<BatchCommand> worker(const BatchRequest& request,
                                        std::chrono::seconds test_limit) const = 0;
    virtual std::unique_ptr<WorkerTalk> worker_talk(const BatchRequest& request) const = 0;
};

// A last command on this machine makes one of what the batches left here (coverage).
class Concluding {
  public:
    virtual ~Concluding() = default;

    // Nothing: none is needed.
    virtual std::optional<DiscoveryCommand> conclusion(const ConclusionRequest& request) const = 0;
    virtual Conclusion read_conclusion(const RunContext& context, const Ended& ended,
                                       std::string_view out, std::string_view err) const = 0;
};

class Framework {
  public:
    virtual ~Framework() = default;

    virtual std::string_view name() const = 0;  // "pytest", "cargo", "default"

    virtual VerdictSource verdict_source() const { return VerdictSource::PerTest; }

    // Whether the runner says with this exit status that tests have failed, and nothing else.
    virtual bool says_tests_failed(int exit_status) const { return exit_status != 0; }

    // Things the user should know before the run, e.g. that flakiness cannot be told.
    virtual std::vector<std::string> warnings() const { return {}; }

    // Error: filters or arguments that cannot be understood.
    virtual Result<DiscoveryCommand> discovery(const DiscoveryRequest& request) const = 0;

    // Error: the command failed or its output makes no sense; the message shows the command, its
    // exit status and the end of its output, and says how to install a tool that is missing.
    // A group without tests is no error.
    virtual Result<Discovered> read_discovery(const DiscoveryRequest& request, const Ended& ended,
                                              std::string_view out, std::string_view err) const = 0;

    virtual Result<BatchCommand> batch(const BatchRequest& request) const = 0;
    virtual std::unique_ptr<BatchReader> reader(const BatchRequest& request) const = 0;

    // Owned by this framework. Null: it cannot.
    virtual const JointDiscovery* joint_discovery() const { return nullptr; }
    virtual const Workers* workers() const { return nullptr; }
    virtual const Concluding* concluding() const { return nullptr; }

    // How many bytes of BatchCommand::command one test takes, at most. 0: IDs travel in files.
    virtual std::size_t command_bytes(std::string_view id) const = 0;
};

// The framework that the config names.
Result<std::unique_ptr<Framework>> make_framework(const config::Config& config);

}  // namespace offload::framework
