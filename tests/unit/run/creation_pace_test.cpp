#include "creation_pace.hpp"

#include <gtest/gtest.h>

#include <random>

namespace offload::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Seconds kStart{3600};

Error busy() { return Error{"wait"}.with_kind(ErrorKind::Busy); }

TEST(CreationPace, AllThatAreWantedBeginAtOnceUpToTheBound) {
    const CreationPace pace(100);
    EXPECT_TRUE(pace.may_begin(0, kStart));
    EXPECT_TRUE(pace.may_begin(99, kStart));
    EXPECT_FALSE(pace.may_begin(100, kStart));
}

TEST(CreationPace, FailuresOfOneRoundCountOnce) {
    CreationPace pace(64);
    auto now = kStart;
    for (int i = 0; i < 64; ++i) {
        now += milliseconds{100};
        pace.failed(kStart, now, Error{"no"});
    }
    EXPECT_EQ(pace.window(), 32U);
    EXPECT_FALSE(pace.hopeless());
}

TEST(CreationPace, ARefusalHalvesAndPausesAndSuccessesWidenAgain) {
    CreationPace pace(64);
    pace.failed(kStart, kStart + seconds{1}, busy());
    EXPECT_FALSE(pace.may_begin(0, kStart + seconds{1}));
    EXPECT_TRUE(pace.may_begin(0, kStart + seconds{2}));
    EXPECT_FALSE(pace.may_begin(32, kStart + seconds{2}));
    pace.failed(kStart + seconds{2}, kStart + seconds{3}, busy());
    EXPECT_FALSE(pace.may_begin(0, kStart + seconds{4})) << "the pause doubles";
    EXPECT_TRUE(pace.may_begin(0, kStart + seconds{5}));
    EXPECT_EQ(pace.window(), 16U);
    for (int i = 0; i < 100; ++i) pace.succeeded();
    EXPECT_EQ(pace.window(), 64U);
}

TEST(CreationPace, AProviderThatLimitsTheRateIsGivenLongerThanOneThatIsDown) {
    const auto rounds_until_hopeless = [](const Error& error) {
        CreationPace pace(8);
        auto now = kStart;
        int rounds = 0;
        while (!pace.hopeless()) {
            pace.failed(now, now + seconds{1}, error);
            now += seconds{61};
            ++rounds;
            if (rounds > 100) break;
        }
        return rounds;
    };
    const int down = rounds_until_hopeless(Error{"no such image"});
    EXPECT_EQ(down, 4);
    EXPECT_GT(rounds_until_hopeless(busy()), down);
}

TEST(CreationPace, ASuccessMeansThatThereIsHope) {
    CreationPace pace(8);
    auto now = kStart;
    for (int i = 0; i < 100; ++i) {
        pace.failed(now, now + seconds{1}, Error{"flaky"});
        now += seconds{61};
        if (i % 3 == 2) pace.succeeded();
        EXPECT_FALSE(pace.hopeless());
    }
}

// Whatever happens, there is always a time at which one more may begin, and never more than the
// bound.
TEST(CreationPace, PropertyNeverStuckNeverAboveTheBound) {
    std::mt19937 random(11);
    for (int round = 0; round < 200; ++round) {
        const std::size_t most = 1 + random() % 50;
        CreationPace pace(most);
        auto now = kStart;
        for (int step = 0; step < 100; ++step) {
            const auto began = now;
            now += milliseconds{random() % 5000};
            if (random() % 2 == 0) {
                pace.succeeded();
            } else {
                pace.failed(began, now, random() % 2 == 0 ? busy() : Error{"no"});
            }
            ASSERT_FALSE(pace.may_begin(most, now + seconds{60}));
            ASSERT_TRUE(pace.may_begin(0, now + seconds{60}));
        }
    }
}

}  // namespace
}  // namespace offload::run
