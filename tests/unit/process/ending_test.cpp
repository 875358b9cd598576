// How children and what they have started are ended.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support.hpp"

namespace offload::process {
namespace {

using namespace test;
using std::chrono::milliseconds;

Limits ending_in(milliseconds time) {
    auto limits = generous();
    limits.deadline = std::chrono::steady_clock::now() + time;
    return limits;
}

// No child of this process is left, not even a zombie.
bool no_child_left() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

// TRAPS 22, 27
TEST(Ending, TimeoutEndsTheWholeGroup) {
    const Scratch scratch;
    const auto end = run(sh("sleep 1000 & echo $! > '" + (scratch / "pid").string() +
                            "'; (sleep 1000 >/dev/null 2>&1; true) & sleep 1000"),
                         ending_in(milliseconds{300}), {});
    EXPECT_TRUE(end.timed_out);
    EXPECT_FALSE(end.cancelled);
    EXPECT_FALSE(end.needed_kill);
    EXPECT_EQ(end_signal(end), SIGTERM);
    EXPECT_TRUE(is_gone(pid_from(scratch / "pid")));
    EXPECT_TRUE(no_child_left());
}

// TRAPS 27
TEST(Ending, IgnoredSigtermIsFollowedBySigkill) {
    auto limits = ending_in(milliseconds{300});
    limits.grace = milliseconds{100};
    const auto end = run(sh("trap '' TERM; while :; do sleep 0.05; done"), limits, {});
    EXPECT_TRUE(end.timed_out);
    EXPECT_TRUE(end.needed_kill);
    EXPECT_EQ(end_signal(end), SIGKILL);
    EXPECT_TRUE(no_child_left());
}

TEST(Ending, WhatIsGivenTimeAfterACancellationMayComeToItsOwnEnd) {
    const Scratch scratch;
    auto limits = generous();
    limits.cancel_delay = std::chrono::seconds{30};
    CancelSource source;
    limits.cancel = source.token();
    const auto script = "echo ready > '" + (scratch / "ready").string() + "'; while [ ! -e '" +
                        (scratch / "go").string() + "' ]; do sleep 0.02; done; exit 7";
    auto ending = std::async(std::launch::async, [&] { return run(sh(script), limits, {}); });
    EXPECT_TRUE(eventually([&] { return read_file(scratch / "ready").value_or("") == "ready\n"; }));
    source.cancel();
    ASSERT_TRUE(write_file_atomically(scratch / "go", ""));
    const auto end = ending.get();
    EXPECT_FALSE(end.cancelled);
    EXPECT_EQ(exit_status(end), 7);
}

TEST(Ending, TheTimeAfterACancellationIsBounded) {
    auto limits = generous();
    limits.cancel_delay = milliseconds{50};
    CancelSource source;
    limits.cancel = source.token();
    auto ending =
        std::async(std::launch::async, [&] { return run(sh("exec sleep 1000"), limits, {}); });
    source.cancel();
    EXPECT_TRUE(ending.get().cancelled);
}

TEST(Ending, SilenceIsEndedAtItsOwnDeadlineAndOutputLiftsIt) {
    auto limits = generous();
    limits.first_output = std::chrono::steady_clock::now() + milliseconds{200};
    const auto silent = run(sh("echo noise >&2; exec sleep 1000"), limits, {});
    EXPECT_TRUE(silent.timed_out);
    EXPECT_TRUE(silent.silent);

    limits.first_output = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    bool told = false;
    const auto talking = run(sh("echo here; sleep 0.1; exit 3"), limits, [&](auto, auto) {
        told = true;
        limits.first_output = std::chrono::steady_clock::now();  // would end it if it still counted
    });
    EXPECT_TRUE(told);
    EXPECT_EQ(exit_status(talking), 3);
}

TEST(Ending, GrandchildThatIgnoresSigtermIsKilledAfterTheGrace) {
    const Scratch scratch;
    auto limits = generous();
    limits.grace = milliseconds{100};
    CancelSource source;
    limits.cancel = source.token();
    const auto script = "(trap '' TERM; echo ready; while :; do sleep 0.05; done) >'" +
                        (scratch / "ready").string() + "' 2>&1 & echo $! > '" +
                        (scratch / "pid").string() + "'; wait";
    auto ending = std::async(std::launch::async, [&] { return run(sh(script), limits, {}); });
    EXPECT_TRUE(eventually([&] { return read_file(scratch / "ready").value_or("") == "ready\n"; }));
    const auto grandchild = pid_from(scratch / "pid");
    source.cancel();
    const auto end = ending.get();
    EXPECT_TRUE(end.cancelled);
    EXPECT_TRUE(end.needed_kill);
    EXPECT_EQ(end_signal(end), SIGTERM);
    EXPECT_TRUE(is_gone(grandchild));
    EXPECT_TRUE(no_child_left());
}

TEST(Ending, GrandchildMayCleanUpDuringTheGraceThoughTheLeaderIsGone) {
    const Scratch scratch;
    auto limits = generous();
    limits.grace = std::chrono::seconds{30};
    CancelSource source;
    limits.cancel = source.token();
    const auto cleaned = scratch / "cleaned";
    const auto script = "(trap 'sleep 0.2; echo yes > \"" + cleaned.string() +
                        "\"; exit' TERM; echo ready; while :; do sleep 0.05; done) >'" +
                        (scratch / "ready").string() + "' 2>&1 & wait";
    auto ending = std::async(std::launch::async, [&] { return run(sh(script), limits, {}); });
    EXPECT_TRUE(eventually([&] { return read_file(scratch / "ready").value_or("") == "ready\n"; }));
    source.cancel();
    const auto end = ending.get();
    EXPECT_FALSE(end.needed_kill);
    EXPECT_EQ(read_file(cleaned).value_or(""), "yes\n");
    EXPECT_TRUE(no_child_left());
}

TEST(Ending, StoppedChildIsEndedToo) {
    auto limits = ending_in(milliseconds{200});
    limits.grace = std::chrono::seconds{30};
    const auto end = run(sh("kill -STOP $$"), limits, {});
    EXPECT_TRUE(end.timed_out);
    EXPECT_EQ(end_signal(end), SIGTERM);
}

TEST(Ending, CancellationWakesTheWait) {
    CancelSource source;
    auto limits = generous();
    limits.deadline.reset();
    limits.cancel = source.token();
    std::promise<void> started;
    auto ending = std::async(std::launch::async, [&] {
        return run(sh("echo up; exec sleep 1000"), limits,
                   [&](Channel, std::string_view) { started.set_value(); });
    });
    started.get_future().wait();
    source.cancel();
    const auto end = ending.get();
    EXPECT_TRUE(end.cancelled);
    EXPECT_FALSE(end.timed_out);
    EXPECT_EQ(end_signal(end), SIGTERM);
}

TEST(Ending, CancelledBeforeTheStartIsNeverStarted) {
    const Scratch scratch;
    CancelSource source;
    source.cancel();
    auto limits = generous();
    limits.cancel = source.token();
    const auto end = run(sh("touch '" + (scratch / "ran").string() + "'"), limits, {});
    EXPECT_TRUE(end.cancelled);
    EXPECT_EQ(start_error(end), ECANCELED);
    EXPECT_FALSE(std::filesystem::exists(scratch / "ran"));
}

TEST(Ending, DeadlineInThePastIsNeverStarted) {
    const auto end = run(sh("true"), ending_in(milliseconds{-1}), {});
    EXPECT_TRUE(end.timed_out);
    EXPECT_EQ(start_error(end), ETIMEDOUT);
}

TEST(Ending, GrandchildThatHoldsThePipeDoesNotHoldUs) {
    const Scratch scratch;
    auto limits = generous();
    limits.drain = milliseconds{50};
    std::string output;
    const auto end =
        run(sh("sleep 1000 & echo $! > '" + (scratch / "pid").string() + "'; echo last; exit 3"),
            limits, [&](Channel, std::string_view piece) { output += piece; });
    EXPECT_EQ(exit_status(end), 3);
    EXPECT_TRUE(end.drain_expired);
    EXPECT_FALSE(end.timed_out);
    EXPECT_EQ(output, "last\n");
    EXPECT_TRUE(is_gone(pid_from(scratch / "pid")));
    EXPECT_TRUE(no_child_left());
}

TEST(Ending, GrandchildWithoutThePipeDoesNotOutliveTheCall) {
    const Scratch scratch;
    const auto end =
        run(sh("sleep 1000 >/dev/null 2>&1 & echo $! > '" + (scratch / "pid").string() + "'"),
            generous(), {});
    EXPECT_TRUE(end.success());
    EXPECT_FALSE(end.drain_expired);
    EXPECT_TRUE(is_gone(pid_from(scratch / "pid")));
    EXPECT_TRUE(no_child_left());
}

TEST(Ending, OutputOfAGrandchildWithinTheDrainIsKept) {
    auto limits = generous();
    limits.drain = std::chrono::seconds{30};
    const auto captured = capture(sh("(sleep 0.2; echo late) & echo early"), limits);
    EXPECT_EQ(captured.out, "early\nlate\n");
    EXPECT_FALSE(captured.end.drain_expired);
}

// TRAPS 27
TEST(Ending, LeavesNoZombie) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([] {
            for (int round = 0; round < 10; ++round) {
                run(sh("(true & true) & sleep 1000 & exit 0"),
                    [] {
                        auto limits = generous();
                        limits.drain = milliseconds{0};
                        return limits;
                    }(),
                    {});
            }
        });
    }
    threads.clear();
    EXPECT_TRUE(no_child_left());
}

