// The conversation with a remote sandbox, whatever carries it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offload/base/file.hpp"
#include "remote/result_frame.hpp"
#include "remote/sandbox.hpp"

namespace offload::provider {
namespace {

using testing::HasSubstr;

// Scripts run here, unless `instead` says what runs in their place.
class NearSandbox final : public RemoteSandbox {
  public:
    NearSandbox()
        : RemoteSandbox({SandboxNumber(0), SlotNumber(0), random_hex(8)}, "near", "", {}) {}
    ~NearSandbox() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Result<> destroy(SteadyTime) override { return {}; }

    std::string instead;
    std::string through;  // shell text that comes before each script
    std::optional<Seconds> silence;

  protected:
    Conversation converse(const std::string& nonce, const std::string& script,
                          const process::Limits& limits, const ScriptInput& input,
                          const FrameHandler& on_frame, const OutputHandler& output) override {
        Conversation talk;
        FrameScanner scanner(
            nonce,
            [&](std::string_view text) {
                if (text == "begin") talk.begun = true;
                on_frame(text);
            },
            [&](std::string_view text) { output(Stream::Out, text); });
        talk.end = process::run(
            {.argv = {"sh", "-c", instead.empty() ? through + script : instead}}, limits,
            [&](auto, std::string_view bytes) { scanner.feed(bytes); }, input.rest, input.first);
        if (const auto* exited = std::get_if<process::Exited>(&talk.end.how)) {
            talk.code = exited->status;
        }
        return talk;
    }
    Error transport_error(const Conversation&, std::string_view what) const override {
        return Error{std::string(what)};
    }
    std::optional<Seconds> longest_silence() const override { return silence; }
};

ExecReply run(NearSandbox& sandbox, std::string command) {
    ExecRequest request;
    request.command = std::move(command);
    request.deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    return sandbox.exec(request, [](auto, auto) {});
}

Upload upload_of(const std::filesystem::path& from, std::string to) {
    return {.from = from.string(),
            .to = std::move(to),
            .deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1},
            .cancel = {}};
}

TEST(RemoteSandbox, LargeFilesArriveAsTheyAre) {
    const auto folder = TemporaryFolder::create("offload-upload-test-").value();
    const auto from = folder.path() / "from";
    std::string bytes;
    for (std::size_t i = 0; bytes.size() < 13 << 20; ++i) bytes += fmt::format("\n{}\0", i);
    // None, one, a portion of 6 MiB exactly, and several.
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{6} << 20, bytes.size()}) {
        NearSandbox sandbox;
        const auto content = bytes.substr(0, size);
        ASSERT_TRUE(write_file_atomically(from, content));
        const auto to = sandbox.folder() + "/it's there";
        const auto sent = sandbox.upload(upload_of(from, to));
        ASSERT_TRUE(sent) << sent.error().message;
        EXPECT_TRUE(read_file(to).value() == content) << size;
        // A second one takes its place.
        ASSERT_TRUE(sandbox.upload(upload_of(from, to)));
        EXPECT_TRUE(read_file(to).value() == content) << size;
    }
}

TEST(RemoteSandbox, AnUploadThatDoesNotArriveIsAnError) {
    const auto folder = TemporaryFolder::create("offload-upload-test-").value();
    const auto from = folder.path() / "from";
    ASSERT_TRUE(write_file_atomically(from, std::string(100'000, 'x')));
    {
        NearSandbox sandbox;
        EXPECT_THAT(sandbox.upload(upload_of(from, "/tmp/elsewhere")).error().message,
                    HasSubstr("does not lie in"));
        EXPECT_THAT(sandbox.upload(upload_of(from.string() + "-not", sandbox.folder() + "/to"))
                        .error()
                        .message,
                    HasSubstr("cannot read"));
        // No folder can be made where a file is.
        const auto sent = sandbox.upload(upload_of(from, sandbox.folder() + "/no/such/folder"));
        EXPECT_THAT(sent.error().message, HasSubstr("cannot write"));
    }
    {
        NearSandbox sandbox;  // whose connection loses what it is told
        sandbox.through = "exec < /dev/null\n";
        const auto sent = sandbox.upload(upload_of(from, sandbox.folder() + "/to"));
        EXPECT_THAT(sent.error().message, HasSubstr("did not arrive whole"));
    }
    {
        NearSandbox sandbox;
        sandbox.through = "sleep 1000\n";
        process::CancelSource cancel;
        cancel.cancel();
        auto upload = upload_of(from, sandbox.folder() + "/to");
        upload.cancel = cancel.token();
        EXPECT_EQ(sandbox.upload(upload).error().kind, ErrorKind::Cancelled);
        upload = upload_of(from, sandbox.folder() + "/to");
        upload.deadline = std::chrono::steady_clock::now();
        EXPECT_THAT(sandbox.upload(upload).error().message, HasSubstr("took too long"));
    }
}

// TRAPS 23
TEST(RemoteSandbox, OneThatSaysNothingForTooLongIsDeadLongBeforeTheTimeLimit) {
    NearSandbox sandbox;
    sandbox.silence = Seconds{0.3};
    sandbox.instead = "exec sleep 1000";
    const auto reply = run(sandbox, "true");
    const auto* failure = std::get_if<ExecReply::TransportFailure>(&reply.end);
    ASSERT_NE(failure, nullptr);
    EXPECT_THAT(failure->error.message, HasSubstr("does not answer"));
    EXPECT_FALSE(reply.reusable);
}

TEST(RemoteSandbox, OneThatHasBegunMayBeSilentAsLongAsItLikes) {
    NearSandbox sandbox;
    sandbox.silence = Seconds{20};
    const auto reply = run(sandbox, "sleep 0.2; exit 3");
    const auto* exited = std::get_if<ExecReply::Exited>(&reply.end);
    ASSERT_NE(exited, nullptr);
    EXPECT_EQ(exited->status, 3);
}

}  // namespace
}  // namespace offload::provider
