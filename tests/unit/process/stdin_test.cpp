// What a child gets to read.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "support.hpp"

namespace offload::process {
namespace {

using namespace test;

// Fed by the test, from any thread.
class Feed : public Input {
  public:
    Feed() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    ~Feed() override { ::close(event_); }

    int descriptor() const override { return event_; }

    std::string take(bool& end) override {
        const std::lock_guard lock(mutex_);
        eventfd_t count = 0;
        ::eventfd_read(event_, &count);
        end = ended_;
        ++takes_;
        return std::exchange(text_, {});
    }

    void add(std::string_view text) {
        const std::lock_guard lock(mutex_);
        text_ += text;
        ::eventfd_write(event_, 1);
    }
    void finish() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        ::eventfd_write(event_, 1);
    }

  private:
    int event_;
    std::mutex mutex_;
    std::string text_;
    bool ended_ = false;
    int takes_ = 0;
};

TEST(StandardInput, TextReachesTheChildAndEnds) {
    EXPECT_EQ(capture(sh("cat; echo end"), generous(), "one\ntwo\n").out, "one\ntwo\nend\n");
}

TEST(StandardInput, MoreThanAPipeHoldsDoesNotBlockTheReading) {
    const std::string text(3'000'000, 'x');
    const auto captured = capture(sh("tee /dev/stderr"), generous(), text);
    EXPECT_EQ(captured.out, text);
    EXPECT_EQ(captured.err, text);
}

TEST(StandardInput, ChildThatDoesNotReadItIsNoError) {
    EXPECT_TRUE(capture(sh("exit 0"), generous(), std::string(1'000'000, 'x')).end.success());
    const auto closed =
        capture(sh("exec <&-; sleep 0.2; echo fine"), generous(), std::string(1'000'000, 'x'));
    EXPECT_EQ(closed.out, "fine\n");
}

TEST(StandardInput, IsStreamedWhileTheChildRuns) {
    Feed feed;
    std::string output;
    const auto end = run(
        sh("while read line; do echo got-$line; done; echo end"), generous(),
        [&](Channel, std::string_view piece) {
            output += piece;
            if (output == "got-1\n") feed.add("2\n");
            if (output == "got-1\ngot-2\n") feed.finish();
        },
        (feed.add("1\n"), &feed));
    EXPECT_TRUE(end.success());
    EXPECT_EQ(output, "got-1\ngot-2\nend\n");
}

TEST(StandardInput, LastTextAndItsEndMayComeTogether) {
    Feed feed;
    feed.add("all");
    feed.finish();
    std::string output;
    run(sh("cat"), generous(), [&](Channel, std::string_view piece) { output += piece; }, &feed);
    EXPECT_EQ(output, "all");
}

TEST(StandardInput, SourceWithoutAnEndDoesNotOutliveTheChild) {
    Feed feed;
    feed.add(std::string(500'000, 'x'));
    EXPECT_EQ(exit_status(run(sh("head -c 10 >/dev/null; exit 4"), generous(), {}, &feed)), 4);
}

TEST(StandardInput, IsFedFromAnotherThread) {
    Feed feed;
    std::string output;
    std::jthread feeder([&feed] {
        for (int i = 0; i < 1000; ++i) feed.add(std::to_string(i) + "\n");
        feed.finish();
    });
    run(sh("cat"), generous(), [&](Channel, std::string_view piece) { output += piece; }, &feed);
    std::string expected;
    for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
    EXPECT_EQ(output, expected);
}

}  // namespace
}  // namespace offload::process
