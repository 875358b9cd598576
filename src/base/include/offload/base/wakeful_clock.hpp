// A steady clock that stands still while this process is stopped: see steady_now() in time.hpp.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "offload/base/time.hpp"

namespace offload {

// What steady_now() adds up. Thread-safe.
class WakefulClock {
  public:
    // A process that has not been seen for so long was stopped.
    static constexpr std::chrono::milliseconds kGap{2000};

    // `raw`: of the steady clock.
    SteadyTime at(SteadyTime raw);
    void watch(std::optional<SteadyTime> raw);  // from then on; nothing: no longer

    // Looks at the clock of steady_now() often enough, in a thread of its own, while it lives. One
    // at a time. Signals that are to be handled elsewhere have to be blocked before.
    class Beat {
      public:
        Beat();
        ~Beat();
        Beat(const Beat&) = delete;
        Beat& operator=(const Beat&) = delete;

      private:
        std::mutex mutex_;
        std::condition_variable changed_;
        bool over_ = false;
        std::thread thread_;
    };

  private:
    std::mutex mutex_;
    std::optional<SteadyTime> seen_;
    SteadyTime::duration stopped_{0};
};

}  // namespace offload
