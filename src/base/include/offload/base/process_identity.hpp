// Which process it is: told so that it can be looked for later, when its number may have gone to
// another.
#pragma once

#include <string>

namespace offload {

struct ProcessIdentity {
    int pid = 0;
    std::string started;    // in ticks since the machine's start; empty: nothing is known
    std::string boot;       // of the machine: numbers and ticks begin anew with each
    std::string pid_space;  // a container counts its processes for itself

    bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity this_process();

enum class Life {
    Lives,
    Gone,     // also where it has ended and nobody has taken note of it yet
    Unknown,  // it is none that can be seen from here
};
Life life_of(const ProcessIdentity& process);

// The ticks at which the process started; empty where there is none of this number.
std::string start_of_process(const std::string& pid);

}  // namespace offload
