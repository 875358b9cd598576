#include "offload/report/batch_logs.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <random>

#include "offload/base/file.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

std::string merged(std::vector<std::pair<Stream, std::string>> chunks) {
    LineMerger merger;
    std::string out;
    for (const auto& [stream, bytes] : chunks) merger.add(stream, bytes, out);
    merger.finish(out);
    return out;
}

TEST(LineMerger, PrefixesEachStderrLineOnceHoweverItIsCut) {
    EXPECT_EQ(merged({{Stream::Err, "on"}, {Stream::Err, "e\ntw"}, {Stream::Err, "o\n"}}),
              "[stderr] one\n[stderr] two\n");
    EXPECT_EQ(merged({{Stream::Err, "\n\n"}}), "[stderr] \n[stderr] \n");
}

TEST(LineMerger, KeepsLinesWholeWhereStreamsMeetInTheMiddle) {
    EXPECT_EQ(merged({{Stream::Out, "out "}, {Stream::Err, "err\n"}, {Stream::Out, "more\n"}}),
              "[stderr] err\nout more\n");
}

TEST(LineMerger, UnendedLinesComeLastInTheOrderOfTheirBeginning) {
    EXPECT_EQ(merged({{Stream::Err, "e"}, {Stream::Out, "o"}}), "[stderr] e\no");
    EXPECT_EQ(merged({{Stream::Out, "o"}, {Stream::Err, "e"}}), "o\n[stderr] e");
}

TEST(LineMerger, StdoutAloneIsKeptByteForByte) {
    EXPECT_EQ(merged({{Stream::Out, "a\r\nb"}, {Stream::Out, "\n\nc"}}), "a\r\nb\n\nc");
}

TEST(LineMerger, HugeLineIsPassedOnInPieces) {
    LineMerger merger;
    std::string out;
    const std::string piece(10'000, 'x');
    for (int i = 0; i < 1000; ++i) merger.add(Stream::Err, piece, out);
    EXPECT_GT(out.size(), 9'000'000U);
    merger.add(Stream::Out, "other\n", out);
    merger.finish(out);
    EXPECT_NE(out.find("\nother\n"), std::string::npos);
    EXPECT_EQ(std::count(out.begin(), out.end(), 'x'), 10'000'000);
}

// Whatever the cuts, each stream's lines are all there, in order, and whole.
TEST(LineMerger, LosesAndReordersNothingWithinAStream) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        std::string sent[2];
        LineMerger merger;
        std::string out;
        for (int i = 0; i < 30; ++i) {
            const bool err = random() % 2 == 0;
            std::string bytes;
            for (std::size_t n = random() % 6; n > 0; --n) bytes += "ab\n"[random() % 3];
            sent[err ? 1 : 0] += bytes;
            merger.add(err ? Stream::Err : Stream::Out, bytes, out);
        }
        for (int s = 0; s < 2; ++s) {
            if (!sent[s].empty() && sent[s].back() != '\n') {
                sent[s] += '\n';
                merger.add(s == 1 ? Stream::Err : Stream::Out, "\n", out);
            }
        }
        merger.finish(out);
        std::string got[2];
        std::istringstream lines(out);
        for (std::string line; std::getline(lines, line);) {
            const bool err = line.starts_with("[stderr] ");
            got[err ? 1 : 0] += (err ? line.substr(9) : line) + "\n";
        }
        EXPECT_EQ(got[0], sent[0]);
        EXPECT_EQ(got[1], sent[1]);
    }
}

class BatchLogsTest : public testing::Test {
  protected:
    std::filesystem::path logs() const { return folder.path() / "logs"; }
    void put(const std::string& name) { std::ofstream(logs() / name) << "old"; }
    std::string content(const std::string& name) {
        return read_file(logs() / name).value_or("(no file)");
    }
    TemporaryFolder folder = TemporaryFolder::create("report").value();
};

TEST_F(BatchLogsTest, NamesTheLogByItsOutcome) {
    auto sink = BatchLogs::create(folder.path()).value();
    RunScript run;
    run.sinks = {sink.get()};
    run.batch(3, 0, {});
    run.output(3, Stream::Out, "hello\n");
    run.output(3, Stream::Err, "careful\n");
    run.tick(1);
    EXPECT_EQ(content("batch-3.running"), "hello\n[stderr] careful\n");
    run.batch_finished(3, BatchOutcome::Failure);
    EXPECT_EQ(content("batch-3.failure"), "hello\n[stderr] careful\n");
    EXPECT_FALSE(std::filesystem::exists(logs() / "batch-3.running"));
    run.batch_finished(4, BatchOutcome::Success);
    EXPECT_EQ(content("batch-4.success"), "");
    EXPECT_TRUE(run.errors.empty());
}

