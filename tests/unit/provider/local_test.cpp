#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <thread>

#include "files.hpp"
#include "local/options.hpp"
#include "offload/base/file.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Prepared : public testing::Environment {
  public:
    void SetUp() override { process::prepare_this_process(); }
};
const testing::Environment* const prepared = testing::AddGlobalTestEnvironment(new Prepared);

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

SteadyTime soon() { return std::chrono::steady_clock::now() + std::chrono::minutes{1}; }

ExecRequest request_for(std::string command) {
    return {.command = std::move(command),
            .env = {},
            .files = {},
            .result_file = std::nullopt,
            .deadline = soon(),
            .cancel = {}};
}

class Local : public testing::Test {
  protected:
    Local() {
        fs::create_directories(work());
        local_.env = {};
    }

    fs::path in(const std::string& relative) const { return folder_.path() / relative; }
    fs::path work() const { return in("work"); }

    Provider& provider() {
        if (!provider_) {
            config_.provider = config::Provider::of("local", local_);
            provider_ = make_provider(config_, work().string()).value();
        }
        return *provider_;
    }

    std::unique_ptr<Sandbox> sandbox(std::size_t number = 0, std::size_t slot = 0) {
        auto made = provider().create({SandboxNumber(number), SlotNumber(slot), run_id_},
                                      process::CancelToken{});
        EXPECT_TRUE(made) << made.error().to_string();
        return *std::move(made);
    }

    // Output of both streams.
    std::string output_of(Sandbox& sandbox, const ExecRequest& request) {
        std::string output;
        reply_ = sandbox.exec(request, [&](Stream, std::string_view piece) { output += piece; });
        return output;
    }
    std::string output_of(const std::string& command) {
        const auto made = sandbox();
        auto output = output_of(*made, request_for(command));
        EXPECT_TRUE(made->destroy(soon()));
        return output;
    }

    template <class How>
    const How* ended() const {
        return std::get_if<How>(&reply_.end);
    }
    std::string failure() const {
        const auto* transport = ended<ExecReply::TransportFailure>();
        return transport == nullptr ? "" : transport->error.to_string();
    }

    config::Config config_;
    LocalOptions local_;
    ExecReply reply_;
    std::string run_id_ = random_hex(8);

  private:
    TemporaryFolder folder_ = TemporaryFolder::create("offload-local-test-").value();
    std::unique_ptr<Provider> provider_;
};

TEST_F(Local, ReportsExitStatusAndSignal) {
    output_of("exit 7");
    ASSERT_NE(ended<ExecReply::Exited>(), nullptr);
    EXPECT_EQ(ended<ExecReply::Exited>()->status, 7);
    EXPECT_TRUE(reply_.reusable);
    output_of("kill -SEGV $$");
    ASSERT_NE(ended<ExecReply::Signalled>(), nullptr);
    EXPECT_EQ(ended<ExecReply::Signalled>()->signal, SIGSEGV);
}

TEST_F(Local, StreamsAreToldApart) {
    const auto made = sandbox();
    std::string out;
    std::string err;
    made->exec(request_for("echo o; echo e >&2"), [&](Stream stream, std::string_view piece) {
        (stream == Stream::Out ? out : err) += piece;
    });
    EXPECT_EQ(out, "o\n");
    EXPECT_EQ(err, "e\n");
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, CommandsRunInTheWorkingFolder) {
    EXPECT_EQ(output_of("pwd -P"), fs::canonical(work()).string() + "\n");
}

TEST_F(Local, CommandsRunThroughTheConfiguredShell) {
    std::ofstream(in("shell")) << "#!/bin/sh\necho \"$1 <$2>\"\n";
    fs::permissions(in("shell"), fs::perms::owner_all);
    local_.shell = in("shell").string();
    EXPECT_EQ(output_of("some  'command'"), "-c <some  'command'>\n");
}

// TRAPS 31
TEST_F(Local, InheritsTheEnvironmentOfThisProcess) {
    ::setenv("OFFLOAD_TEST_LAYER", "process", 1);
    EXPECT_EQ(output_of("echo $OFFLOAD_TEST_LAYER"), "process\n");
}