TEST(Ending, OrphansAreReapedWhileTheChildStillRuns) {
    CancelSource source;
    auto limits = generous();
    limits.cancel = source.token();
    const Scratch scratch;
    // Each round leaves an orphan that has ended, and says so.
    const auto script = "(true & echo $! > '" + (scratch / "pid").string() +
                        "'); while :; do echo tick; sleep 0.05; done";
    auto ending = std::async(std::launch::async, [&] { return run(sh(script), limits, {}); });
    const auto orphan = pid_from(scratch / "pid");
    EXPECT_TRUE(eventually([&] { return is_gone(orphan); }));
    source.cancel();
    EXPECT_TRUE(ending.get().cancelled);
}

TEST(Ending, ExceptionOfTheHandlerLeavesNoChildBehind) {
    EXPECT_THROW(run(sh("echo go; sleep 1000"), generous(),
                     [](Channel, std::string_view) { throw std::runtime_error("full"); }),
                 std::runtime_error);
    EXPECT_TRUE(no_child_left());
}

TEST(KillEverything, EndsAllThatRuns) {
    constexpr int kChildren = 10;
    std::atomic<int> up{0};
    std::vector<std::future<End>> ends;
    for (int i = 0; i < kChildren; ++i) {
        ends.push_back(std::async(std::launch::async, [&up] {
            return run(sh("trap '' TERM INT; echo up; while :; do sleep 0.1; done"), generous(),
                       [&up](Channel, std::string_view) { ++up; });
        }));
    }
    EXPECT_TRUE(eventually([&] { return up == kChildren; }));
    kill_everything();
    for (auto& end : ends) EXPECT_EQ(end_signal(end.get()), SIGKILL);
    EXPECT_TRUE(no_child_left());
    EXPECT_TRUE(run(sh("true"), generous(), {}).success());
}

