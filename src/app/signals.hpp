// Ctrl-C and the like: the first ends the work in an orderly way, the second at once.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <optional>
#include <thread>

namespace offload::app {

// While it lives, SIGINT, SIGTERM and SIGHUP (unless ignored, as under nohup) are taken by a thread
// of its own. Make it before any other thread: those started later inherit the blocked signals.
class SignalWatch {
  public:
    // `first` is called on the watching thread with the first signal. At the second, every child is
    // killed and the process ends with 128 + signal.
    explicit SignalWatch(std::function<void(int)> first);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    std::optional<int> received() const;

  private:
    void watch();

    std::function<void(int)> first_;
    sigset_t watched_{};
    sigset_t before_{};
    std::atomic<int> received_{0};
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

}  // namespace offload::app