TEST_F(BatchLogsTest, GoesOnWhereTheFolderWasRemovedMeanwhile) {
    auto sink = BatchLogs::create(folder.path()).value();
    RunScript run;
    run.sinks = {sink.get()};
    run.batch(1, 0, {});
    run.batch(2, 1, {});
    run.output(1, Stream::Out, "lost\n");
    run.output(2, Stream::Out, "lost\n");
    run.tick(1);
    std::filesystem::remove_all(folder.path());
    run.output(2, Stream::Out, "kept\n");
    run.tick(2);
    run.batch_finished(1, BatchOutcome::Success);
    run.batch_finished(2, BatchOutcome::Failure);
    EXPECT_NE(content("batch-1.success").find("removed while the run went on"), std::string::npos);
    EXPECT_EQ(content("batch-2.failure"), "kept\n");
    EXPECT_TRUE(run.errors.empty());
}

TEST_F(BatchLogsTest, RunThatEndsNamesUnfinishedLogsCancelled) {
    auto sink = BatchLogs::create(folder.path()).value();
    RunScript run;
    run.sinks = {sink.get()};
    run.batch(0, 0, {});
    run.output(0, Stream::Out, "partial");
    run.tell(RunFinished{});
    EXPECT_EQ(content("batch-0.cancelled"), "partial");
}

// TRAPS 43
TEST_F(BatchLogsTest, RemovesTheLogsOfThePreviousRunAndNothingElse) {
    std::filesystem::create_directories(logs() / "batch-7.success");
    for (const char* name : {"batch-0.success", "batch-12.failure", "batch-1.error",
                             "batch-2.cancelled", "batch-3.running", "notes.txt", "batch-.success",
                             "batch-x.success", "batch-1.success.gz", "batch-1.txt"}) {
        put(name);
    }
    const auto names = [&] {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(logs())) {
            found.push_back(entry.path().filename());
        }
        std::sort(found.begin(), found.end());
        return found;
    };
    auto sink = BatchLogs::create(folder.path()).value();
    RunScript run;
    run.sinks = {sink.get()};
    run.start();
    run.discover({"t::a"});
    EXPECT_EQ(names().size(), 11U);  // TRAPS 61
    run.batch(7, 0, {0});
    EXPECT_EQ(names(),
              (std::vector<std::string>{"batch-.success", "batch-1.success.gz", "batch-1.txt",
                                        "batch-7.success", "batch-x.success", "notes.txt"}));
}

// TRAPS 26
TEST_F(BatchLogsTest, ThousandRunningBatchesHoldNoDescriptors) {
    auto sink = BatchLogs::create(folder.path()).value();
    RunScript run;
    run.sinks = {sink.get()};
    const auto open_files = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    const auto before = open_files();
    for (std::size_t i = 0; i < 1000; ++i) {
        run.batch(i, i, {});
        run.output(i, Stream::Out, "line\n");
    }
    run.tick(1);
    EXPECT_EQ(open_files(), before);
    EXPECT_EQ(content("batch-999.running"), "line\n");
}

TEST_F(BatchLogsTest, WaitsOutAMomentWithoutDescriptors) {
    auto sink = BatchLogs::create(folder.path()).value();
    RunScript run;
    run.sinks = {sink.get()};
    // UBSan looks at each type of object once, and opens a pipe to do so: all that is called below
    // without descriptors is called here with them.
    run.batch(1, 0, {});
    run.output(1, Stream::Out, "before\n");
    run.tick(1);
    run.batch_finished(1, BatchOutcome::Success);
    run.batch(0, 0, {});
    run.output(0, Stream::Out, "kept\n");
    rlimit original{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &original), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = original.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    run.tick(1);
    run.batch_finished(0, BatchOutcome::Success);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &original), 0);
    EXPECT_FALSE(std::filesystem::exists(logs() / "batch-0.success"));
    run.tick(1);
    EXPECT_EQ(content("batch-0.success"), "kept\n");
    EXPECT_TRUE(run.errors.empty());
}

}  // namespace
}  // namespace offload::report
