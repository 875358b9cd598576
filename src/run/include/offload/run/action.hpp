// What a run wants done. The engine performs each, in order, and brings the answers as messages.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/discovered.hpp"
#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"

namespace offload::run {

// Groups whose tests one command tells, as far as it can.
struct Family {
    GroupIndex group;
    std::vector<GroupIndex> companions = {};

    std::size_t size() const { return 1 + companions.size(); }
};

// --- What is known of the run, for sinks

struct Tell {
    EventBody event;
};
struct Forecast {  // the rest of the run is expected to take so long
    Seconds left{0};
};

// --- Beginnings

struct SetUp {};  // the user's own commands, before all else
struct CancelSetup {};
struct Discover {  // by a command of its own
    std::vector<Family> families;
};
struct CancelDiscoveries {};
struct Prepare {};
struct CancelPreparation {};

// --- Sandboxes

struct CreateSandbox {
    SandboxNumber sandbox;
    SlotNumber slot;
};
struct CancelCreations {};  // all that are under way
// After what it does now, if anything. Also of one that is still being made.
struct DestroySandbox {
    SandboxNumber sandbox;
};

// --- Batches

struct TestToRun {
    TestIndex test;
    int attempt = 1;
};

// How a batch is run.
enum class Way {
    Plain,          // all its tests are known
    Worker,         // the same, but it is fed while it runs
    ToDiscover,     // a worker that finds the tests of its group, and then waits
    WhileDiscovery  // a worker that starts while another one does
};
constexpr bool is_worker(Way way) { return way != Way::Plain; }

struct StartBatch {
    SandboxNumber sandbox;  // an idle one
    BatchNumber batch;
    GroupIndex group;
    Way way = Way::Plain;
    std::vector<TestToRun> tests;  // none of workers without tests
    std::shared_ptr<const Carry> carry = nullptr;
    std::vector<GroupIndex> companions = {};  // ToDiscover
};
struct Feed {  // its worker
    SandboxNumber sandbox;
    std::vector<TestToRun> tests;
};
struct FeedNoMoreForNow {
    SandboxNumber sandbox;
};
struct EndWorker {  // once it has run what it has
    SandboxNumber sandbox;
};
// Ends what runs in the sandbox, which is not used again.
struct EndBatch {
    enum class How {
        Cancel,
        CancelAndFetch,  // some of its results count, and so do its files
        Expire,          // one of its tests takes too long
    };
    SandboxNumber sandbox;
    How how = How::Cancel;
};
// Its files were fetched, and it does not count.
struct DiscardArtefacts {
    SandboxNumber sandbox;
    std::string sandbox_id;
    BatchNumber batch;
};

// --- The end

struct ConcludedGroup {
    GroupIndex group;
    std::shared_ptr<const Carry> carry;
};
struct Conclude {  // the framework's last command, if it has one
    std::vector<ConcludedGroup> groups;
    bool any_failure = false;
};
struct CancelConclusion {};
struct TearDown {};  // the user's own commands, after all else

using Action = std::variant<Tell, Forecast, SetUp, CancelSetup, Discover, CancelDiscoveries,
                            Prepare, CancelPreparation, CreateSandbox, CancelCreations,
                            DestroySandbox, StartBatch, Feed, FeedNoMoreForNow, EndWorker, EndBatch,
                            DiscardArtefacts, Conclude, CancelConclusion, TearDown>;
// In this order. A plan tells of every test at once: a deque never holds them twice, and gives back
// what has been done.
using Actions = std::deque<Action>;

}  // namespace offload::run
