#include "connection.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace offload::provider::docker {
namespace {

using std::chrono::milliseconds;

constexpr int kGlance = 1000;  // milliseconds; for a cancellation that has no descriptor
constexpr std::size_t kBlock = 64 * 1024;

Error lost(int error_number) {
    return system_error("the connection to the engine broke", error_number);
}

bool is_passing(int error_number) {
    return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR;
}

}  // namespace

std::optional<SteadyTime> Patience::end() const {
    auto end = limits_.deadline;
    for (const auto& other : {cancel_at_, sooner_}) {
        if (other && (!end || *other < *end)) end = other;
    }
    return end;
}

int Patience::wait_time() {
    if (over()) return 0;
    const auto moment = end();
    if (!moment) return kGlance;
    const auto left = std::chrono::ceil<milliseconds>(*moment - SteadyTime::clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, kGlance));
}

int Patience::descriptor() const { return cancel_at_ ? -1 : limits_.cancel.descriptor(); }

bool Patience::cancelled() {
    if (!limits_.cancel.cancelled()) return false;
    const auto now = SteadyTime::clock::now();
    if (!cancel_at_) cancel_at_ = now + limits_.cancel_delay;
    return now >= *cancel_at_;
}

bool Patience::timed_out() {
    const auto now = SteadyTime::clock::now();
    return (limits_.deadline && now >= *limits_.deadline) || (sooner_ && now >= *sooner_);
}

Error Patience::error() {
    if (cancelled()) return Error{"cancelled"}.with_kind(ErrorKind::Cancelled);
    return Error{"the engine did not answer in time"}.with_kind(ErrorKind::TimedOut);
}

Result<Connection> Connection::open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(Error{.message = fmt::format("{} is too long for the path of a socket", path),
                          .place = {},
                          .hint = "a symbolic link may lead there by a shorter way"});
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    Connection made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (made.number_ < 0) return fail(system_error("cannot make a socket", errno));
    // An engine that takes no connections for so long is none.
    const timeval longest{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(made.number_, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
    int result = 0;
    do {
        result = ::connect(made.number_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    } while (result != 0 && errno == EINTR);
    if (result != 0) return fail(system_error(fmt::format("cannot connect to {}", path), errno));
    return made;
}

Connection::~Connection() {
    if (number_ >= 0) ::close(number_);
}

Result<> Connection::wait_for(short events, Patience& patience) const {
    while (true) {
        if (patience.over()) return fail(patience.error());
        std::array<pollfd, 2> polled{pollfd{number_, events, 0},
                                     pollfd{patience.descriptor(), POLLIN, 0}};
        ::poll(polled.data(), polled.size(), patience.wait_time());
        if (polled[0].revents != 0) return {};
    }
}

Result<std::size_t> Connection::send_some(std::string_view bytes) const {
    const auto sent = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (is_passing(errno)) return 0;
    return fail(lost(errno));
}

Result<std::optional<std::string>> Connection::receive_some() const {
    std::string block(kBlock, '\0');
    const auto got = ::recv(number_, block.data(), block.size(), MSG_DONTWAIT);
    if (got < 0 && is_passing(errno)) return std::nullopt;
    if (got < 0) return fail(lost(errno));
    block.resize(static_cast<std::size_t>(got));
    return block;
}

Result<> Connection::send(std::string_view bytes, Patience& patience) const {
    while (!bytes.empty()) {
        OFFLOAD_CHECK(wait_for(POLLOUT, patience));
        OFFLOAD_TRY(const auto sent, send_some(bytes));
        bytes.remove_prefix(sent);
    }
    return {};
}

Result<std::string> Connection::receive(Patience& patience) const {
    while (true) {
        OFFLOAD_CHECK(wait_for(POLLIN, patience));
        OFFLOAD_TRY(auto block, receive_some());
        if (block) return *std::move(block);
    }
}

void Connection::end_sending() const { ::shutdown(number_, SHUT_WR); }

}  // namespace offload::provider::docker
