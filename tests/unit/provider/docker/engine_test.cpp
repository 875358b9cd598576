// What a client makes of an engine that is not there or does not behave. A real one is used by the
// integration scenarios.
#include "docker/engine.hpp"

#include <gtest/gtest.h>

#include "docker/exec.hpp"
#include "listener.hpp"

namespace offload::provider::docker {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

TEST(DockerEngine, OneThatDoesNotRunShowsTheWay) {
    const auto answer = Engine(Brand::Docker, "/nowhere/docker.sock")
                            .ask({.target = "/version"}, within(seconds(5)));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("/nowhere/docker.sock"), std::string::npos);
    EXPECT_NE(answer.error().hint.find("systemctl start docker"), std::string::npos);
}

TEST(DockerEngine, OneThatIsSilentIsLeftAtTheDeadline) {  // TRAPS 20
    const Listener listener(stay_silent);
    const auto answer = listener.engine().ask({.target = "/version"}, within(seconds(0)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::TimedOut);
}

TEST(DockerEngine, CancellationEndsTheWait) {
    process::CancelSource source;
    const Listener listener([&](int connection) {
        request_of(connection);
        source.cancel();
        stay_silent(connection);
    });
    const auto answer = listener.engine().ask(
        {.target = "/version"},
        {.deadline = steady_clock::now() + seconds(3600), .cancel = source.token()});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::Cancelled);
}

TEST(DockerEngine, WhatHasBegunMayStillEndAfterTheCancellation) {
    process::CancelSource source;
    const Listener listener([&](int connection) {
        request_of(connection);
        source.cancel();
        const auto text = with_body(201, R"({"Id":"ab"})");
        ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    });
    const auto answer = listener.engine().ask({.method = "POST", .target = "/containers/create"},
                                              {.deadline = steady_clock::now() + seconds(3600),
                                               .cancel = source.token(),
                                               .cancel_delay = seconds(3600)});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->fields["Id"], "ab");
}

TEST(DockerEngine, ItsWordsAreTheErrors) {
    const Listener listener(answering(with_body(500, R"({"message":"no space left\n"})")));
    const auto answer =
        listener.engine().have("making a thing", {.target = "/things"}, within(seconds(60)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, "making a thing: no space left");
}

TEST(DockerEngine, StatusTellsTheKindOfError) {
    const auto kind = [](int status) {
        const Listener listener(answering(with_body(status, "{}")));
        return listener.engine().have("x", {.target = "/x"}, within(seconds(60))).error().kind;
    };
    EXPECT_EQ(kind(403), ErrorKind::Denied);
    EXPECT_EQ(kind(404), ErrorKind::NotFound);
    EXPECT_EQ(kind(429), ErrorKind::Busy);
    EXPECT_EQ(kind(500), ErrorKind::Other);
}

TEST(DockerEngine, AnswersThatAreCutAreErrors) {
    const Listener listener(answering("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"Id\":"));
    EXPECT_FALSE(listener.engine().ask({.target = "/version"}, within(seconds(60))));
}

TEST(DockerEngine, ContainerThatIsGoneCountsAsRemoved) {
    const Listener listener(answering(with_body(404, R"({"message":"No such container: ab"})")));
    EXPECT_TRUE(listener.engine().remove("ab", within(seconds(60))));
    EXPECT_EQ(*listener.engine().state_of("ab", within(seconds(60))), std::nullopt);
    EXPECT_EQ(*listener.engine().find_image("ab", within(seconds(60))), "");
}

TEST(DockerEngine, AnswersOfAnotherShapeDoNoHarm) {
    const Listener listener(answering(with_body(
        200,
        R"([{"Id":7,"Labels":null},{"Id":"b","State":"running","Labels":{"offload.run":"r"}}])")));
    const auto found = listener.engine().list({"offload.run"}, within(seconds(60)));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().label("offload.run"), "r");
    EXPECT_EQ(found->front().label("another"), "");
    const auto state = listener.engine().state_of("b", within(seconds(60)));
    ASSERT_TRUE(state);
    EXPECT_FALSE((*state)->running);
}

