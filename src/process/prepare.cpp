#include "prepare.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>

#include "offload/process/child.hpp"

namespace offload::process {
namespace {

constexpr std::size_t kThreadStack = 512 * 1024;  // address space; only touched pages cost memory
constexpr rlim_t kUnchanged = RLIM_INFINITY;

std::atomic<rlim_t> original_limit{kUnchanged};

void raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    rlim_t expected = kUnchanged;  // a second call must not take the raised limit for the original
    original_limit.compare_exchange_strong(expected, before);
}

// A pipe must never get one of the numbers that stand for standard streams.
void occupy_standard_streams() {
    int number = 0;
    do {
        number = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (number >= 0 && number <= 2) fcntl(number, F_SETFD, 0);
    } while (number >= 0 && number <= 2);
    if (number > 2) ::close(number);
}

void set_thread_stacks() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    return;  // their own data on each stack is larger than that
#endif
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    if (pthread_attr_setstacksize(&attributes, kThreadStack) == 0) {
        pthread_setattr_default_np(&attributes);
    }
    pthread_attr_destroy(&attributes);
}

}  // namespace

std::optional<rlim_t> original_file_limit() {
    const rlim_t limit = original_limit.load();
    if (limit == kUnchanged) return std::nullopt;
    return limit;
}

void prepare_this_process() {
    occupy_standard_streams();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);
    raise_file_limit();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    set_thread_stacks();
}

}  // namespace offload::process
