#include "offload/base/wakeful_clock.hpp"

#include <gtest/gtest.h>

namespace offload {
namespace {

using std::chrono::milliseconds;

constexpr SteadyTime kStart{milliseconds(1'000'000)};

SteadyTime after(int ms) { return kStart + milliseconds(ms); }

TEST(WakefulClock, IsTheSteadyClockWhileItIsLookedAt) {
    WakefulClock clock;
    clock.watch(kStart);
    for (int ms = 0; ms <= 10'000; ms += 2000) EXPECT_EQ(clock.at(after(ms)), after(ms));
}

TEST(WakefulClock, StandsStillWhileTheProcessIsStopped) {
    WakefulClock clock;
    clock.watch(kStart);
    EXPECT_EQ(clock.at(after(100)), after(100));
    const auto woken = clock.at(after(600'000));
    EXPECT_GE(woken, after(100));
    EXPECT_LE(woken, after(1100));
    // And goes on from there, also through a second stop.
    EXPECT_EQ(clock.at(after(601'000)) - woken, milliseconds(1000));
    EXPECT_LE(clock.at(after(900'000)) - woken, milliseconds(2000));
}

TEST(WakefulClock, OfTwoThreadsThatWakeTheStopCountsOnce) {
    WakefulClock clock;
    clock.watch(kStart);
    const auto one = clock.at(after(60'001));
    // It has asked for the time before the other, and comes after it.
    EXPECT_EQ(clock.at(after(60'000)), one - milliseconds(1));
}

TEST(WakefulClock, UnwatchedIsTheSteadyClock) {
    WakefulClock clock;
    EXPECT_EQ(clock.at(after(100)), after(100));
    EXPECT_EQ(clock.at(after(600'000)), after(600'000));
    clock.watch(after(600'000));
    clock.watch(std::nullopt);
    EXPECT_EQ(clock.at(after(900'000)), after(900'000));
}

}  // namespace
}  // namespace offload
