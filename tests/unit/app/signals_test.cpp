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

TEST(SignalPolicy, WhatIsRepeatedAtOnceIsTheSameWish) {
    using Answer = SignalPolicy::Answer;
    using std::chrono::milliseconds;
    const SteadyTime start{std::chrono::hours{1}};
    for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
        for (const int again : {SIGINT, SIGTERM, SIGHUP}) {
            SignalPolicy policy;
            EXPECT_EQ(policy.on(first, start), Answer::Begin);
            EXPECT_EQ(policy.on(again, start), Answer::SameWish);
            EXPECT_EQ(policy.on(again, start + milliseconds{1999}), Answer::SameWish);
        }
    }
}

TEST(SignalPolicy, OnlyALaterCtrlCEndsWithoutDestroyingSandboxes) {
    using Answer = SignalPolicy::Answer;
    using std::chrono::milliseconds;
    const SteadyTime start{std::chrono::hours{1}};
    for (const int first : {SIGINT, SIGTERM, SIGHUP}) {
        SignalPolicy policy;
        policy.on(first, start);
        EXPECT_EQ(policy.on(SIGTERM, start + milliseconds{7500}), Answer::GoingOn);
        EXPECT_EQ(policy.on(SIGHUP, start + milliseconds{8000}), Answer::GoingOn);
        EXPECT_EQ(policy.on(SIGINT, start + milliseconds{9000}), Answer::EndAtOnce);
    }
    // Somebody who keeps pressing is heard, too.
    SignalPolicy policy;
    policy.on(SIGINT, start);
    EXPECT_EQ(policy.on(SIGINT, start + milliseconds{1000}), Answer::SameWish);
    EXPECT_EQ(policy.on(SIGINT, start + milliseconds{2000}), Answer::EndAtOnce);
}

TEST(SignalWatchDeathTest, ALaterCtrlCEndsTheProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            std::promise<void> promise;
            auto told = promise.get_future();
            std::chrono::seconds passed{0};
            SignalWatch watch([&](int) { promise.set_value(); },
                              [&] { return SteadyTime{passed += std::chrono::seconds{3}}; });
            ::kill(::getpid(), SIGINT);
            told.wait();
            ::kill(::getpid(), SIGINT);
            for (;;) ::pause();
        },
        testing::ExitedWithCode(130), "interrupted again");
}

}  // namespace
}  // namespace offload::app
