#include "offload/report/event_stream.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "offload/base/file.hpp"
#include "offload/report/journal_reader.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

class EventStreamTest : public testing::Test {
  protected:
    // A pipe with a name, so that its end can be read while it is written to.
    int open_pipe() {
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    }
    static std::string read_on(int descriptor) {
        std::string text;
        char buffer[65536];
        for (ssize_t count = 0; (count = ::read(descriptor, buffer, sizeof buffer)) > 0;) {
            text.append(buffer, static_cast<std::size_t>(count));
        }
        return text;
    }
    void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }

    TemporaryFolder folder = TemporaryFolder::create("events").value();
    std::filesystem::path path = folder.path() / "events";
    RunScript run;
};

TEST_F(EventStreamTest, FileIsAJournalThatGrowsWithEveryEvent) {
    ASSERT_TRUE(write_file_atomically(path, "something older"));
    auto stream = EventStream::open(path.string()).value();
    run.sinks = {stream.get()};
    run.start();
    EXPECT_EQ(std::ranges::count(read_file(path).value(), '\n'), 2);
    run.discover({"t::a"});
    run.batch(0, 0, {0});
    run.attempt({.test = 0, .result = failed()});
    RunSummary summary;
    summary.verdicts = {{.test = TestIndex(0),
                         .status = Status::Failed,
                         .attempts = {make_attempt({.test = 0, .result = failed()})}}};
    run.tell(RunFinished{.summary = summary});
    std::size_t events = 0;
    const auto end =
        read_journal(path, {}, [&](Event&& /*event*/, LinePlace /*place*/) { ++events; });
    ASSERT_TRUE(end);
    EXPECT_EQ(events, 7U);
    EXPECT_TRUE(end->finished);
    EXPECT_THAT(read_file(path).value(), testing::HasSubstr("\"attempts\":[1]"));
}

TEST_F(EventStreamTest, SlowReaderGetsAllOfItLater) {
    const int reader = open_pipe();
    auto stream = EventStream::open(path.string()).value();
    run.sinks = {stream.get()};
    run.start();
    const std::string line(50'000, 'x');
    for (int i = 0; i < 20; ++i) run.output(0, Stream::Out, line);  // more than a pipe holds
    EXPECT_TRUE(run.errors.empty());
    std::string got;
    for (int i = 0; i < 1000 && got.size() < 20 * line.size(); ++i) {
        got += read_on(reader);
        run.tick(0.1);
    }
    EXPECT_EQ(std::ranges::count(got, '\n'), 22);
    ::close(reader);
}

TEST_F(EventStreamTest, ReaderThatHasSeenEnoughIsNoError) {
    const int reader = open_pipe();
    auto stream = EventStream::open(path.string()).value();
    run.sinks = {stream.get()};
    run.start();
    ::close(reader);
    run.discover({"t::a"});
    run.tell(RunFinished{});
    EXPECT_TRUE(run.errors.empty());
}

TEST_F(EventStreamTest, PlaceThatCannotBeWrittenIsAnError) {
    EXPECT_THAT(EventStream::open("/nonexistent/events").error().to_string(),
                testing::HasSubstr("/nonexistent/events"));
    auto stream = EventStream::open("/dev/full").value();
    run.sinks = {stream.get()};
    run.start();
    ASSERT_EQ(run.errors.size(), 1U);
    EXPECT_TRUE(stream->required());
}

}  // namespace
}  // namespace offload::report
