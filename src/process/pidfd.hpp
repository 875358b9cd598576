// Descriptors of processes. By system call, for <sys/pidfd.h> of glibc 2.36 declares its functions
// without C linkage.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "descriptor.hpp"

namespace offload::process {

// Readable once the process has ended. Closed, with errno set, when there is none to be had:
// kernels before 5.3 have none, and containers of old engines refuse them.
inline Descriptor open_process(pid_t pid) {
    return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// False, with errno set, when the process could not be signalled.
inline bool signal_process(const Descriptor& process, int signal) {
    return ::syscall(SYS_pidfd_send_signal, process.number(), signal, nullptr, 0) == 0;
}

}  // namespace offload::process
