#include "pipes.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace offload::process {
namespace {

// Makes sure that a descriptor is none of the numbers that dup2 is about to overwrite.
int move_up(Descriptor& descriptor) {
    if (descriptor.number() > 2) return 0;
    const int moved = fcntl(descriptor.number(), F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return errno;
    descriptor = Descriptor(moved);
    return 0;
}

// Returns an errno.
int open_pipe(Pipe& pipe) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pipe = {Descriptor(ends[0]), Descriptor(ends[1])};
    for (Descriptor* end : {&pipe.read, &pipe.write}) {
        if (const int error_number = move_up(*end)) return error_number;
    }
    return 0;
}

void make_non_blocking(const Descriptor& descriptor) {
    if (!descriptor.open()) return;
    fcntl(descriptor.number(), F_SETFL, fcntl(descriptor.number(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

tl::expected<Pipes, int> make_pipes(const Streams& streams) {
    Pipes pipes;
    int failed = streams.input == StandardInput::Pipe ? open_pipe(pipes.input) : 0;
    if (failed == 0) failed = open_pipe(pipes.output);
    if (failed == 0 && !streams.error) failed = open_pipe(pipes.error);
    if (failed != 0) return tl::unexpected(failed);
    return pipes;
}

Started started_with(pid_t pid, Pipes pipes) {
    Started started{.pid = pid,
                    .input = std::move(pipes.input.write),
                    .output = std::move(pipes.output.read),
                    .error = std::move(pipes.error.read)};
    make_non_blocking(started.input);
    make_non_blocking(started.output);
    make_non_blocking(started.error);
    return started;
}

}  // namespace offload::process
