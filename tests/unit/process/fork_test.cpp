// A child that another process forks: as one that was started here, in all that run() tells.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include "offload/base/file.hpp"
#include "support.hpp"

namespace offload::process::test {
namespace {

using namespace std::chrono_literals;

// A wish, which is a script for the shell here, and the streams that came with it.
struct Received {
    std::string script;
    std::array<int, 3> streams{-1, -1, -1};
};

Received receive(int connection) {
    Received received;
    std::array<char, 4096> text{};
    iovec place{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(received.streams))> space{};
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    const auto count = ::recvmsg(connection, &message, 0);
    received.script.assign(text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (const auto* header = CMSG_FIRSTHDR(&message); header != nullptr) {
        std::memcpy(received.streams.data(), CMSG_DATA(header), sizeof(received.streams));
    }
    return received;
}

[[noreturn]] void be_fork(int connection, const Received& received, pid_t between) {
    ::setpgid(0, 0);
    for (int number = 0; number < 3; ++number) {
        ::dup2(received.streams[static_cast<std::size_t>(number)], number);
    }
    while (::getppid() == between) ::usleep(200);
    const auto answer = std::to_string(::getpid());
    ::send(connection, answer.data(), answer.size(), 0);
    char word = 0;
    if (::recv(connection, &word, 1, 0) != 1) ::_exit(99);
    ::execl("/bin/sh", "sh", "-c", received.script.c_str(), nullptr);
    ::_exit(98);
}

[[noreturn]] void serve(int listener, bool forks) {
    for (;;) {
        const int connection = ::accept(listener, nullptr, nullptr);
        const auto received = receive(connection);
        if (forks) {
            if (const pid_t child = ::fork(); child == 0) {
                const pid_t between = ::getpid();
                if (::fork() != 0) ::_exit(0);
                be_fork(connection, received, between);
            } else {
                ::waitpid(child, nullptr, 0);
            }
        }
        for (const int stream : received.streams) ::close(stream);
        ::close(connection);
    }
}

class ForkTest : public testing::Test {
  protected:
    void SetUp() override { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
    void TearDown() override {
        if (server_ <= 0) return;
        ::kill(server_, SIGKILL);
        ::waitpid(server_, nullptr, 0);
    }

    void start_server(bool forks = true) {
        const int listener = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_.copy(address.sun_path, sizeof(address.sun_path) - 1);
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        ASSERT_EQ(::bind(listener, generic, sizeof(address)), 0);
        ASSERT_EQ(::listen(listener, 16), 0);
        server_ = ::fork();
        if (server_ == 0) serve(listener, forks);
        ::close(listener);
    }

    // Where it is not forked, it says so.
    Command wish(std::string script) const {
        auto command = sh("echo started");
        command.fork = Fork{socket_, std::move(script)};
        return command;
    }

    TemporaryFolder folder_ = *TemporaryFolder::create("offload-fork-test-");
    std::string socket_ = (folder_.path() / "socket").string();
    pid_t server_ = -1;
};

TEST_F(ForkTest, ItsStreamsAndItsStatusAreThoseOfAChild) {
    start_server();
    const auto done = capture(wish("cat; echo trouble >&2; exit 7"), generous(), "some input");
    EXPECT_EQ(done.out, "some input");
    EXPECT_EQ(done.err, "trouble\n");
    EXPECT_EQ(exit_status(done.end), 7) << done.end.describe();
    EXPECT_FALSE(done.end.drain_expired);
}

TEST_F(ForkTest, WithoutInputItReadsNothing) {
    start_server();
    EXPECT_EQ(capture(wish("cat; echo end"), generous()).out, "end\n");
}

TEST_F(ForkTest, TheSignalThatKilledItIsKnown) {
    start_server();
    EXPECT_EQ(end_signal(capture(wish("kill -SEGV $$"), generous()).end), SIGSEGV);
}

TEST_F(ForkTest, ItIsEndedWithItsWholeGroup) {
    start_server();
    const auto file = (folder_.path() / "pid").string();
    CancelSource source;
    auto limits = generous();
    limits.cancel = source.token();
    pid_t member = -1;
    const auto done = capture(wish("sleep 1000 & echo $! > " + file + "; echo up; wait"), limits,
                              {}, [&](Channel, std::string_view) {
                                  member = pid_from(file);
                                  source.cancel();
                              });
    EXPECT_TRUE(done.end.cancelled) << done.end.describe();
    EXPECT_TRUE(eventually([&] { return is_gone(member); }));
}

TEST_F(ForkTest, OneAfterTheOther) {
    start_server();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(capture(wish("echo $((40 + 2))"), generous()).out, "42\n");
}

TEST_F(ForkTest, WhereNobodyListensItIsStarted) {
    EXPECT_EQ(capture(wish("echo forked"), generous()).out, "started\n");
}

TEST_F(ForkTest, WhereNothingIsForkedItIsStarted) {
    start_server(false);
    EXPECT_EQ(capture(wish("echo forked"), generous()).out, "started\n");
}

}  // namespace
}  // namespace offload::process::test
