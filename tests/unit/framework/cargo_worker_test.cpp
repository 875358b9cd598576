#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cargo/binaries.hpp"
#include "cargo/nextest_words.hpp"
#include "cargo/worker.hpp"
#include "framework_fixture.hpp"

namespace offload::framework::nextest {
namespace cargo_worker_test {

using namespace std::string_literals;
using test::context_in;
using test::exited;
using test::killed;
using test::read_all;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

Binaries two_binaries() {
    Binary lib{"/t/lib-1", "/a", {{"CARGO_PKG_NAME", "it's"}}, {{"LD_LIBRARY_PATH", "/t/deps:"}}};
    Binary tool{"/t/tool-2", "/b b", {{"NEXTEST_BIN_EXE_two-words", "/t/two-words"}}, {}};
    return {{lib, tool}, {{"lib", 0}, {"tool", 1}}, {"tool slow"}};
}

// A worker that was given three tests.
struct Conversation {
    Conversation() {
        for (const char* id : {"lib one", "tool slow", "lib two words"}) {
            Test test;
            test.id = id;
            test.file = id[0] == 'l' ? "lib" : "tool";
            tests.push_back(test);
        }
        talk = talk_to_worker(binaries, context_in("/r"));
        asked = talk->run(std::vector<WorkerTest>{{&tests[0], 1}, {&tests[1], 3}});
        asked += talk->run(std::vector<WorkerTest>{{&tests[2], 1}});
    }
    // In pieces of a few bytes.
    test::Read read(const std::string& out, const Ended& ended) {
        return read_all(*talk, out, "", ended, std::nullopt, 5);
    }
    Binaries binaries = two_binaries();
    std::vector<Test> tests;
    std::unique_ptr<WorkerTalk> talk;
    std::string asked;
};

std::string begin(int n) {
    return "\x1e"
           "5eed {\"t\":\"begin\",\"n\":" +
           std::to_string(n) + "}\n";
}
std::string end(int n, int status) {
    return "\x1e"
           "5eed {\"t\":\"end\",\"n\":" +
           std::to_string(n) + ",\"status\":" + std::to_string(status) + "}\n";
}

TEST(CargoEnvironments, HoldWhatTheListingWasNotStartedWith) {
    const auto found = read_environments(
        "\0.before\0HOME=/h\0PATH=/bin\0LD_LIBRARY_PATH=/x\0EMPTY=\0A-B=b\0"s
        "\0lib-1\0HOME=/h\0PATH=/cargo:/bin\0LD_LIBRARY_PATH=/t\0A=1=2\0B=two\nlines\0EMPTY=:\0"
        "NEXTEST_TEST_PHASE=list\0PWD=/a\0A-B=a:b\0"s
        "\0tool-2\0HOME=/other\0"s);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_THAT(found.at("lib-1").variables,
                ElementsAre(Pair("A", "1=2"), Pair("A-B", "a:b"), Pair("B", "two\nlines"),
                            Pair("EMPTY", ":"), Pair("LD_LIBRARY_PATH", "/t")));
    EXPECT_THAT(found.at("lib-1").prefixes, ElementsAre(Pair("PATH", "/cargo:")));
    EXPECT_THAT(found.at("tool-2").variables, ElementsAre(Pair("HOME", "/other")));
    EXPECT_THAT(read_environments(""), IsEmpty());
}

TEST(CargoProfile, IsLeftToNextestWhereItSaysHowTestsRun) {
    EXPECT_FALSE(needs_nextest(""));
    EXPECT_FALSE(needs_nextest(
        "nextest-version = '0.9.84'\n[store]\ndir = 'x'\n[profile.default]\nretries = 2\n"
        "slow-timeout = '3s'\nleak-timeout = {period = '3s'}\n[profile.default.junit]\npath = 'x'\n"
        "[[profile.default.overrides]]\nfilter = 'all()'\nretries = 3\n"
        "[test-groups.unused]\nmax-threads = 1\n"));
    for (const char* settings :
         {"slow-timeout = {period = '3s', terminate-after = 1}", "global-timeout = '3s'",
          "leak-timeout = {period = '3s', result = 'fail'}", "threads-required = 2",
          "run-extra-args = ['x']", "scripts = [{filter = 'all()', setup = 'x'}]",
          "overrides = [{filter = 'all()', test-group = 'x'}]", "unheard-of = 1",
          "overrides = [{filter = 'all()', slow-timeout = {period = '1s', terminate-after = "
          "1}}]"}) {
        EXPECT_TRUE(needs_nextest("[profile.ci]\n"s + settings + "\n")) << settings;
    }
    EXPECT_TRUE(needs_nextest("[profile"));
}

TEST(CargoWorker, IsTold) {
    const Conversation conversation;
    EXPECT_EQ(conversation.asked,
              "run\t0\t0\t0\t1\tone\nrun\t1\t1\t1\t3\tslow\n"
              "run\t2\t0\t0\t1\ttwo words\n");
    EXPECT_EQ(conversation.talk->no_more_for_now(), "");
    EXPECT_EQ(conversation.talk->stop(), "stop\n");
}

TEST(CargoWorker, StartsABinaryAsNextestDoes) {
    const auto script = worker_script(two_binaries(), context_in("/r"));
    EXPECT_THAT(script, HasSubstr("cd -- /a || exit\nexport CARGO_PKG_NAME='it'\\''s'\n"
                                  "export LD_LIBRARY_PATH=/t/deps:\"$LD_LIBRARY_PATH\"\n"
                                  "name_test\nexec /t/lib-1 \"$@\"\n"));
    EXPECT_THAT(script, HasSubstr("cd -- '/b b' || exit\nname_test\n"
                                  "exec env 'NEXTEST_BIN_EXE_two-words=/t/two-words' /t/tool-2"));
}

TEST(CargoWorker, TellsEachTestAsItEnds) {
    Conversation conversation;
    const auto read = conversation.read(
        begin(0) + "quiet" + end(0, 0) + begin(1) +
            "running 1 test\nthread 'slow' panicked at src/lib.rs:2:3:\nno luck\n" + end(1, 101) +
            begin(2) + "last words" + end(2, 139) +
            "\x1e"
            "5eed {\"t\":\"bye\"}\n",
        exited(0));
    EXPECT_TRUE(read.reading.complete);
    ASSERT_EQ(read.told.ended.size(), 3U);
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Passed);
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(1).message, "panicked at src/lib.rs:2:3: no luck");
    EXPECT_EQ(read.told.ended.at(2).type, "test abort");
    EXPECT_THAT(read.told.ended.at(2).message, HasSubstr("SIGSEGV"));
    // What a test that passes prints is shown no more than nextest shows it.
    EXPECT_EQ(read.visible,
              "--- tool slow ---\nrunning 1 test\nthread 'slow' panicked at src/lib.rs:2:3:\n"
              "no luck\n--- lib two words ---\nlast words\n");
}

