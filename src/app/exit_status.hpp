// What the exit status means. Documented behaviour: scripts rely on it.
#pragma once

#include <optional>

#include "offload/model/event.hpp"

namespace offload::app {

inline constexpr int kSuccess = 0;  // the command did what it was asked; all tests passed
inline constexpr int kFailure = 1;  // a test failed, errored or was not run; or nothing could be
inline constexpr int kFlaky = 2;    // all passed, some only on retry

// What the user wants to hear of a run in which all tests passed.
struct ExitStatusWishes {
    std::optional<int> flaky = {};  // instead of kFlaky
    std::optional<int> leak = {};   // where a sandbox may be left; nothing: as if none were
    bool may_be_empty = false;      // a shard of a run that has more shards than tests
};

// Of a run.
int exit_status(const RunSummary& summary, const ExitStatusWishes& wishes);

// Of anything that a signal has ended.
int exit_status_of_signal(int signal);

}  // namespace offload::app
