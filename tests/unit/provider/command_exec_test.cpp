// Running commands in sandboxes of the command provider, and what comes back.
#include <sys/eventfd.h>
#include <unistd.h>

#include "command_fixture.hpp"

namespace offload::provider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using CommandExec = test::CommandProviderTest;

// TRAPS 31
TEST_F(CommandExec, FolderAndEnvironmentReachEveryExecAndLaterWins) {
    commands_.env = {{"A", "provider"}, {"B", "provider"}, {"C", "it's\n\"$HOME\" `x` \\"}};
    config_.extra_env = {{"B", "flag"}};
    const auto box = sandbox(5);
    auto request = request_for(
        "pwd; echo \"$A $B $REQUEST\"; echo \"$C\"; echo $OFFLOAD_ROOT $OFFLOAD_RUN_ID "
        "$OFFLOAD_SANDBOX_ID $OFFLOAD_PARALLEL_INDEX; [ -d $OFFLOAD_SANDBOX_FOLDER ] && echo own");
    request.env = {{"REQUEST", "it's"}};
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(run(*box, request), root().string() + "\nprovider flag it's\n" +
                                          commands_.env["C"] + "\n" + root().string() + " " +
                                          run_id_ + " " + box->id() + " 5\nown\n");
    }
}

TEST_F(CommandExec, TheStartOfTheCommandIsTold) {
    const auto box = sandbox();
    std::string seen;
    auto request = request_for("echo said");
    request.on_start = [&seen] { seen += "start "; };
    reply_ = box->exec(request, [&](Stream, std::string_view piece) { seen += piece; });
    EXPECT_EQ(seen, "start said\n");
    request.files = {{"/elsewhere", ""}};
    box->exec(request, [](auto, auto) {});
    EXPECT_EQ(seen, "start said\n") << "it never started";
}

// TRAPS 40
TEST_F(CommandExec, ABatchIsOneRoundTrip) {
    commands_.download_command = "echo download >> calls; exit 1";
    const auto box = sandbox();
    auto request = request_for("printf 'some \\0 bytes' > out.xml; exit 3");
    request.result_file = "out.xml";
    run(*box, request);
    EXPECT_EQ(status(), 3);
    EXPECT_EQ(reply_.result_file, std::string("some \0 bytes", 12));
    EXPECT_EQ(calls("exec"), 1U);
    EXPECT_EQ(calls("download"), 0U);
}

