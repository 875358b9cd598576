#include "offload/base/wakeful_clock.hpp"

namespace offload {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBeat{250};

WakefulClock& wakeful_clock() {
    static WakefulClock clock;
    return clock;
}

}  // namespace

SteadyTime WakefulClock::at(SteadyTime raw) {
    const std::lock_guard lock(mutex_);
    if (seen_ && raw > *seen_) {
        const auto unseen = raw - *seen_;
        if (unseen > kGap) stopped_ += unseen - kBeat;
        seen_ = raw;
    }
    return raw - stopped_;
}

void WakefulClock::watch(std::optional<SteadyTime> raw) {
    const std::lock_guard lock(mutex_);
    seen_ = raw;
}

SteadyTime steady_now() { return wakeful_clock().at(steady_clock::now()); }

WakefulClock::Beat::Beat() {
    wakeful_clock().watch(steady_clock::now());
    thread_ = std::thread([this] {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, kBeat, [this] { return over_; })) steady_now();
    });
}

WakefulClock::Beat::~Beat() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    thread_.join();
    wakeful_clock().watch(std::nullopt);
}

}  // namespace offload
