#include "signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include <utility>

#include "console.hpp"
#include "exit_status.hpp"
#include "offload/process/child.hpp"

namespace offload::app {
namespace {

// Ours alone, to wake the watching thread up at the end.
constexpr int kWakeUp = SIGUSR1;

bool is_ignored(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Within it, a repetition is the same wish.
constexpr std::chrono::seconds kOneWish{2};

}  // namespace

SignalPolicy::Answer SignalPolicy::on(int signal, SteadyTime now) {
    if (!first_) {
        first_ = now;
        return Answer::Begin;
    }
    if (now - *first_ < kOneWish) return Answer::SameWish;
    return signal == SIGINT ? Answer::EndAtOnce : Answer::GoingOn;
}

SignalWatch::SignalWatch(std::function<void(int)> first, std::function<SteadyTime()> now)
    : first_(std::move(first)), now_(std::move(now)) {
    sigemptyset(&watched_);
    for (const int signal : {SIGINT, SIGTERM, kWakeUp}) sigaddset(&watched_, signal);
    if (!is_ignored(SIGHUP)) sigaddset(&watched_, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &watched_, &before_);
    thread_ = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
    ending_ = true;
    ::pthread_kill(thread_.native_handle(), kWakeUp);
    thread_.join();
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalWatch::received() const {
    const int signal = received_;
    return signal == 0 ? std::nullopt : std::optional(signal);
}

void SignalWatch::watch() {
    SignalPolicy policy;
    while (!ending_) {
        int signal = 0;
        if (::sigwait(&watched_, &signal) != 0 || signal == kWakeUp) continue;
        switch (policy.on(signal, now_())) {
            case SignalPolicy::Answer::Begin:
                received_ = signal;
                first_(signal);
                break;
            case SignalPolicy::Answer::SameWish:
                break;
            case SignalPolicy::Answer::GoingOn:
                write_stderr("\noffload: still destroying sandboxes; Ctrl-C ends at once\n");
                break;
            case SignalPolicy::Answer::EndAtOnce:
                write_stderr("\noffload: interrupted again: ending at once, without cleaning up\n");
                process::end_everything();
                ::_exit(exit_status_of_signal(signal));
        }
    }
}

}  // namespace offload::app
