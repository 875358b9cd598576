#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "support.hpp"

namespace offload::process {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(Run, ReportsTheExitStatus) {
    const auto end = run(sh("exit 7"), generous(), {});
    EXPECT_EQ(exit_status(end), 7);
    EXPECT_FALSE(end.success());
    EXPECT_TRUE(run(sh("true"), generous(), {}).success());
}

TEST(Run, ReportsTheSignal) {
    EXPECT_EQ(end_signal(run(sh("kill -SEGV $$"), generous(), {})), SIGSEGV);
}

TEST(Run, ProgramThatDoesNotExistIsNotStarted) {
    EXPECT_EQ(start_error(run(Command{{"offload-no-such-program"}}, generous(), {})), ENOENT);
    EXPECT_EQ(start_error(run(Command{{"/no/such/program"}}, generous(), {})), ENOENT);
    EXPECT_EQ(start_error(run(Command{{""}}, generous(), {})), ENOENT);
}

TEST(Run, FileThatIsNotExecutableIsNotStarted) {
    const Scratch scratch;
    std::ofstream(scratch / "program") << "#!/bin/sh\n";
    auto command = Command{{"program"}};
    command.env = {{"PATH", (scratch / "").string()}};
    EXPECT_EQ(start_error(run(command, generous(), {})), EACCES);
}

TEST(Run, WorkingFolderThatDoesNotExistIsNotStarted) {
    auto command = sh("true");
    command.working_folder = "/no/such/folder";
    EXPECT_EQ(start_error(run(command, generous(), {})), ENOENT);
}

TEST(Run, StandardErrorMayGoElsewhere) {
    const Scratch scratch;
    const auto path = (scratch / "errors").string();
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    auto command = sh("echo out; echo err >&2");
    command.standard_error = file;
    std::string said;
    EXPECT_TRUE(run(command, generous(), [&](Channel channel, std::string_view bytes) {
                    said += (channel == Channel::Out ? "out:" : "err:") + std::string(bytes);
                }).success());
    EXPECT_EQ(said, "out:out\n");
    std::ifstream errors(path);
    std::string line;
    EXPECT_TRUE(std::getline(errors, line));
    EXPECT_EQ(line, "err");
    EXPECT_EQ(::close(file), 0) << "it stays the caller's";
}

// TRAPS 29
TEST(Run, WhatExecCannotCarryIsNotStarted) {
    using namespace std::string_literals;
    EXPECT_EQ(start_error(run(Command{{"true", "a\0b"s}}, generous(), {})), EINVAL);
    EXPECT_EQ(start_error(run(Command{{"true"}, {{"A=B", "c"}}}, generous(), {})), EINVAL);
    EXPECT_EQ(start_error(run(Command{{"true"}, {{"A", "b\0c"s}}}, generous(), {})), EINVAL);
    EXPECT_EQ(start_error(run(Command{}, generous(), {})), EINVAL);
}

// TRAPS 28
TEST(Run, ArgumentBeyondTheSystemsLimitIsNotStarted) {
    const auto end = run(Command{{"true", std::string(200'000, 'x')}}, generous(), {});
    EXPECT_EQ(start_error(end), E2BIG);
}

TEST(Run, SearchesThePathOfTheCommandsOwnEnvironment) {
    const Scratch scratch;
    std::ofstream(scratch / "offload-tool") << "#!/bin/sh\necho found\n";
    ::chmod((scratch / "offload-tool").c_str(), 0755);
    auto command = Command{{"offload-tool"}};
    command.env = {{"PATH", "/nowhere:" + (scratch / "").string() + ":/bin:/usr/bin"}};
    EXPECT_EQ(capture(command, generous()).out, "found\n");
    command.env = {{"PATH", "/bin::"}};  // the empty entry is the child's folder
    command.working_folder = (scratch / "").string();
    EXPECT_EQ(capture(command, generous()).out, "found\n");
}

// TRAPS 31
TEST(Run, LaterVariablesWinOverEarlierAndInheritedOnes) {
    ::setenv("OFFLOAD_TEST_INHERITED", "parent", 1);
    ::setenv("OFFLOAD_TEST_KEPT", "kept", 1);
    auto command = sh("echo $OFFLOAD_TEST_INHERITED $OFFLOAD_TEST_KEPT $OFFLOAD_TEST_NEW");
    command.env = {{"OFFLOAD_TEST_NEW", "first"},
                   {"OFFLOAD_TEST_INHERITED", "child"},
                   {"OFFLOAD_TEST_NEW", "second"}};
    EXPECT_EQ(capture(command, generous()).out, "child kept second\n");
}

// TRAPS 29
TEST(Run, VariablesAndArgumentsArriveByteForByte) {
    const std::string wild = "a b\n'\"$HOME`id`\\\t*?\xff\xc3\xa4";
    auto command = Command{{"/bin/sh", "-c", "printf %s \"$1$WILD\"", "sh", wild}};
    command.env = {{"WILD", wild}};
    EXPECT_EQ(capture(command, generous()).out, wild + wild);
}

TEST(Run, RunsInTheWorkingFolder) {
    const Scratch scratch;
    auto command = sh("pwd -P");
    command.working_folder = (scratch / "").parent_path().string();
    EXPECT_EQ(capture(command, generous()).out,
              std::filesystem::canonical(command.working_folder).string() + "\n");
}

TEST(Run, SeparatesTheChannels) {
    const auto captured = capture(sh("echo to-out; echo to-err >&2"), generous());
    EXPECT_EQ(captured.out, "to-out\n");
    EXPECT_EQ(captured.err, "to-err\n");
}

TEST(Run, HandsOutputOverInOrderAndInBoundedPieces) {
    std::string all;
    std::size_t longest = 0;
    const auto end = run(sh("i=0; while [ $i -lt 20000 ]; do echo line-$i; i=$((i+1)); done"),
                         generous(), [&](Channel, std::string_view piece) {
                             all += piece;
                             longest = std::max(longest, piece.size());
                         });
    EXPECT_TRUE(end.success());
    EXPECT_LE(longest, 64U * 1024);
    std::string expected;
    for (int i = 0; i < 20000; ++i) expected += "line-" + std::to_string(i) + "\n";
    EXPECT_EQ(all, expected);
}

TEST(Run, TenMegabytesWithoutANewlineArriveInBoundedPieces) {
    std::size_t total = 0;
    std::size_t longest = 0;
    const auto end =
        run(sh("head -c 10000000 /dev/zero"), generous(), [&](Channel, std::string_view piece) {
            total += piece.size();
            longest = std::max(longest, piece.size());
        });
    EXPECT_TRUE(end.success());
    EXPECT_EQ(total, 10'000'000U);
    EXPECT_LE(longest, 64U * 1024);
}

TEST(Run, OutputWrittenJustBeforeTheEndIsNotLost) {
    for (int round = 0; round < 50; ++round) {
        const auto captured = capture(sh("printf %60000d 1; printf %5000d 2 >&2"), generous());
        ASSERT_EQ(captured.out.size(), 60'000U);
        ASSERT_EQ(captured.err.size(), 5'000U);
    }
}

TEST(Run, ChildThatClosesItsOutputEarlyIsStillAwaited) {
    const Scratch scratch;
    const auto file = scratch / "late";
    const auto end =
        run(sh("exec >&- 2>&-; sleep 0.3; echo done > '" + file.string() + "'; exit 5"), generous(),
            {});
    EXPECT_EQ(exit_status(end), 5);
    EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Run, StandardOutputCanBeReopenedByName) {
    const auto captured = capture(sh("echo a > /dev/stdout; echo b > /dev/stderr"), generous());
    EXPECT_EQ(captured.out, "a\n");
    EXPECT_EQ(captured.err, "b\n");
}

TEST(Run, WithoutInputStandardInputIsEmpty) {
    EXPECT_EQ(capture(sh("cat; echo end"), generous()).out, "end\n");
}

TEST(Run, ChildGetsDefaultSignalsAnEmptyMaskAndAGroupOfItsOwn) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto status = capture(Command{{"cat", "/proc/self/status"}}, generous()).out;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
    const auto ignored = std::stoul(status.substr(status.find("SigIgn:") + 8), nullptr, 16);
    EXPECT_EQ(ignored >> (SIGPIPE - 1) & 1, 0U);
    EXPECT_EQ(ignored >> (SIGINT - 1) & 1, 0U);
    EXPECT_EQ(ignored >> (SIGTERM - 1) & 1, 0U);
    EXPECT_EQ(capture(sh("ps -o pid=,pgid= -p $$ | { read a b; [ $a = $b ] && echo leader; }"),
                      generous())
                  .out,
              "leader\n");
}

TEST(Run, ChildInheritsNoDescriptorsButTheStandardOnes) {
    constexpr int kLeak = 57;
    ASSERT_EQ(::dup2(0, kLeak), kLeak);  // without O_CLOEXEC
    EXPECT_EQ(
        capture(sh("[ -e /proc/$$/fd/1 ] && ! [ -e /proc/$$/fd/57 ] && echo clean"), generous())
            .out,
        "clean\n");
    ::close(kLeak);
}

TEST(Run, KeepsNoDescriptorOpen) {
    CancelSource source;
    auto limits = generous();
    limits.cancel = source.token();
    capture(sh("cat"), limits, "text");
    const auto before = open_descriptors();
    for (int i = 0; i < 20; ++i) {
        capture(sh("cat"), limits, "text");
        run(Command{{"/no/such/program"}}, limits, {});
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Run, MeasuresTimeAndMemory) {
    const auto end = run(sh("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"), generous(), {});
    EXPECT_GT(end.wall.count(), 0.0);
    EXPECT_GT(end.cpu.count(), 0.0);
    EXPECT_GT(end.peak_memory, 100'000U);
}

}  // namespace
}  // namespace offload::process
