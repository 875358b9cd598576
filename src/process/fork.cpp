#include "fork.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "pipes.hpp"
#include "reap.hpp"

namespace offload::process {
namespace {

using std::chrono::milliseconds;

// One that forks at all does so within milliseconds, each of many at once after the one before.
constexpr std::chrono::seconds kPatience{10};

Descriptor connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) return {};
    path.copy(address.sun_path, path.size());
    Descriptor connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!connection.open()) return {};
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(connection.number(), generic, sizeof(address)) != 0) return {};
    return connection;
}

// Together with the child's ends of its streams. See cmsg(3).
bool send_wish(const Descriptor& connection, std::string wish, const std::array<int, 3>& streams) {
    iovec text{wish.data(), wish.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(streams))> space{};
    msghdr message{};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    message.msg_control = space.data();
    message.msg_controllen = space.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(streams));
    std::memcpy(CMSG_DATA(header), streams.data(), sizeof(streams));
    return ::sendmsg(connection.number(), &message, MSG_NOSIGNAL) ==
           static_cast<ssize_t>(wish.size());
}

// The number that the forked process says it has.
std::optional<pid_t> wait_for_answer(const Descriptor& connection, const Limits& limits) {
    auto until = steady_now() + kPatience;
    if (limits.deadline) until = std::min(until, *limits.deadline);
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_now()).count();
        if (left <= 0 || limits.cancel.cancelled()) return std::nullopt;
        std::array<pollfd, 2> polled{
            {{connection.number(), POLLIN, 0}, {limits.cancel.descriptor(), POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), static_cast<int>(left));
        std::array<char, 32> text{};
        const auto count = ::recv(connection.number(), text.data(), text.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        pid_t pid = 0;
        const auto* end = text.data() + std::max<ssize_t>(count, 0);
        const auto read = std::from_chars(text.data(), end, pid);
        if (read.ec != std::errc{} || read.ptr != end || pid <= 1) return std::nullopt;
        return pid;
    }
}

// Whether it was left to us, as orphans are to a subreaper, and leads a group of its own.
bool is_own_leader(pid_t pid) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ::getpgid(pid) == pid;
}

}  // namespace

std::optional<Started> fork_elsewhere(const Fork& fork, const Streams& streams,
                                      const Limits& limits, std::optional<ListedGroup>& group) {
    if (!inherits_orphans()) return std::nullopt;
    const auto connection = connect_to(fork.socket);
    if (!connection.open()) return std::nullopt;
    auto pipes = make_pipes(streams);
    if (!pipes) return std::nullopt;
    if (!pipes->input.read.open()) {
        pipes->input.read = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    const auto kills_before = kill_count();
    const bool asked = send_wish(connection, fork.wish,
                                 {pipes->input.read.number(), pipes->output.write.number(),
                                  streams.error.value_or(pipes->error.write.number())});
    if (!asked) return std::nullopt;
    // It waits for our word, and ends where none comes: until then it cannot be anybody's orphan.
    const auto pid = wait_for_answer(connection, limits);
    if (!pid) return std::nullopt;
    {
        const std::shared_lock lock(reaping_mutex());
        if (!is_own_leader(*pid)) return std::nullopt;
        group.emplace(*pid, kills_before);
    }
    ::send(connection.number(), "1", 1, MSG_NOSIGNAL);
    return started_with(*pid, *std::move(pipes));
}

}  // namespace offload::process
