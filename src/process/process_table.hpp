// What the kernel tells about processes below /proc.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace offload::process {

// All that exist at this moment, this one included.
std::vector<pid_t> all_processes();

enum class Environment {
    Known,     // read, and it may be empty
    Zombie,    // ended, and left to its parent
    Starting,  // in the middle of execve(2), for a fifth of a second now
    Hidden,    // another user's, or the kernel's own
    Vanished,  // no such process any more
};

// The environment with which the process was started: assignments, each with a NUL at its end.
// Waits for a process that is just being started to have one.
Environment read_environment(pid_t pid, std::string& environment);

// True for a process that has ended, whose parent this process is.
bool is_own_zombie(pid_t pid);

}  // namespace offload::process
