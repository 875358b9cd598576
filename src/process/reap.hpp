// The end of a process group: what is left of it is ended and reaped.
#pragma once

#include <sys/types.h>

#include <optional>

#include "groups.hpp"
#include "offload/process/child.hpp"

namespace offload::process {

// Whether this process is a subreaper: only one inherits the orphans of its children and can tell
// by them who is left. Emulators may know of none.
bool inherits_orphans();

// True when the child has ended (or is no child of ours); it stays a zombie, which keeps its number
// from being reused.
bool has_ended(pid_t pid);

// Reaps members of the group that have ended and were left to us, but never its leader.
void reap_orphans(pid_t leader);

struct Remains {
    bool needed_kill = false;
};

// For a leader that is a zombie: takes its group off the list, reaps it into `end` (how, cpu,
// peak_memory), ends the rest of the group and reaps what of it is ours. `patience`: until when the
// rest, which has had its SIGTERM, may end by itself; nothing: it is killed at once.
Remains bury(pid_t leader, ListedGroup& group, std::optional<SteadyTime> patience, End& end);

}  // namespace offload::process