TEST_F(CommandExec, ALargeResultTravelsCompressed) {
    commands_.exec_command = "sh -c {command} > wire; cat wire";
    const auto box = sandbox();
    auto request = request_for("seq 100000 > out.xml");
    request.result_file = "out.xml";
    run(*box, request);
    const auto result = text_of("root/out.xml");
    EXPECT_GT(result.size(), 500'000U);
    EXPECT_EQ(reply_.result_file, result);
    EXPECT_LT(text_of("wire").size(), result.size() / 2);
}

// TRAPS 3
TEST_F(CommandExec, AResultOfAnEarlierExecIsNeverThisOnes) {
    commands_.download_command = "cp {paths}";
    const auto box = sandbox();
    auto request = request_for("echo first > out.xml");
    request.result_file = "out.xml";
    run(*box, request);
    EXPECT_EQ(reply_.result_file, "first\n");
    request.command = "exit 9";
    run(*box, request);
    EXPECT_EQ(reply_.result_file, std::nullopt);
    EXPECT_EQ(status(), 9);
}

// The download command gets pairs 'remote':'local'.
constexpr const char* kDownload =
    "echo download >> calls; for pair in {paths}; do cp \"${pair%%:*}\" \"${pair#*:}\"; done";

TEST_F(CommandExec, WhereTheFrameIsCutTheResultIsDownloaded) {
    commands_.download_command = kDownload;
    commands_.exec_command = "sh -c {command} > wire; s=$?; head -c 200 wire; exit $s";
    const auto box = sandbox();
    auto request = request_for("seq 1000 > out.xml; exit 1");
    request.result_file = "out.xml";
    run(*box, request);
    EXPECT_EQ(status(), 1);
    EXPECT_EQ(reply_.result_file, text_of("root/out.xml"));
    EXPECT_EQ(calls("download"), 1U);
}

TEST_F(CommandExec, WhereStdoutIsSwallowedTheResultIsDownloaded) {
    commands_.download_command = kDownload;
    commands_.exec_command = "sh -c {command} > /dev/null";
    const auto box = sandbox();
    for (const int code : {0, 1}) {
        auto request = request_for("echo result > out.xml; exit " + std::to_string(code));
        request.result_file = "out.xml";
        run(*box, request);
        EXPECT_EQ(status(), code) << failure();
        EXPECT_EQ(reply_.result_file, "result\n");
    }
}

TEST_F(CommandExec, ADownloadThatBringsNothingOrFailsIsNoResult) {
    commands_.exec_command = "sh -c {command} > wire; s=$?; head -c 200 wire; exit $s";
    for (const char* download : {"true", "exit 1", "sleep 1000"}) {
        renew();
        commands_.download_command = download;
        commands_.timeout = std::chrono::seconds{3};
        const auto box = sandbox();
        auto request = request_for("seq 1000 > out.xml");
        request.result_file = "out.xml";
        run(*box, request);
        EXPECT_EQ(reply_.result_file, std::nullopt) << download;
        commands_.timeout = std::chrono::seconds{60};
    }
}

// Every lifecycle command ends, however long its caller would wait.
TEST_F(CommandExec, ADownloadOfArtefactsThatHangsIsEnded) {
    commands_.download_command = "sleep 1000; : {paths}";
    commands_.timeout = std::chrono::seconds{3};
    auto request = request_for("echo shot > shot.png");
    request.keeps_track_of_files = true;
    const auto box = sandbox();
    run(*box, request);
    const auto by_its_own =
        box->download({{"*.png"}, in("artefacts"), false, steady_now() + std::chrono::hours{1}});
    ASSERT_FALSE(by_its_own);
    EXPECT_THAT(by_its_own.error().to_string(), HasSubstr("download_command took too long"));
    EXPECT_THAT(by_its_own.error().to_string(), HasSubstr("timeout_secs"));

    commands_.timeout = std::chrono::seconds{60};
    renew();
    const auto other = sandbox();
    run(*other, request);
    const auto by_its_callers = other->download(
        {{"*.png"}, in("artefacts"), false, steady_now() + std::chrono::seconds{3}});
    ASSERT_FALSE(by_its_callers);
    EXPECT_THAT(by_its_callers.error().to_string(), HasSubstr("took too long"));
    EXPECT_THAT(by_its_callers.error().to_string(), Not(HasSubstr("timeout_secs")));
}

// TRAPS 9: an exec that runs nothing is no success.
TEST_F(CommandExec, ASandboxThatAnswersGarbageIsBroken) {
    commands_.exec_command = "echo 'welcome to box'; true {sandbox_id} {command}";
    const auto box = sandbox();
    EXPECT_THAT(run(*box, request_for("exit 1")), HasSubstr("welcome"));
    EXPECT_THAT(failure(), HasSubstr("not with what it should have run"));
    EXPECT_FALSE(reply_.reusable);
}

// TRAPS 23
TEST_F(CommandExec, ASandboxThatIsGoneIsNoTestsFault) {
    const auto box = sandbox();
    ASSERT_TRUE(std::filesystem::remove(in("boxes/" + box->id())));
    run(*box, request_for("exit 1"));
    EXPECT_THAT(failure(), HasSubstr("could not start"));
    EXPECT_FALSE(reply_.reusable);
}

// TRAPS 23
TEST_F(CommandExec, AConnectionThatIsLostWhileTestsRunIsNoTestsFault) {
    commands_.exec_command = "sh -c {command} & sleep 0.5; kill $!; echo closed >&2; exit 255";
    const auto box = sandbox();
    EXPECT_THAT(run(*box, request_for("echo begun; exec sleep 1000")), HasSubstr("begun"));
    EXPECT_THAT(failure(), HasSubstr("connection was lost"));
    EXPECT_THAT(failure(), HasSubstr("closed"));
}

// The client's status tells of its connection, not of the tests: only the end frame ends them.
TEST_F(CommandExec, ACutExecIsLostEvenIfTheClientIsContent) {  // TRAPS 9, 23
    commands_.exec_command = "sh -c {command} & sleep 0.5; kill $!; exit 0";
    const auto box = sandbox();
    EXPECT_THAT(run(*box, request_for("echo begun; exec sleep 1000")), HasSubstr("begun"));
    EXPECT_THAT(failure(), HasSubstr("connection was lost"));
    EXPECT_FALSE(reply_.reusable);
    // Nor does a half-written result file make it whole.
    renew();
    commands_.download_command = kDownload;
    const auto other = sandbox(2);
    auto request = request_for("echo half > out.xml; exec sleep 1000");
    request.result_file = "out.xml";
    run(*other, request);
    EXPECT_THAT(failure(), HasSubstr("connection was lost"));
}

TEST_F(CommandExec, AnExecThatHangsBeforeItBeginsIsNoTestsFault) {  // TRAPS 23
    const auto hang = [&](const Sandbox& box) {
        auto request = request_for("echo here; exec sleep 1000");
        request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{1};
        run(const_cast<Sandbox&>(box), request);
    };
    commands_.exec_command = "mkdir hung 2> /dev/null && exec sleep 1000; exec sh -c {command}";
    hang(*sandbox(1));
    EXPECT_THAT(failure(), HasSubstr("hung before it began"));
    EXPECT_FALSE(reply_.reusable);
    renew();
    commands_.exec_command = "mkdir dead 2> /dev/null && exec sleep 1000; exit 1 # {command}";
    hang(*sandbox(2));
    EXPECT_THAT(failure(), HasSubstr("does not answer"));
    // Where all output comes at the end, nobody can tell: it is taken for the tests' own hang.
    renew();
    commands_.exec_command = "sh -c {command} > wire; s=$?; cat wire; exit $s";
    hang(*sandbox(3));
    EXPECT_NE(ended<ExecReply::TimedOut>(), nullptr) << failure();
}

TEST_F(CommandExec, AnExecThatPrintsWithoutEndBeforeItBeginsIsNoTestsFault) {
    commands_.exec_command = "head -c 70000000 /dev/zero; exit 0 # {command}";
    const auto box = sandbox();
    run(*box, request_for("true"));
    EXPECT_THAT(failure(), HasSubstr("printed more than"));
    EXPECT_EQ(ended<ExecReply::TransportFailure>()->error.kind, ErrorKind::TooLong);
}

TEST_F(CommandExec, WhatFailsInASandboxThatHasLostItsFolderIsNoTestsFault) {  // TRAPS 23
    const auto box = sandbox();
    run(*box, request_for("rm -rf \"$OFFLOAD_SANDBOX_FOLDER\"; exit 4"));
    EXPECT_THAT(failure(), HasSubstr("has vanished"));
    EXPECT_FALSE(reply_.reusable);
}

TEST_F(CommandExec, AShellThatDiesWithItsTestsIsACrashWhereTheSandboxStillAnswers) {
    const auto box = sandbox();
    run(*box, request_for("kill -9 $PPID; kill -9 $$"));
    EXPECT_EQ(status(), 137) << failure();
    EXPECT_FALSE(reply_.reusable);
}

// TRAPS 22
TEST_F(CommandExec, AfterATimeoutTheSandboxIsNotUsedAgain) {
    const auto box = sandbox();
    run(*box, request_for("true"));
    auto request = request_for("echo here; exec sleep 1000");
    request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{2};
    EXPECT_EQ(run(*box, request), "here\n");
    EXPECT_NE(ended<ExecReply::TimedOut>(), nullptr);
    EXPECT_FALSE(reply_.reusable);
}

TEST_F(CommandExec, JsonRepliesAreUnwrappedAndTheFrameInsideCounts) {
    write("reply.py",
          "import json, subprocess, sys\n"
          "done = subprocess.run(['sh', '-c', sys.argv[1]], capture_output=True, text=True)\n"
          "print('connecting')\n"
          "print(json.dumps({'exit_code': 0, 'stdout': done.stdout, 'stderr': done.stderr}))\n");
    commands_.exec_command = "python3 reply.py {command}";
    const auto box = sandbox();
    auto request = request_for("echo visible; echo wrong >&2; echo result > out.xml; exit 4");
    request.result_file = "out.xml";
    const auto output = run(*box, request);
    EXPECT_EQ(status(), 4) << "the frame's status wins over the wrapper's";
    EXPECT_EQ(reply_.result_file, "result\n");
    EXPECT_EQ(output, "connecting\nvisible\nwrong\n");
}

TEST_F(CommandExec, AJsonReplyWithoutOutputIsTakenAtItsWord) {
    commands_.exec_command = "sh -c {command} > /dev/null; echo '{\"exit_code\": '$?'}'";
    const auto box = sandbox();
    run(*box, request_for("true"));
    EXPECT_EQ(status(), 0) << failure();
}

class Lines final : public process::Input {
  public:
    explicit Lines(std::string text) : text_(std::move(text)) {}
    ~Lines() override { ::close(event_); }
    int descriptor() const override { return event_; }
    std::string take(bool& end) override {
        end = true;
        return std::move(text_);
    }

  private:
    std::string text_;
    int event_ = ::eventfd(1, EFD_CLOEXEC);
};

TEST_F(CommandExec, StdinIsPassedWhereTheExecPassesIt) {
    EXPECT_FALSE(provider().traits().passes_stdin);
    renew();
    commands_.exec_stdin = true;
    EXPECT_TRUE(provider().traits().passes_stdin);
    const auto box = sandbox();
    auto request = request_for("while read -r line; do echo \"got $line\"; done; exit 6");
    Lines lines("one\ntwo\n");
    request.input = &lines;
    EXPECT_EQ(run(*box, request), "got one\ngot two\n");
    EXPECT_EQ(status(), 6);
    // Without input there is an end of file, and nobody else's stdin.
    request.input = nullptr;
    EXPECT_EQ(run(*box, request), "");
}

// TRAPS 28
TEST_F(CommandExec, WhatDoesNotFitIsKnownBeforehand) {
    const auto box = sandbox();
    const auto of_size = [&](std::size_t size) {
        auto request = request_for("echo '" + std::string(size, 'x') + "' | wc -c");
        return request;
    };
    EXPECT_FALSE(box->fits(of_size(128 * 1024)));
    std::size_t size = 128 * 1024;
    while (!box->fits(of_size(size))) size -= 16;
    EXPECT_EQ(run(*box, of_size(size)), std::to_string(size + 1) + "\n") << failure();
    EXPECT_GT(size, 100U * 1024);
}

// TRAPS 10
TEST_F(CommandExec, SandboxesHaveFoldersOfTheirOwn) {
    const auto one = sandbox(1);
    const auto two = sandbox(2);
    EXPECT_NE(one->folder(), two->folder());
    EXPECT_THAT(one->folder(), HasSubstr(run_id_));
    EXPECT_NE(one->folder(), sandbox(1)->folder()) << "nobody can foresee it";
}

TEST_F(CommandExec, FilesTravelOnceAndStandThereAgain) {
    const auto box = sandbox();
    auto request = request_for("cat " + box->folder() + "/sub/file");
    request.files = {{box->folder() + "/sub/file", std::string("it's\n\x01", 6)}};
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(run(*box, request), std::string("it's\n\x01", 6)) << failure();
    }
    std::filesystem::remove(box->folder() + "/sub/file");
    run(*box, request);
    EXPECT_THAT(failure(), HasSubstr("has vanished"));
}

