#include "offload/engine/mailbox.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace offload::engine {
namespace {

TEST(Mailbox, DeliversEverythingFromManyWritersOnce) {
    Mailbox<int> mailbox(8);
    constexpr int kWriters = 4;
    constexpr int kEach = 1000;
    std::vector<std::jthread> writers;
    for (int w = 0; w < kWriters; ++w) {
        writers.emplace_back([&mailbox, w] {
            for (int i = 0; i < kEach; ++i) mailbox.push(w * kEach + i);
        });
    }
    std::vector<bool> seen(kWriters * kEach, false);
    for (int i = 0; i < kWriters * kEach; ++i) {
        const auto value = static_cast<std::size_t>(mailbox.pop());
        EXPECT_FALSE(seen[value]);
        seen[value] = true;
    }
}

TEST(Mailbox, KeepsTheOrderOfOneWriter) {
    Mailbox<int> mailbox;
    for (int i = 0; i < 5; ++i) mailbox.push(i);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(mailbox.pop(), i);
}

TEST(Mailbox, UrgentMessagesPassTheCapacity) {
    Mailbox<int> mailbox(1);
    mailbox.push(1);
    mailbox.push_urgent(2);
    EXPECT_EQ(mailbox.pop(), 1);
    EXPECT_EQ(mailbox.pop(), 2);
}

TEST(Mailbox, PopUntilAPastTimeTakesWhatIsThereAndNoMore) {
    Mailbox<int> mailbox;
    mailbox.push(7);
    EXPECT_EQ(mailbox.pop_until({}), 7);
    EXPECT_EQ(mailbox.pop_until({}), std::nullopt);
    EXPECT_EQ(mailbox.pop_until(SteadyTime::min()), std::nullopt);
    mailbox.push(8);
    EXPECT_EQ(mailbox.pop_until(SteadyTime::max()), 8);
}

}  // namespace
}  // namespace offload::engine