// TRAPS 31
TEST_F(Local, ProviderEnvThenRootThenCommandLineThenExec) {
    local_.env = {{"A", "provider"}, {"B", "provider"}, {"C", "provider"}, {"OFFLOAD_ROOT", "no"}};
    config_.extra_env = {{"B", "flag"}, {"C", "flag"}};
    const auto made = sandbox();
    auto request = request_for("echo $A $B $C $OFFLOAD_ROOT");
    request.env = {{"C", "exec"}};
    EXPECT_EQ(output_of(*made, request), "provider flag exec " + work().string() + "\n");
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, ProjectRootSetsOnlyTheVariable) {
    config_.offload.sandbox_project_root = "/app";
    EXPECT_EQ(output_of("echo $OFFLOAD_ROOT; pwd -P"),
              "/app\n" + fs::canonical(work()).string() + "\n");
}

TEST_F(Local, RootGivenOnTheCommandLineWins) {
    config_.extra_env = {{"OFFLOAD_ROOT", "/mine"}};
    EXPECT_EQ(output_of("echo $OFFLOAD_ROOT"), "/mine\n");
}

// TRAPS 29
TEST_F(Local, ValuesWithEveryMetacharacterSurvive) {
    const std::string wild = "a b\n'\"$HOME`id`\\\t*?;&|<>()#!~\xc3\xa4";
    config_.extra_env = {{"WILD", wild}};
    EXPECT_EQ(output_of("printf %s \"$WILD\""), wild);
}

TEST_F(Local, TellsCommandsWhereTheyRun) {
    const auto made = sandbox(12, 3);
    EXPECT_EQ(output_of(*made, request_for("echo $OFFLOAD_RUN_ID $OFFLOAD_SANDBOX_ID "
                                           "$OFFLOAD_PARALLEL_INDEX")),
              run_id_ + " " + made->id() + " 3\n");
    EXPECT_TRUE(made->destroy(soon()));
}

// TRAPS 10
TEST_F(Local, FoldersAndIdsOfSandboxesAndRunsNeverMeet) {
    const auto one = sandbox(0);
    const auto two = sandbox(1);
    run_id_ = random_hex(8);
    const auto other_run = sandbox(0);
    EXPECT_NE(one->folder(), two->folder());
    EXPECT_NE(one->folder(), other_run->folder());
    EXPECT_NE(one->id(), two->id());
    EXPECT_NE(one->id(), other_run->id());
    struct stat status{};
    ASSERT_EQ(::stat(one->folder().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    for (const auto& made : {one.get(), two.get(), other_run.get()}) {
        EXPECT_TRUE(made->destroy(soon()));
        EXPECT_FALSE(fs::exists(made->folder()));
    }
}

TEST_F(Local, FilesStandThereBeforeTheCommandStarts) {
    const auto made = sandbox();
    auto request = request_for("cat " + made->folder() + "/deep/ids; stat -c %a " + made->folder() +
                               "/deep/ids");
    request.files = {{made->folder() + "/deep/ids", "one\ntwo\n"}};
    EXPECT_EQ(output_of(*made, request), "one\ntwo\n600\n");
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, FileOutsideTheSandboxesFolderIsRefused) {
    const auto made = sandbox();
    auto request = request_for("true");
    request.files = {{made->folder() + "/../outside", "x"}};
    output_of(*made, request);
    EXPECT_THAT(failure(), HasSubstr("does not lie in"));
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, ResultFileIsBroughtBack) {
    const auto made = sandbox();
    auto request = request_for("echo result > out.xml; exit 1");
    request.result_file = "out.xml";  // relative to the working folder
    output_of(*made, request);
    EXPECT_EQ(reply_.result_file, "result\n");
    request = request_for("printf absolute > " + made->folder() + "/r.xml");
    request.result_file = made->folder() + "/r.xml";
    output_of(*made, request);
    EXPECT_EQ(reply_.result_file, "absolute");
    EXPECT_TRUE(made->destroy(soon()));
}

// TRAPS 3
TEST_F(Local, ResultFileOfAnOlderExecIsNeverBroughtBack) {
    std::ofstream(work() / "out.xml") << "stale";
    const auto made = sandbox();
    auto request = request_for("kill -KILL $$");
    request.result_file = "out.xml";
    output_of(*made, request);
    EXPECT_EQ(reply_.result_file, std::nullopt);
    EXPECT_TRUE(made->destroy(soon()));
}

// TRAPS 43
TEST_F(Local, FolderInPlaceOfTheResultFileIsAnErrorAndStays) {
    fs::create_directory(work() / "results");
    const auto made = sandbox();
    auto request = request_for("true");
    request.result_file = "results";
    output_of(*made, request);
    EXPECT_THAT(failure(), HasSubstr("is a folder"));
    EXPECT_TRUE(fs::exists(work() / "results"));
    EXPECT_TRUE(made->destroy(soon()));
}

// TRAPS 18, 22
TEST_F(Local, TimeoutEndsAllKeepsTheResultAndBarsTheReuse) {
    const auto made = sandbox();
    auto request = request_for("echo partial > out.xml; sleep 1000 & echo $! > pid; sleep 1000");
    request.result_file = "out.xml";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{400};
    output_of(*made, request);
    EXPECT_NE(ended<ExecReply::TimedOut>(), nullptr);
    EXPECT_FALSE(reply_.reusable);
    EXPECT_EQ(reply_.result_file, "partial\n");
    EXPECT_NE(::kill(std::stoi(fetch(work() / "pid")->value()), 0), 0);
    EXPECT_TRUE(made->destroy(soon()));
}

// TRAPS 27
TEST_F(Local, CancellationEndsTheCommandAndBarsTheReuse) {
    const auto made = sandbox();
    process::CancelSource source;
    auto request = request_for("echo up; exec sleep 1000");
    request.cancel = source.token();
    reply_ = made->exec(request, [&](Stream, std::string_view) { source.cancel(); });
    EXPECT_NE(ended<ExecReply::Cancelled>(), nullptr);
    EXPECT_FALSE(reply_.reusable);
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, WhatFailsInASandboxThatHasLostItsFolderIsNoTestsFault) {  // TRAPS 23
    const auto box = sandbox();
    const auto reply =
        box->exec(request_for("rm -rf \"$OFFLOAD_SANDBOX_FOLDER\"; exit 4"), [](auto, auto) {});
    const auto* failure = std::get_if<ExecReply::TransportFailure>(&reply.end);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->error.kind, ErrorKind::Gone);
    EXPECT_FALSE(reply.reusable);
}

TEST_F(Local, AResultFileBeyondTheBoundIsAnErrorOfItsOwn) {
    const auto box = sandbox();
    auto request = request_for("truncate -s 300M out.xml");
    request.result_file = "out.xml";
    const auto reply = box->exec(request, [](auto, auto) {});
    const auto* failure = std::get_if<ExecReply::TransportFailure>(&reply.end);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->error.kind, ErrorKind::TooLong);
    EXPECT_EQ(reply.result_file, std::nullopt);
}