TEST(KillEverything, MayBeCalledAtAnyMoment) {
    std::atomic<bool> stop{false};
    std::jthread killer([&] {
        while (!stop) kill_everything();
    });
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int round = 0; round < 20; ++round) {
                const auto end = run(sh("sleep 1000"), generous(), {});
                EXPECT_EQ(end_signal(end), SIGKILL);
            }
        });
    }
    threads.clear();
    stop = true;
    killer.join();
    EXPECT_TRUE(no_child_left());
}

// Like the executors of a run, which destroy a sandbox as soon as what ran in it has been killed.
void start_another_after_each(std::atomic<int>& up) {
    while (start_error(run(sh("echo up; exec sleep 1000"), generous(),
                           [&up](Channel, std::string_view) { ++up; })) == -1) {
    }
}

// There is no way back from end_everything(), hence the processes of their own. TRAPS 24, 27
TEST(EndEverything, NothingIsStartedAfterIt) {
    constexpr int kThreads = 8;
    const auto end_them = [] {
        std::atomic<int> up{0};
        std::atomic<int> through{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&] {
                start_another_after_each(up);
                ++through;
            });
        }
        if (!eventually([&] { return up >= kThreads; })) ::_exit(1);
        end_everything();
        if (!eventually([&] { return through == kThreads; })) ::_exit(2);
        for (auto& thread : threads) thread.join();
        ::_exit(no_child_left() ? 0 : 3);
    };
    EXPECT_EXIT(end_them(), testing::ExitedWithCode(0), "");
}

TEST(EndEverything, EndsWhatIsStillGivenTimeAfterItsLeader) {
    const Scratch scratch;
    const auto leader = (scratch / "leader").string();
    const auto member = (scratch / "member").string();
    const auto end_them = [&] {
        prepare_this_process();  // a subreaper's children are none
        CancelSource source;
        auto limits = generous();
        limits.cancel = source.token();
        limits.grace = std::chrono::minutes{1};
        std::thread([limits, leader, member] {
            run(sh("(trap '' TERM; exec sleep 1000) >/dev/null 2>&1 & echo $! >'" + member +
                   "'; trap 'exit 0' TERM; echo $$ >'" + leader + "'; wait"),
                limits, {});
        }).detach();
        const auto pid = pid_from(leader);
        source.cancel();
        if (!eventually([&] { return is_gone(pid); })) ::_exit(1);
        end_everything();
        ::_exit(0);
    };
    EXPECT_EXIT(end_them(), testing::ExitedWithCode(0), "");
    const auto pid = pid_from(member);
    const auto is_over = [&] {
        ::waitpid(pid, nullptr, WNOHANG);  // left to this process, as all orphans are
        return is_gone(pid);
    };
    EXPECT_TRUE(eventually(is_over));
    if (!is_over()) ::kill(pid, SIGKILL);
}

}  // namespace
}  // namespace offload::process