class CommandArtefacts : public test::CommandProviderTest,
                         public testing::WithParamInterface<const char*> {
  protected:
    CommandArtefacts() {
        if (GetParam() != nullptr) commands_.download_command = GetParam();
    }
    std::vector<std::string> fetch(Sandbox& box, std::vector<std::string> globs,
                                   const std::string& to) {
        return fetch_all(box, {std::move(globs), in(to).string(), false, soon()}).files;
    }
    Artefacts fetch_all(Sandbox& box, const ArtefactRequest& request) {
        auto copied = box.download(request);
        EXPECT_TRUE(copied) << copied.error().to_string();
        return copied ? *std::move(copied) : Artefacts{};
    }
    void make(Sandbox& box, const std::string& command) {
        auto request = request_for(command);
        request.keeps_track_of_files = true;
        run(box, request);
        EXPECT_EQ(status(), 0) << failure();
    }
};

// TRAPS 41
TEST_P(CommandArtefacts, AreThoseOfTheLastBatchAlone) {
    const auto box = sandbox();
    make(*box, "mkdir -p out; echo one > out/a; echo old > out/b");
    EXPECT_THAT(fetch(*box, {"out/*"}, "got/1"), ElementsAre("out/a", "out/b"));
    make(*box, "echo two > out/c; echo new > out/b");
    EXPECT_THAT(fetch(*box, {"out/*"}, "got/2"), ElementsAre("out/b", "out/c"));
    EXPECT_EQ(text_of("got/2/out/b"), "new\n");
    EXPECT_EQ(text_of("got/1/out/b"), "old\n");
}