TEST_F(Local, NothingIsCreatedOnceCancelled) {
    process::CancelSource source;
    source.cancel();
    EXPECT_FALSE(provider().create({SandboxNumber(0), SlotNumber(0), run_id_}, source.token()));
}

// TRAPS 27
TEST_F(Local, DestroyEndsWhatHasEscaped) {
    const auto made = sandbox();
    output_of(*made, request_for("setsid sh -c 'echo $$ > pid; exec sleep 1000' >/dev/null 2>&1 & "
                                 "while ! [ -s pid ]; do sleep 0.01; done"));
    const auto pid = std::stoi(fetch(work() / "pid")->value());
    EXPECT_EQ(::kill(pid, 0), 0);
    EXPECT_TRUE(made->destroy(soon()));
    EXPECT_TRUE(eventually([&] { return ::kill(pid, 0) != 0; }));
}

TEST_F(Local, DestroySparesOtherSandboxes) {
    const auto doomed = sandbox(0);
    const auto other = sandbox(1);
    std::promise<void> up;
    auto running = std::async(std::launch::async, [&] {
        return other->exec(request_for("echo up; while ! [ -e stop ]; do sleep 0.01; done; exit 5"),
                           [&](Stream, std::string_view) { up.set_value(); });
    });
    up.get_future().wait();
    EXPECT_TRUE(doomed->destroy(soon()));
    std::ofstream(work() / "stop") << "now";
    const auto reply = running.get();
    ASSERT_TRUE(std::holds_alternative<ExecReply::Exited>(reply.end));
    EXPECT_EQ(std::get<ExecReply::Exited>(reply.end).status, 5);
    EXPECT_TRUE(other->destroy(soon()));
}

TEST_F(Local, DestroyRemovesFoldersThatATestHasClosed) {
    const auto made = sandbox();
    output_of(*made,
              request_for("mkdir -p " + made->folder() + "/a/b && touch " + made->folder() +
                          "/a/b/c && chmod 0 " + made->folder() + "/a/b " + made->folder() + "/a"));
    EXPECT_TRUE(made->destroy(soon()));
    EXPECT_FALSE(fs::exists(made->folder()));
}

