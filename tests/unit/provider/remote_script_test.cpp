// The scripts themselves, run by a shell here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "offload/base/file.hpp"
#include "offload/process/child.hpp"
#include "remote/result_frame.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RemoteScript : public testing::TestWithParam<const char*> {
  protected:
    RemoteScript() {
        script_.nonce = "n";
        script_.folder = in("own");
    }

    std::string in(const std::string& relative) const {
        return (folder_.path() / relative).string();
    }

    // Where nothing is to be found but these programs.
    void with(const std::vector<std::string>& programs) const {
        fs::create_directories(in("bin"));
        for (const auto& program : programs) {
            fs::create_symlink(
                fs::exists("/usr/bin/" + program) ? "/usr/bin/" + program : "/bin/" + program,
                in("bin/" + program));
        }
    }

    void run(std::string command) {
        command_ = std::move(command);
        script_.command = command_;
        frames_.clear();
        output_.clear();
        FrameScanner scanner(
            "n",
            [this](std::string_view text) {
                if (auto end = parse_end_frame(text)) {
                    end_ = std::move(*end);
                } else {
                    frames_.emplace_back(text);
                }
            },
            [this](std::string_view text) { output_ += text; });
        const auto captured = process::capture(
            {.argv = {GetParam(), "-c", batch_script(script_)}, .env = {{"PATH", in("bin")}}},
            {.deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1}, .cancel = {}},
            stdin_);
        scanner.feed(captured.out);
        scanner.finish();
        errors_ = captured.err;
    }

    BatchScript script_;
    std::string command_;
    std::string stdin_;
    std::vector<std::string> frames_;
    std::string output_;
    std::string errors_;
    EndFrame end_;

  private:
    TemporaryFolder folder_ = TemporaryFolder::create("offload-script-test-").value();
};

TEST_P(RemoteScript, StartsNoMoreThanItMust) {
    with({"mkdir", "gzip", "base64"});
    script_.result_file = in("result");
    run("echo 'it'\"'\"'s said'; echo content > '" + in("result") + "'; exit 7");
    EXPECT_THAT(frames_, ElementsAre("begin", "ready"));
    EXPECT_EQ(output_, "it's said\n");
    EXPECT_THAT(errors_, IsEmpty());
    EXPECT_EQ(end_.status, 7);
    EXPECT_EQ(end_.file, "content\n");
    // The folder stands by now.
    fs::remove(in("bin/mkdir"));
    fs::remove(in("result"));
    run("exit 3");
    EXPECT_THAT(frames_, ElementsAre("begin", "ready"));
    EXPECT_EQ(end_.status, 3);
    EXPECT_FALSE(end_.has_file);
}

TEST_P(RemoteScript, EnvironmentComesFromStdinAndLeavesTheRestOfIt) {
    with({"mkdir", "cat"});
    const Variables sandbox{{"ONE", "of the sandbox"}, {"TWO", "two"}};
    const std::string hostile = "it's\n  'one'\\n \\ line $(echo x) `y`\t\noffload-n \n";
    const Variables request{{"ONE", hostile}};
    script_.environment_on_stdin = script_.passes_stdin = true;
    stdin_ = environment_text("n", sandbox, request) + "for the command";
    run("printf '%s|%s|' \"$ONE\" \"$TWO\"; cat");
    EXPECT_EQ(output_, hostile + "|two|for the command");
    EXPECT_THAT(frames_, ElementsAre("begin", "ready"));
    EXPECT_THAT(batch_script(script_), Not(HasSubstr("two")));
}

TEST_P(RemoteScript, EnvironmentThatDoesNotComeIsToldBeforeATestBegins) {
    with({"mkdir"});
    script_.environment_on_stdin = true;
    stdin_ = "export ONE=";
    run("echo ran");
    EXPECT_THAT(frames_, ElementsAre("begin", HasSubstr("exec_stdin")));
    EXPECT_EQ(output_, "");
}

TEST_P(RemoteScript, DoesWithoutGzip) {
    with({"mkdir", "base64", "wc", "tr"});
    script_.result_file = in("result");
    const std::string content(10'000, 'x');
    run("echo " + content + " > '" + in("result") + "'");
    EXPECT_THAT(errors_, IsEmpty());
    EXPECT_EQ(end_.status, 0);
    EXPECT_EQ(end_.file, content + "\n");
}

// TRAPS 28, 29
TEST_P(RemoteScript, AnyCommandArrivesAsItIs) {
    with({"mkdir", "cat"});
    for (const std::size_t quotes : {2, 2000}) {
        std::string said;
        for (std::size_t i = 0; i < quotes / 2; ++i) said += "%s\\n $HOME `x` \"";
        std::string command = "printf %s ";
        for (std::size_t i = 0; i < quotes / 2; ++i) command += "'%s\\n $HOME `x` \"'";
        run(command + "\necho; # last line");
        EXPECT_EQ(output_, said + "\n");
        EXPECT_THAT(errors_, IsEmpty());
    }
}

// TRAPS 10
TEST_P(RemoteScript, NobodyElseSeesIntoTheFolder) {
    with({"mkdir"});
    const auto before = ::umask(027);
    run("umask");
    ::umask(before);
    EXPECT_THAT(output_, HasSubstr("027"));
    EXPECT_EQ(fs::status(in("own")).permissions(), fs::perms::owner_all);
}

// Another user of the sandbox's machine could have put a program or a FIFO into it.
TEST_P(RemoteScript, AFolderOfSomebodyElseIsNotEntered) {
    with({"mkdir"});
    fs::create_directory(in("theirs"));
    fs::create_directory_symlink(in("theirs"), in("own"));
    run("echo never");
    EXPECT_THAT(frames_, ElementsAre("begin", HasSubstr("belongs to somebody else")));
    EXPECT_TRUE(fs::is_empty(in("theirs")));
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a folder of another user's";
    fs::remove(in("own"));
    fs::create_directory(in("own"));
    ASSERT_EQ(::chown(in("own").c_str(), 65534, 65534), 0);
    run("echo never");
    EXPECT_THAT(frames_, ElementsAre("begin", HasSubstr("belongs to somebody else")));
    EXPECT_TRUE(fs::is_empty(in("own")));
}

TEST_P(RemoteScript, SaysWhatItCannotDo) {
    with({"mkdir"});
    std::ofstream(in("own")) << "in the way";
    run("echo never");
    ASSERT_EQ(frames_.size(), 2U);
    EXPECT_THAT(frames_[1], HasSubstr("fail cannot make"));
    EXPECT_THAT(output_, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Shells, RemoteScript, testing::Values("/bin/sh", "/bin/bash"),
                         [](const auto& shell) {
                             return fs::path(shell.param).filename().string();
                         });

}  // namespace
}  // namespace offload::provider
