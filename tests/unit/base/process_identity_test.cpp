#include "offload/base/process_identity.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace offload {
namespace {

TEST(ProcessIdentity, ThisProcessLives) {
    const auto process = this_process();
    EXPECT_EQ(process.pid, ::getpid());
    EXPECT_EQ(process, this_process());
    EXPECT_EQ(life_of(process), Life::Lives);
}

TEST(ProcessIdentity, OneThatHasEndedIsGoneBeforeItsParentTakesNote) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    auto process = this_process();
    process.pid = child;
    process.started = start_of_process(std::to_string(child));
    EXPECT_EQ(life_of(process), Life::Lives);
    ::kill(child, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(life_of(process), Life::Gone);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(life_of(process), Life::Gone);
}

TEST(ProcessIdentity, AnotherOfTheSameNumberIsNotIt) {
    auto process = this_process();
    process.started += "1";
    EXPECT_EQ(life_of(process), Life::Gone);
}

TEST(ProcessIdentity, NothingIsKnownOfOtherMachinesAndContainers) {
    EXPECT_EQ(life_of({}), Life::Unknown);
    auto process = this_process();
    process.pid_space = "pid:[1]";
    EXPECT_EQ(life_of(process), Life::Unknown);
    process = this_process();
    process.boot = "another";
    EXPECT_EQ(life_of(process), Life::Unknown);
}

}  // namespace
}  // namespace offload
