#include "signals.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

namespace offload::app {
namespace {

TEST(SignalWatch, TheFirstSignalReachesTheHandlerOnce) {
    std::promise<int> promise;
    auto told = promise.get_future();
    SignalWatch watch([&](int signal) { promise.set_value(signal); });
    EXPECT_FALSE(watch.received());
    ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
    EXPECT_EQ(told.get(), SIGTERM);
    EXPECT_EQ(watch.received(), SIGTERM);
}

TEST(SignalWatch, WithoutASignalItEndsWithoutACall) {
    bool called = false;
    {
        SignalWatch watch([&](int) { called = true; });
    }
    EXPECT_FALSE(called);
    sigset_t blocked;
    ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &blocked), 0);
    EXPECT_EQ(sigismember(&blocked, SIGINT), 0);
}

TEST(SignalWatchDeathTest, TheSecondSignalEndsTheProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            std::promise<void> promise;
            auto told = promise.get_future();
            SignalWatch watch([&](int) { promise.set_value(); });
            ::kill(::getpid(), SIGINT);
            told.wait();
            ::kill(::getpid(), SIGINT);
            for (;;) ::pause();
        },
        testing::ExitedWithCode(130), "interrupted again");
}

}  // namespace
}  // namespace offload::app
