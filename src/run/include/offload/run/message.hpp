// What a run is told: the answers to its actions, and what happens by itself. Plain data.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/model/discovered.hpp"
#include "offload/model/ending.hpp"
#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/signal.hpp"

namespace offload::run {

// --- To SetUp and TearDown: any number of the first, and its end

struct ScriptSaid {  // which is run, and how it went
    std::string line;
};
struct SetUpOver {
    Result<> result;
};
struct TornDown {
    std::vector<Error> troubles;
};

// --- The answer to Discover: one for each

struct GroupDiscovered {
    GroupIndex group;
    std::vector<GroupIndex> companions;  // whose tests it was to tell as well
    Result<Discovered> discovered;
    std::string report;  // the command, how it ended, the end of its output: for "no tests found"
    Seconds duration{0};
};

// --- To Prepare: any number of lines that the preparation prints, and its end

struct ProviderSaid {
    std::string line;
};
struct Prepared {
    Result<> result;
};

// --- To CreateSandbox: one of the first two; after SandboxUp, in the end, the other two

struct SandboxUp {
    SandboxNumber sandbox;
    std::string id;
    Seconds creation{0};
};
struct SandboxNotCreated {
    SandboxNumber sandbox;
    Error error;
};
struct SandboxGoing {  // it is about to be destroyed
    SandboxNumber sandbox;
};
struct SandboxGone {  // destroyed, or given up on; its last message
    SandboxNumber sandbox;
    std::optional<Error> trouble;
};

// --- To StartBatch: at most one BatchBegan, any number of the next two, one BatchOver

struct BatchBegan {  // its start-up is over, where that is known
    BatchNumber batch;
};
struct BatchSaid {
    BatchNumber batch;
    Stream stream = Stream::Out;
    std::string bytes;
};
struct BatchTold {
    BatchNumber batch;
    Signals signals;
};

// What was fetched of the files that the user wants.
struct Fetched {
    bool tried = false;
    std::vector<std::string> files = {};  // relative paths
    std::optional<Error> trouble = {};
    std::vector<std::string> across_folders = {};  // globs that matched only so
};

struct BatchOver {
    BatchNumber batch;
    Ending ending;
    std::string trouble = {};      // what was wrong with its results; may be empty
    std::string last_output = {};  // the end of what it printed
    bool starts_known = false;     // the framework told when tests began
    bool no_result_file = false;   // that should be there was not
    bool sandbox_usable = true;    // false: it is being destroyed already
    Seconds wall{0};
    Seconds since{0};  // its end: what was fetched has taken time
    Fetched artefacts = {};
};

// --- The answer to Conclude

struct Conclusion {
    std::string report;  // for the user: what the runner says of the whole
    std::vector<std::string> warnings;
    std::optional<std::string> failure;  // what was demanded of the whole, and is not there
};
struct Concluded {
    Result<Conclusion> conclusion;
};

// --- From outside

struct Interrupted {
    int signal = 0;
};

using Message = std::variant<ScriptSaid, SetUpOver, TornDown, GroupDiscovered, ProviderSaid,
                             Prepared, SandboxUp, SandboxNotCreated, SandboxGoing, SandboxGone,
                             BatchBegan, BatchSaid, BatchTold, BatchOver, Concluded, Interrupted>;

}  // namespace offload::run