// --- Commands
// --------------------------------------------------------------------------------------

struct Answered {
    std::string out;
    ExecEnd end;
};

Answered run(const Engine& engine, const process::Limits& limits,
             const std::function<bool(const std::string&)>& enough = {}) {
    Answered heard;
    heard.end = run_exec(
        engine, "c", {"true"}, limits, nullptr,
        [&](Stream /*stream*/, std::string_view bytes) { heard.out += bytes; },
        [&] { return enough && enough(heard.out); });
    return heard;
}

// An engine that grants an exec, and goes on as `then` says.
std::function<void(int)> granting(const std::string& frames, std::function<void(int)> then = {}) {
    return [=](int connection) {
        const bool starts = request_of(connection).starts_with("POST /exec/");
        auto text =
            starts ? "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + frames
                   : with_body(201, R"({"Id":"e1"})");
        ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
        if (starts && then) then(connection);
    };
}

const std::string kHello = std::string("\1\0\0\0\0\0\0\5", 8) + "hello";

TEST(DockerExec, OutputIsHeardUntilTheStreamEnds) {
    const Listener listener(granting(kHello));
    const auto heard = run(listener.engine(), within(seconds(60)));
    EXPECT_TRUE(std::holds_alternative<ExecEnd::Over>(heard.end.how));
    EXPECT_EQ(heard.out, "hello");
    EXPECT_EQ(heard.end.id, "e1");
}

TEST(DockerExec, StreamThatIsCutIsNoEnd) {  // TRAPS 23
    const Listener listener(granting(kHello + std::string("\1\0\0\0\0\0\0\5he", 10)));
    const auto heard = run(listener.engine(), within(seconds(60)));
    EXPECT_TRUE(std::holds_alternative<ExecEnd::Lost>(heard.end.how));
}

TEST(DockerExec, OneThatNeverBeginsIsSilent) {  // TRAPS 20
    auto limits = within(seconds(3600));
    limits.first_output = steady_clock::now();
    for (const auto& behaviour :
         {std::function<void(int)>(stay_silent), granting("", stay_silent)}) {
        const Listener listener(behaviour);
        const auto heard = run(listener.engine(), limits);
        const auto* late = std::get_if<ExecEnd::TimedOut>(&heard.end.how);
        ASSERT_NE(late, nullptr);
        EXPECT_TRUE(late->silent);
    }
}

TEST(DockerExec, WhatHoldsTheStreamAfterTheLastWordIsNotWaitedFor) {  // TRAPS 60
    const Listener listener(granting(kHello, stay_silent));
    const auto heard = run(listener.engine(), within(seconds(3600)),
                           [](const std::string& out) { return out == "hello"; });
    EXPECT_TRUE(std::holds_alternative<ExecEnd::Over>(heard.end.how));
}

TEST(DockerExec, CancellationAndDeadlineEndIt) {
    process::CancelSource source;
    source.cancel();
    const Listener listener(granting(kHello, stay_silent));
    const auto cancelled = run(listener.engine(), {.deadline = {}, .cancel = source.token()});
    EXPECT_TRUE(std::holds_alternative<ExecEnd::Cancelled>(cancelled.end.how));
    const auto late = run(listener.engine(), within(seconds(1)));
    ASSERT_TRUE(std::holds_alternative<ExecEnd::TimedOut>(late.end.how));
}

TEST(DockerExec, RefusalIsToldInTheEnginesWords) {
    const Listener listener(answering(with_body(409, R"({"message":"Container c is paused"})")));
    const auto heard = run(listener.engine(), within(seconds(60)));
    const auto* lost = std::get_if<ExecEnd::Lost>(&heard.end.how);
    ASSERT_NE(lost, nullptr);
    EXPECT_EQ(lost->error.message, "starting a command: Container c is paused");
}

}  // namespace
}  // namespace offload::provider::docker