TEST_P(CommandArtefacts, ThatStoodThereBeforeComeWhereTheyAreAskedFor) {
    const auto box = sandbox();
    run(*box, request_for("mkdir -p out; echo image > out/image; sleep 0.02"));
    make(*box, "echo one > out/one");
    make(*box, "echo two > out/two");
    EXPECT_THAT(fetch_all(*box, {{"out/*"}, in("got").string(), true, soon()}).files,
                ElementsAre("out/image", "out/two"));
}

TEST_P(CommandArtefacts, OfAPatternThatMatchesNothingAreThoseAcrossFolders) {
    const auto box = sandbox();
    make(*box, "mkdir -p out/deep; echo 1 > out/deep/x.png; echo 2 > 'out/[y].txt'");
    const auto got =
        fetch_all(*box, {{"./out/*.png", "out/[[]y].txt"}, in("got").string(), false, soon()});
    EXPECT_THAT(got.files, ElementsAre("out/[y].txt", "out/deep/x.png"));
    EXPECT_THAT(got.across_folders, ElementsAre("./out/*.png"));
}

// TRAPS 42
TEST_P(CommandArtefacts, GlobsReachAllDepthsAndDotFilesAndHostileNames) {
    const auto box = sandbox();
    make(*box,
         "mkdir -p 'd/e f' && echo 1 > d/x && echo 2 > 'd/e f/x' && echo 3 > d/.x && "
         "echo 4 > \"d/it's \\$HOME\"");
    EXPECT_THAT(fetch(*box, {"d/**/x", "./d/.*"}, "got"), ElementsAre("d/.x", "d/e f/x", "d/x"));
    EXPECT_EQ(text_of("got/d/e f/x"), "2\n");
    EXPECT_THAT(fetch(*box, {"d/it*"}, "got"), ElementsAre("d/it's $HOME"));
    EXPECT_EQ(text_of("got/d/it's $HOME"), "4\n");
    EXPECT_TRUE(fetch(*box, {"nothing/**"}, "got").empty());
}

// TRAPS 43
TEST_P(CommandArtefacts, NoGlobLeavesTheFolder) {
    const auto box = sandbox();
    make(*box, "echo secret > ../outside; ln -s .. up");
    for (const char* glob : {"../outside", "/etc/passwd", "a/../../outside"}) {
        EXPECT_FALSE(box->download({{glob}, in("got").string(), false, soon()})) << glob;
    }
    EXPECT_TRUE(fetch(*box, {"up/outside", "**/outside"}, "got").empty());
}

TEST_P(CommandArtefacts, ManyFilesComeInPortions) {
    const auto box = sandbox();
    make(*box, "mkdir out; for i in $(seq 700); do echo $i > out/a-rather-long-file-name-$i; done");
    EXPECT_EQ(fetch(*box, {"out/*"}, "got").size(), 700U);
    EXPECT_EQ(text_of("got/out/a-rather-long-file-name-700"), "700\n");
}

INSTANTIATE_TEST_SUITE_P(Ways, CommandArtefacts,
                         testing::Values(static_cast<const char*>(nullptr), kDownload),
                         [](const auto& way) {
                             return way.param == nullptr ? "InTheStream" : "ByDownloadCommand";
                         });

}  // namespace
}  // namespace offload::provider
