// One child process, from start to end, as a plain blocking call. The child leads a process group
// of its own, and none of that group outlives the call.
//
// Not here: what the output means, and any thread. A caller that wants several children at once
// brings several threads.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/process/cancel.hpp"

namespace offload::process {

// A process that listens on a socket of Unix's and forks what is wished for, which then is this
// one's child (its orphan) in a process group of its own. One message, the wish, takes the child's
// standard streams along; the child answers with its number, and goes on once it gets an answer.
struct Fork {
    std::string socket;
    std::string wish;  // what the two have agreed on
};

struct Command {
    std::vector<std::string> argv;  // argv[0] is searched in $PATH
    // On top of this process's own environment; a later entry of one name wins.
    std::vector<std::pair<std::string, std::string>> env = {};
    std::string working_folder = {};  // empty: this process's own
    // Takes the child's stderr in place of the output handler; stays the caller's.
    std::optional<int> standard_error = {};
    // Tried first: brings about the same as the rest of this would, only sooner.
    std::optional<Fork> fork = {};
};

// Bytes for a child's standard input that become known while it runs.
class Input {
  public:
    virtual ~Input() = default;
    // Readable (poll) whenever take() has something new to say.
    virtual int descriptor() const = 0;
    // Moves what is there to the caller; `end` is set once no more will come. Never blocks.
    virtual std::string take(bool& end) = 0;
};

enum class Channel { Out, Err };

// Pieces of at most 64 KiB, in the order in which they were read; on the calling thread.
using OutputHandler = std::function<void(Channel, std::string_view)>;

struct Limits {
    std::optional<SteadyTime> deadline;  // nothing: none
    CancelToken cancel;
    // Between the cancellation and its enforcement: for what should rather come to its own end.
    std::chrono::milliseconds cancel_delay{0};
    // A child that has written nothing to its stdout by then is ended as timed out and silent.
    std::optional<SteadyTime> first_output = {};
    std::chrono::milliseconds grace{2000};  // between SIGTERM and SIGKILL
    std::chrono::milliseconds drain{500};   // for pipes that outlive the child
};

struct Exited {
    int status;
};
struct Signalled {
    int signal;
};
struct NotStarted {
    int error_number;
};

struct End {
    std::variant<Exited, Signalled, NotStarted> how;
    bool timed_out = false;      // the deadline passed and the group was ended for it
    bool silent = false;         // the deadline was the one for the first output
    bool cancelled = false;      // likewise for the cancellation
    bool needed_kill = false;    // SIGTERM was not enough
    bool drain_expired = false;  // something still held the pipes open
    Seconds wall{0};
    Seconds cpu{0};  // user and system, of the child and those it waited for
    // Bytes, of the largest single process; the kernel counts this program's own size at the start
    // as a lower bound.
    std::size_t peak_memory = 0;

    bool success() const;          // exited with 0, neither timed out nor cancelled
    std::string describe() const;  // "exit status 1", "killed by signal 9 (SIGKILL)", …
};

// Runs the command to its end. Its standard input is `first`, then what `input` has; neither gives
// /dev/null. Both bounds of `limits` end the whole group: SIGTERM, grace, SIGKILL. Running out of
// descriptors or processes makes it wait and try again until the deadline. Never throws but for
// lack of memory.
End run(const Command& command, const Limits& limits, const OutputHandler& output,
        Input* input = nullptr, std::string first = {});

// run() with everything kept, for short outputs. `watch` sees it as it comes.
struct Captured {
    End end;
    std::string out;
    std::string err;
};
Captured capture(const Command& command, const Limits& limits, std::string_view stdin_text = {},
                 const OutputHandler& watch = {});

// Once, at the program's start, before any thread: SIGPIPE is ignored, SIGCHLD default, the soft
// limit of open files raised to the hard one (children get the original back), this process becomes
// a subreaper, and threads get small stacks.
void prepare_this_process();

// Kills every process group that run() is responsible for at this moment with SIGKILL. Safe to call
// from any thread, at any moment.
void kill_everything();

// The same for good, for the Ctrl-C that is pressed again: run() starts nothing any more
// (NotStarted, ECANCELED), and what it was just starting or burying has been killed when this
// returns. Waits for that, for two seconds at most. The process is to exit next.
void end_everything();

// Ends what has escaped its process group (setsid) but carries `variable`=`value` in its
// environment, and reaps it. Returns how many there were.
std::size_t end_strays(std::string_view variable, std::string_view value);

// Whether any process of this machine carries `variable`=`value` in its environment.
bool is_running_with(std::string_view variable, std::string_view value);

}  // namespace offload::process
