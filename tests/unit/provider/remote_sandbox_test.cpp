// The conversation with a remote sandbox, whatever carries it.
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
            {.argv = {"sh", "-c", instead.empty() ? script : instead}}, limits,
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
