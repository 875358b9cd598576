// Ctrl-C and the like: the first ends the work in an orderly way, a later Ctrl-C at once.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <optional>
#include <thread>

#include "offload/base/time.hpp"

namespace offload::app {

// What to do about each signal that asks this program to end. Pure: time is an argument.
//
// `timeout`, terminals that close and CI agents send a signal to the process and to its group, or
// one kind after another; only a person who presses Ctrl-C again wants the program to end without
// cleaning up. SIGTERM and SIGHUP never mean that.
class SignalPolicy {
  public:
    enum class Answer { Begin, SameWish, GoingOn, EndAtOnce };

    Answer on(int signal, SteadyTime now);

  private:
    std::optional<SteadyTime> first_;
};

// While it lives, SIGINT, SIGTERM and SIGHUP (unless ignored, as under nohup) are taken by a thread
// of its own. Make it before any other thread: those started later inherit the blocked signals.
class SignalWatch {
  public:
    // `first` is called on the watching thread with the first signal. At a later SIGINT, every
    // child is killed and the process ends with 128 + signal.
    explicit SignalWatch(std::function<void(int)> first,
                         std::function<SteadyTime()> now = SteadyTime::clock::now);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    std::optional<int> received() const;

  private:
    void watch();

    std::function<void(int)> first_;
    std::function<SteadyTime()> now_;
    sigset_t watched_{};
    sigset_t before_{};
    std::atomic<int> received_{0};
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

}  // namespace offload::app