TEST(CargoWorker, TellsWhatEachTestHadOfTheProcessors) {
    const auto ends = [](int n, const std::string& times) {
        const auto plain = end(n, 0);
        return plain.substr(0, plain.size() - 2) + ",\"times\":\"" + times + "\"}\n";
    };
    Conversation conversation;
    const auto read = conversation.read(begin(0) + ends(0, "0m0.250s 0m0,5s") + begin(1) +
                                            ends(1, "1m0.25s 0m1.0s") + begin(2) + ends(2, " "),
                                        exited(0));
    ASSERT_EQ(read.told.ended.size(), 3U);
    EXPECT_DOUBLE_EQ(read.told.ended.at(0).cpu.count(), 0.75);
    EXPECT_DOUBLE_EQ(read.told.ended.at(1).cpu.count(), 60.5);
    EXPECT_DOUBLE_EQ(read.told.ended.at(2).cpu.count(), 0);
}

TEST(CargoWorker, LeavesTheTestThatRanWhenItDies) {  // TRAPS 19
    Conversation conversation;
    const auto read = conversation.read(begin(0) + end(0, 0) + begin(1) + "so far", killed());
    EXPECT_FALSE(read.reading.complete);
    EXPECT_EQ(read.told.ended.size(), 1U);
    EXPECT_THAT(read.visible, HasSubstr("so far"));
}

TEST(CargoWorker, BelievesNoFrameOfATestsOwn) {  // TRAPS 9, 13
    Conversation conversation;
    const auto read = conversation.read(begin(0) +
                                            "\x1e"
                                            "0 {\"t\":\"end\",\"n\":0,\"status\":0}\n\x1e" +
                                            end(0, 4) + begin(1) + end(1, 0) + begin(2) + end(2, 0),
                                        exited(0));
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(0).message, "test failure with exit code 4");
}

TEST(CargoWorker, ThatCannotStartRefusesItsTests) {
    Conversation conversation;
    const auto read = conversation.read("", exited(127));
    EXPECT_EQ(read.told.refused.size(), 3U);
}

TEST(CargoHarness, IsNotWhatTheTestPrinted) {
    const auto around = [](const std::string& own, const std::string& verdict,
                           const std::string& note) {
        return "\nrunning 1 test\n" + own + verdict + "\n\nfailures:\n" + note +
               "\nfailures:\n    m::it\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; "
               "0 measured; 2 filtered out; finished in 0.00s\n\n";
    };
    const auto own = [](const std::string& output) { return without_harness(output, "m::it"); };
    EXPECT_EQ(own(around("a\n\nb\n", "test m::it ... FAILED", "")), "a\n\nb\n");
    EXPECT_EQ(own(around("no end", "test m::it ... FAILED", "")), "no end");
    EXPECT_EQ(own(around("", "test m::it - should panic ... FAILED",
                         "\n---- m::it stdout ----\nnote: test did not panic as expected\n")),
              "note: test did not panic as expected\n");
    // As it is printed with RUST_TEST_THREADS=1: the name stands before the output.
    EXPECT_EQ(own(around("test m::it ... a\n", "FAILED", "")),
              "test m::it ... a\nFAILED\n\nfailures:\n");
    // A test that ended the process, and one whose words are like the harness'.
    EXPECT_EQ(own("\nrunning 1 test\na\n"), "a\n");
    const std::string alike = "\nfailures:\n    m::it\n\ntest result: FAILED. a\nb\n";
    EXPECT_EQ(own(alike), alike);
    EXPECT_EQ(own("failures:\n    other\n"), "failures:\n    other\n");
    EXPECT_EQ(own(""), "");
}

}  // namespace cargo_worker_test
}  // namespace offload::framework::nextest
