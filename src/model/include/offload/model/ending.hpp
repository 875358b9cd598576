// How the exec of a batch ended. Facts, for decisions; describe() makes the words that people see.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"

namespace offload {

namespace ending {

struct Exited {
    int status = 0;
};
struct Signalled {
    int signal = 0;
};
using Process = std::variant<Exited, Signalled>;

// The runner came to its regular end, and its results are whole.
struct Completed {
    Process process;
};
// It crashed or was killed, or its results are missing or cut.
struct Died {
    Process process;
};
struct TimedOut {
    enum class Of { Batch, Test };  // whose limit it was: the exec's, or one test's in a worker
    Seconds limit{0};
    Of of = Of::Batch;
};
// By us.
struct Cancelled {
    enum class Why { Stopped, DoneElsewhere, NoWorkerPossible };
    Why why = Why::Stopped;
};
// Not the command but the sandbox, or the way to it, failed.
struct Lost {
    Error error;
};
// The command is longer than what the way to the sandbox takes; it never ran.
struct DidNotFit {
    std::size_t limit_bytes = 0;
};

}  // namespace ending

using Ending = std::variant<ending::Completed, ending::Died, ending::TimedOut, ending::Cancelled,
                            ending::Lost, ending::DidNotFit>;

// "exit status 1", "killed by signal 11 (SIGSEGV)", "timed out after 900 s".
std::string describe(const Ending& ending);

// Of a process that ended by itself; nothing where it did not, or where a signal ended it.
std::optional<int> exit_status(const Ending& ending);

template <class T>
bool is(const Ending& ending) {
    return std::holds_alternative<T>(ending);
}

}  // namespace offload
