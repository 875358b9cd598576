// An engine for tests of what a client makes of one that does not behave.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "docker/engine.hpp"
#include "offload/base/file.hpp"

namespace offload::provider::docker {

// Listens, and does to each connection what it is told.
class Listener {
  public:
    explicit Listener(std::function<void(int connection)> answer)
        : folder_(*TemporaryFolder::create("offload-test-")), path_(folder_.path() / "socket") {
        number_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path_.c_str());
        EXPECT_EQ(::bind(number_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(number_, 8), 0);
        thread_ = std::jthread([this, answer = std::move(answer)] {
            while (true) {
                const int connection = ::accept4(number_, nullptr, nullptr, SOCK_CLOEXEC);
                if (connection < 0) return;
                answer(connection);
                ::close(connection);
            }
        });
    }
    ~Listener() {
        ::shutdown(number_, SHUT_RDWR);
        thread_.join();
        ::close(number_);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Engine engine() const { return {Brand::Docker, path_.string()}; }
    std::string address() const { return "unix://" + path_.string(); }

  private:
    TemporaryFolder folder_;
    std::filesystem::path path_;
    int number_;
    std::jthread thread_;
};

inline std::string request_of(int connection) {
    std::string text;
    char block[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(connection, block, sizeof block, 0);
        if (got <= 0) break;
        text.append(block, static_cast<std::size_t>(got));
    }
    return text;
}

inline std::function<void(int)> answering(std::string text) {
    return [text](int connection) {
        request_of(connection);
        ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    };
}

// Until the other side gives up.
inline void stay_silent(int connection) {
    char block[4096];
    while (::recv(connection, block, sizeof block, 0) > 0) {
    }
}

inline std::string with_body(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline process::Limits within(std::chrono::seconds time) {
    return {.deadline = std::chrono::steady_clock::now() + time, .cancel = {}};
}

}  // namespace offload::provider::docker