// TRAPS 28
TEST_F(Local, CommandOfTheLargestSizeRuns) {
    const auto limit = provider().traits().command_bytes;
    std::string command = "true ";
    command.append(limit - command.size(), 'x');
    EXPECT_EQ(provider().quoted_bytes(command), limit);
    output_of(command);
    ASSERT_NE(ended<ExecReply::Exited>(), nullptr) << failure();
}

// TRAPS 28
TEST_F(Local, CommandBeyondTheLimitIsATransportFailureThatNamesTheSizes) {
    output_of("true " + std::string(200'000, 'x'));
    EXPECT_THAT(failure(), HasSubstr("200005 bytes"));
    EXPECT_THAT(failure(), HasSubstr("131071"));
    EXPECT_FALSE(reply_.reusable);
}

TEST_F(Local, ShellThatDoesNotExistIsATransportFailureWithAWayOut) {
    local_.shell = "/no/such/shell";
    output_of("true");
    EXPECT_THAT(failure(), HasSubstr("/no/such/shell"));
    EXPECT_THAT(failure(), HasSubstr("[provider] shell"));
}

TEST_F(Local, DeadlineInThePastIsNoTimeoutOfTheTests) {
    const auto made = sandbox();
    auto request = request_for("true");
    request.deadline = std::chrono::steady_clock::now();
    output_of(*made, request);
    EXPECT_NE(ended<ExecReply::TransportFailure>(), nullptr);
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, CopiesFoldersIntoTheSandbox) {
    ASSERT_TRUE(hand_over(in("fixtures/data/x"), "fixture"));
    config_.extra_copy_dirs = {{in("fixtures").string(), "rel"},
                               {in("fixtures").string(), "/abs/olute"}};
    ASSERT_TRUE(provider().prepare({}, {}));
    const auto made = sandbox();
    EXPECT_EQ(fetch(made->folder() + "/rel/data/x"), "fixture");
    EXPECT_EQ(fetch(made->folder() + "/abs/olute/data/x"), "fixture");
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, CopyThatCannotBeMadeIsToldBeforeAnySandboxExists) {
    config_.extra_copy_dirs = {{in("missing").string(), "x"}};
    const auto missing = provider().prepare({}, {});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().to_string(), HasSubstr(in("missing").string()));
}

TEST_F(Local, CopyThatLeavesTheSandboxIsRefused) {
    config_.extra_copy_dirs = {{work().string(), "/../../etc"}};
    const auto leaving = provider().prepare({}, {});
    ASSERT_FALSE(leaving);
    EXPECT_THAT(leaving.error().message, HasSubstr("leaves"));
}

TEST_F(Local, MissingWorkingFolderIsToldByPrepare) {
    EXPECT_TRUE(provider().prepare({}, {}));
    fs::remove(work());
    const auto prepared_again = provider().prepare({}, {});
    ASSERT_FALSE(prepared_again);
    EXPECT_THAT(prepared_again.error().to_string(), HasSubstr("working_dir"));
}

TEST_F(Local, DownloadsWhatTheLastExecMade) {
    const auto made = sandbox();
    output_of(*made, request_for("mkdir shots; echo 1 > shots/1.png"));
    const timespec times[2] = {{1000, 0}, {1000, 0}};
    ::utimensat(AT_FDCWD, (work() / "shots/1.png").c_str(), times, 0);
    output_of(*made, request_for("echo 2 > shots/2.png"));
    EXPECT_THAT(made->download({{"shots/*.png"}, in("got").string(), false, soon()}).value().files,
                ElementsAre("shots/2.png"));
    EXPECT_EQ(fetch(in("got/shots/2.png")), "2\n");
    EXPECT_TRUE(made->destroy(soon()));
}

TEST_F(Local, PassesStandardInput) {
    class Line : public process::Input {
      public:
        Line() {
            EXPECT_EQ(::pipe(ends_), 0);
            EXPECT_EQ(::write(ends_[1], "x", 1), 1);
        }
        ~Line() override {
            ::close(ends_[0]);
            ::close(ends_[1]);
        }
        int descriptor() const override { return ends_[0]; }
        std::string take(bool& end) override {
            end = true;
            return "line\n";
        }

      private:
        int ends_[2]{};
    } input;
    const auto made = sandbox();
    auto request = request_for("cat");
    request.input = &input;
    EXPECT_TRUE(provider().traits().passes_stdin);
    EXPECT_EQ(output_of(*made, request), "line\n");
    EXPECT_TRUE(made->destroy(soon()));
}

}  // namespace
}  // namespace offload::provider
