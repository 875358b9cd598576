// Pipes to a child's standard streams.
#pragma once

#include <tl/expected.hpp>

#include "descriptor.hpp"
#include "spawn.hpp"

namespace offload::process {

struct Pipe {
    Descriptor read;
    Descriptor write;
};

// Closed where the child's stream goes somewhere else.
struct Pipes {
    Pipe input;
    Pipe output;
    Pipe error;
};

// Error: an errno.
tl::expected<Pipes, int> make_pipes(const Streams& streams);

// The child has its ends; ours, which become non-blocking.
Started started_with(pid_t pid, Pipes pipes);

}  // namespace offload::process
