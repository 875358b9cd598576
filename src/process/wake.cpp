#include "offload/process/wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

namespace offload::process {

Wake::Wake() : number_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Wake::~Wake() {
    if (number_ >= 0) ::close(number_);
}

void Wake::ring() const {
    // It fails only where the counter is full, and then the descriptor is readable anyway.
    ::eventfd_write(number_, 1);
}

void Wake::clear() const {
    eventfd_t count = 0;
    ::eventfd_read(number_, &count);
}

}  // namespace offload::process
