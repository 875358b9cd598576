// What becomes of processes on kernels, and in containers, that have no descriptors of them.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <thread>

#include "support.hpp"

namespace offload::process {
namespace {

using namespace test;

constexpr auto kVariable = "OFFLOAD_TEST_OLDER_KERNEL";

// For this thread and what it starts. See seccomp(2).
bool refuse_descriptors_of_processes(unsigned error) {
    std::array<sock_filter, 5> filter{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{filter.size(), filter.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void on_an_older_kernel(unsigned error, const std::function<void()>& test) {
    std::thread([&] {
        ASSERT_TRUE(refuse_descriptors_of_processes(error));
        ASSERT_EQ(::syscall(SYS_pidfd_open, ::getpid(), 0), -1);
        ASSERT_EQ(errno, static_cast<int>(error));
        test();
    }).join();
}

class OlderKernel : public testing::TestWithParam<unsigned> {};

TEST_P(OlderKernel, EndOfAChildIsSeen) {
    on_an_older_kernel(GetParam(), [] {
        EXPECT_EQ(exit_status(run(sh("exit 7"), generous(), {})), 7);
        EXPECT_EQ(end_signal(run(sh("kill -9 $$"), generous(), {})), SIGKILL);
    });
}

TEST_P(OlderKernel, ChildThatTakesTooLongIsEnded) {
    on_an_older_kernel(GetParam(), [] {
        Limits limits;
        limits.deadline = steady_now() + std::chrono::milliseconds{50};
        EXPECT_TRUE(run(sh("exec sleep 1000"), limits, {}).timed_out);
    });
}

TEST_P(OlderKernel, StraysAreEndedAndReaped) {
    const auto mark = random_hex(16);
    on_an_older_kernel(GetParam(), [&] {
        const Scratch scratch;
        const auto file = (scratch / "pid").string();
        auto command = sh("setsid sh -c 'setsid sleep 1000 & echo $$ > \"" + file +
                          "\"; exec sleep 1000' >/dev/null 2>&1 & while ! [ -s '" + file +
                          "' ]; do sleep 0.01; done");
        command.env = {{kVariable, mark}};
        EXPECT_TRUE(run(command, generous(), {}).success());
        const auto stray = pid_from(file);
        EXPECT_EQ(end_strays(kVariable, mark + "0"), 0U);
        EXPECT_FALSE(is_gone(stray));
        EXPECT_EQ(end_strays(kVariable, mark), 2U);
        EXPECT_TRUE(is_gone(stray));
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    });
}

// An older kernel does not know the call; an older container engine forbids it.
INSTANTIATE_TEST_SUITE_P(Refusals, OlderKernel, testing::Values(ENOSYS, EPERM));

}  // namespace
}  // namespace offload::process
