// Few descriptors, many children.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "support.hpp"

namespace offload::process {
namespace {

using namespace test;
using std::chrono::milliseconds;

// UndefinedBehaviorSanitizer opens a pipe for each first look at a virtual call, and reports a
// fault where it gets none.
bool sanitizer_needs_descriptors() {
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return false;
#endif
}

// Opens descriptors until there are none left.
class AllDescriptors {
  public:
    AllDescriptors() {
        for (int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC); number >= 0;
             number = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
            numbers_.push_back(number);
        }
    }
    ~AllDescriptors() {
        for (const int number : numbers_) ::close(number);
    }

  private:
    std::vector<int> numbers_;
};

// Runs `body` in many threads at once under the given limit.
void run_at_once(
    int threads, rlim_t limit, const std::function<void()>& body,
    const std::function<void()>& meanwhile = [] {}) {
    std::latch begin(1);
    std::latch done(threads);
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([&] {
            begin.wait();
            body();
            done.count_down();
        });
    }
    const FileLimit lowered(limit);
    begin.count_down();
    meanwhile();
    done.wait();
}

// TRAPS 26
TEST(FileLimits, TwoHundredChildrenAtOnceRunUnderTheDefaultLimit) {
    constexpr int kChildren = 200;
    std::atomic<int> running{0};
    std::atomic<int> ended_as_told{0};
    CancelSource source;
    run_at_once(
        kChildren, 1024,
        [&] {
            auto limits = generous();
            limits.cancel = source.token();
            const auto end = run(sh("echo up; exec sleep 1000"), limits,
                                 [&](Channel, std::string_view) { ++running; });
            if (end_signal(end) == SIGTERM && end.cancelled) ++ended_as_told;
        },
        [&] {
            EXPECT_TRUE(eventually([&] { return running == kChildren; })) << running;
            source.cancel();
        });
    EXPECT_EQ(ended_as_told, kChildren);
}

// TRAPS 26
TEST(FileLimits, ChildrenWaitForDescriptorsToBecomeFree) {
    if (sanitizer_needs_descriptors()) GTEST_SKIP() << "runs without AddressSanitizer";
    std::atomic<int> succeeded{0};
    run_at_once(60, 40, [&] {
        if (capture(sh("cat; sleep 0.1"), generous(), "x").out == "x") ++succeeded;
    });
    EXPECT_EQ(succeeded, 60);
}

TEST(FileLimits, WaitingForDescriptorsEndsAtTheDeadline) {
    if (sanitizer_needs_descriptors()) GTEST_SKIP() << "runs without AddressSanitizer";
    const FileLimit limit(64);
    auto limits = generous();
    limits.deadline = std::chrono::steady_clock::now() + milliseconds{100};
    const AllDescriptors all;
    const auto end = run(sh("true"), limits, {});
    EXPECT_EQ(start_error(end), EMFILE);
    EXPECT_TRUE(end.timed_out);
}

TEST(FileLimits, WaitingForDescriptorsEndsWithTheCancellation) {
    if (sanitizer_needs_descriptors()) GTEST_SKIP() << "runs without AddressSanitizer";
    const FileLimit limit(64);
    CancelSource source;
    auto limits = generous();
    limits.cancel = source.token();
    std::promise<void> exhausted;
    std::jthread canceller([&] {
        exhausted.get_future().wait();
        source.cancel();
    });
    EXPECT_GE(source.token().descriptor(), 0);
    const AllDescriptors all;
    exhausted.set_value();
    const auto end = run(sh("true"), limits, {});
    EXPECT_TRUE(end.cancelled);
}

TEST(FileLimits, ChildGetsTheLimitBackThatThisProcessHasRaised) {
    const FileLimit limit(777);
    prepare_this_process();
    rlimit raised{};
    getrlimit(RLIMIT_NOFILE, &raised);
    ASSERT_EQ(raised.rlim_cur, raised.rlim_max);
    // `read` holds the shell until the limit is surely set.
    class Later : public Input {
      public:
        Later() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
        ~Later() override {
            ::close(ends_[0]);
            ::close(ends_[1]);
        }
        int descriptor() const override { return ends_[0]; }
        std::string take(bool& end) override {
            end = true;
            return "go\n";
        }
        void allow() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

      private:
        int ends_[2]{};
    } input;
    std::string output;
    run(
        sh("echo up; read word; ulimit -Sn; exec sh -c 'ulimit -Sn'"), generous(),
        [&](Channel, std::string_view piece) {
            if (output.empty()) input.allow();
            output += piece;
        },
        &input);
    EXPECT_EQ(output, "up\n777\n777\n");
}

}  // namespace
}  // namespace offload::process
