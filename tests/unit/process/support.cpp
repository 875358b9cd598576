#include "support.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <thread>

namespace offload::process::test {
namespace {

class Prepared : public testing::Environment {
  public:
    void SetUp() override { prepare_this_process(); }
};

const testing::Environment* const prepared = testing::AddGlobalTestEnvironment(new Prepared);

}  // namespace

Command sh(std::string script) { return Command{{"/bin/sh", "-c", std::move(script)}}; }

Limits generous() {
    Limits limits;
    limits.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    return limits;
}

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

pid_t pid_from(const std::filesystem::path& file) {
    std::string text;
    EXPECT_TRUE(eventually([&] {
        text = read_file(file).value_or("");
        return text.ends_with('\n');
    })) << file;
    return text.empty() ? -1 : std::stoi(text);
}

int exit_status(const End& end) {
    const auto* exited = std::get_if<Exited>(&end.how);
    return exited == nullptr ? -1 : exited->status;
}

int end_signal(const End& end) {
    const auto* signalled = std::get_if<Signalled>(&end.how);
    return signalled == nullptr ? -1 : signalled->signal;
}

int start_error(const End& end) {
    const auto* not_started = std::get_if<NotStarted>(&end.how);
    return not_started == nullptr ? -1 : not_started->error_number;
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        static_cast<void>(entry);
        ++count;
    }
    return count;
}

FileLimit::FileLimit(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    auto lowered = before_;
    lowered.rlim_cur = limit;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
}

FileLimit::~FileLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

Scratch::Scratch() : folder_(TemporaryFolder::create("offload-process-test-").value()) {}

}  // namespace offload::process::test
