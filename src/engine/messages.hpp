// What the threads of a run tell each other. Plain data, moved through mailboxes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/config/config.hpp"
#include "offload/engine/mailbox.hpp"
#include "offload/framework/framework.hpp"
#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"
#include "offload/schedule/settle.hpp"
#include "worker_orders.hpp"

namespace offload::engine {

// --- Towards the dispatcher --------------------------------------------------------------------

// One group's discovery is over.
struct GroupDiscovered {
    GroupIndex group;
    std::vector<GroupIndex> companions;  // whose tests it was to tell as well
    Result<framework::Discovered> discovered;
    std::string report;  // the command, how it ended, the end of its output: for "no tests found"
    Seconds duration{0};
};

// The provider's prepare() is over.
struct Prepared {
    Result<> result;
};

// A line that the provider's preparation printed.
struct ProviderSaid {
    std::string line;
};

struct SandboxUp {
    SandboxNumber sandbox;
    std::string id;
    Seconds creation{0};
};

struct SandboxNotCreated {
    SandboxNumber sandbox;
    Error error;
};

// Its start-up is over.
struct BatchBegan {
    BatchNumber batch;
};

struct BatchSaid {
    BatchNumber batch;
    Stream stream = Stream::Out;
    std::string bytes;
};

struct BatchTold {
    BatchNumber batch;
    framework::Signals signals;
};

struct BatchOver {
    BatchNumber batch;
    schedule::BatchEnd end = schedule::BatchEnd::Completed;
    std::string how;      // "exit status 1"
    std::string trouble;  // "the result file … was not written"
    std::string last_output;
    std::optional<Error> error;  // of an Infrastructure end
    bool too_long = false;       // the command exceeds what the way to the sandbox takes; never ran
    bool sandbox_usable = true;  // false: its executor is destroying it already
    std::optional<int> exit_status;  // nothing where it did not exit by itself
    bool starts_known = false;       // the framework told when tests began
    Seconds wall{0};
    std::vector<std::string> artefacts;  // relative paths of the files that were downloaded
    std::optional<Error> artefact_trouble;
    bool artefacts_wanted = false;  // a download was tried
};

// It is about to be destroyed.
struct SandboxGoing {
    SandboxNumber sandbox;
};

// Destroyed, or given up on. The executor's last message.
struct SandboxGone {
    SandboxNumber sandbox;
    std::optional<Error> trouble;
};

// The framework's last command is over.
struct Concluded {
    Result<framework::Conclusion> conclusion;
};

struct Interrupted {
    int signal;
};

using Message = std::variant<GroupDiscovered, Prepared, ProviderSaid, SandboxUp, SandboxNotCreated,
                             BatchBegan, BatchSaid, BatchTold, BatchOver, SandboxGoing, SandboxGone,
                             Concluded, Interrupted>;
using Inbox = Mailbox<Message>;

// --- Towards an executor -----------------------------------------------------------------------

struct BatchJob {
    BatchNumber batch;
    const config::Group* group = nullptr;  // lives as long as the run
    std::vector<const Test*> tests;        // likewise
    std::shared_ptr<const Carry> carry;
    int attempt = 1;  // the smallest of its tests' attempts
    // Of a worker, whose tests come this way.
    std::shared_ptr<WorkerOrders> orders;
    framework::WorkerStart start = framework::WorkerStart::WithTests;
    framework::Groups companions = {};  // of one that discovers
};

struct Stop {};

using Order = std::variant<BatchJob, Stop>;

}  // namespace offload::engine
