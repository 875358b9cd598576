#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <future>
#include <thread>
#include <vector>

#include "support.hpp"

namespace offload::process {
namespace strays_test {

using namespace test;

constexpr auto kVariable = "OFFLOAD_TEST_MARK";

// A mark that no other run of this test has.
std::string fresh_mark() { return random_hex(16); }

Command marked(std::string script, const std::string& mark) {
    auto command = sh(std::move(script));
    command.env = {{kVariable, mark}};
    return command;
}

bool no_child_left() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

// TRAPS 27
TEST(Strays, WhatEscapedItsGroupIsEnded) {
    const Scratch scratch;
    const auto mark = fresh_mark();
    const auto end = run(marked("setsid sh -c 'echo $$ > \"" + (scratch / "pid").string() +
                                    "\"; exec sleep 1000' >/dev/null 2>&1 & "
                                    "while ! [ -s '" +
                                    (scratch / "pid").string() + "' ]; do sleep 0.01; done",
                                mark),
                         generous(), {});
    EXPECT_TRUE(end.success());
    const auto stray = pid_from(scratch / "pid");
    EXPECT_FALSE(is_gone(stray));
    EXPECT_EQ(end_strays(kVariable, mark + "0"), 0U);
    EXPECT_EQ(end_strays(kVariable, mark.substr(1)), 0U);
    EXPECT_FALSE(is_gone(stray));
    EXPECT_EQ(end_strays(kVariable, mark), 1U);
    EXPECT_TRUE(is_gone(stray));
    EXPECT_TRUE(no_child_left());
}

TEST(Strays, TreeOfThemIsEnded) {
    const Scratch scratch;
    const auto mark = fresh_mark();
    run(marked("setsid sh -c 'sleep 1000 & setsid sleep 1000 & echo $$ > \"" +
                   (scratch / "pid").string() + "\"; wait' >/dev/null 2>&1 & while ! [ -s '" +
                   (scratch / "pid").string() + "' ]; do sleep 0.01; done",
               mark),
        generous(), {});
    EXPECT_EQ(end_strays(kVariable, mark), 3U);
    EXPECT_TRUE(no_child_left());
}

TEST(Strays, OnesThatHaveEndedByThemselvesAreReaped) {
    const Scratch scratch;
    const auto mark = fresh_mark();
    run(marked("setsid sh -c 'echo $$ > \"" + (scratch / "pid").string() +
                   "\"' >/dev/null 2>&1 & while ! [ -s '" + (scratch / "pid").string() +
                   "' ]; do sleep 0.01; done",
               mark),
        generous(), {});
    const auto stray = pid_from(scratch / "pid");
    EXPECT_TRUE(eventually([&] {
        end_strays(kVariable, mark);
        return is_gone(stray);
    }));
}

// In the middle of starting another program a process has no environment.
TEST(Strays, OneThatIsJustBeingStartedIsEnded) {
    for (int round = 0; round < 50; ++round) {
        const Scratch scratch;
        const auto file = (scratch / "escaped").string();
        const auto mark = fresh_mark();
        run(marked("setsid sh -c ': > \"" + file +
                       "\"; setsid env env env sleep 1000 & exec env env env sleep 1000' "
                       ">/dev/null 2>&1 & while ! [ -e '" +
                       file + "' ]; do :; done",
                   mark),
            generous(), {});
        ASSERT_GE(end_strays(kVariable, mark), 1U) << round;
        ASSERT_TRUE(no_child_left()) << round;
    }
}

TEST(Strays, ManyHuntsAtOnceEndEachItsOwn) {
    constexpr int kHunts = 8;
    std::atomic<std::size_t> ended{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kHunts; ++i) {
            threads.emplace_back([&ended] {
                const Scratch scratch;
                const auto mark = fresh_mark();
                const auto file = (scratch / "pid").string();
                run(marked("setsid sh -c 'echo $$ > \"" + file +
                               "\"; exec sleep 1000' >/dev/null 2>&1 & while ! [ -s '" + file +
                               "' ]; do sleep 0.01; done",
                           mark),
                    generous(), {});
                EXPECT_EQ(end_strays(kVariable, mark), 1U);
                EXPECT_TRUE(is_gone(pid_from(file)));
                ++ended;
            });
        }
    }
    EXPECT_EQ(ended, static_cast<std::size_t>(kHunts));
    EXPECT_TRUE(no_child_left());
}

TEST(Strays, WhatStillRunsUnderRunIsLeftAlone) {
    const auto mark = fresh_mark();
    std::promise<void> started;
    CancelSource source;
    auto limits = generous();
    limits.cancel = source.token();
    auto ending = std::async(std::launch::async, [&] {
        return run(marked("echo up; exec sleep 1000", mark), limits,
                   [&](Channel, std::string_view) { started.set_value(); });
    });
    started.get_future().wait();
    EXPECT_EQ(end_strays(kVariable, mark), 0U);
    source.cancel();
    EXPECT_TRUE(ending.get().cancelled);
}

TEST(Strays, HuntNeverStealsTheResultOfAChild) {
    std::atomic<bool> stop{false};
    std::jthread hunter([&] {
        while (!stop) end_strays(kVariable, "nobody");
    });
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([] {
            for (int round = 0; round < 40; ++round) {
                EXPECT_EQ(exit_status(run(sh("exit 9"), generous(), {})), 9);
            }
        });
    }
    threads.clear();
    stop = true;
}

}  // namespace strays_test
}  // namespace offload::process
