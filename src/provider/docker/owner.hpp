// Which process a container belongs to, written on the container itself: so a later command can
// tell whether that process is gone, without any other record.
#pragma once

#include <string>

namespace offload::provider::docker {

// This process: "BOOT NAMESPACE PID START". Two processes never share it: not on two machines, nor
// in two containers, nor one after the other.
std::string this_process();

enum class OwnerState {
    Alive,
    Gone,
    Unknown,  // it is, or was, one of another machine, container or boot
};

OwnerState state_of_owner(const std::string& owner);

}  // namespace offload::provider::docker
