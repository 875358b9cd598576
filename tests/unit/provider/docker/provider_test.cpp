// What a provider makes of an engine's refusals. A real engine is used by the integration
// scenarios.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "docker/container.hpp"
#include "docker/docker.hpp"
#include "docker/options.hpp"
#include "docker/owner.hpp"
#include "listener.hpp"

namespace offload::provider::docker {
namespace {

using testing::ElementsAre;

// Answers by what a request begins with; of several answers the last one stays.
class Scripted {
  public:
    explicit Scripted(std::map<std::string, std::vector<std::string>> answers)
        : answers_(std::move(answers)), listener_([this](int connection) { answer(connection); }) {}

    std::string address() const { return listener_.address(); }
    std::vector<std::string> asked() {
        const std::scoped_lock lock(mutex_);
        return asked_;
    }

  private:
    void answer(int connection) {
        const auto request = request_of(connection);
        const auto line = request.substr(0, request.find(" HTTP"));
        std::string text = with_body(404, R"({"message":"nothing of that name"})");
        {
            const std::scoped_lock lock(mutex_);
            asked_.push_back(line);
            for (auto& [beginning, texts] : answers_) {
                if (!line.starts_with(beginning)) continue;
                text = texts.front();
                if (texts.size() > 1) texts.erase(texts.begin());
            }
        }
        ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    }

    std::mutex mutex_;
    std::map<std::string, std::vector<std::string>> answers_;
    std::vector<std::string> asked_;
    Listener listener_;
};

std::unique_ptr<Provider> provider_at(const std::string& address) {
    config::Config config;
    DockerOptions docker;
    docker.image = "base";
    docker.host = address;
    config.provider = config::Provider::of("docker", docker);
    config.offload.sandbox_project_root = "/app";
    config.report.output_dir = "/reports";
    auto made = DockerProvider::create_from(config);
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
}

SandboxSpec spec() { return {.number = SandboxNumber{3}, .slot = SlotNumber{0}, .run_id = "r"}; }

const std::string kImage = with_body(200, R"({"Id":"sha256:1"})");
const std::string kCreated = with_body(201, R"({"Id":"c1"})");
const std::string kDone = "HTTP/1.1 204 No Content\r\n\r\n";

TEST(DockerProvider, ImageThatHasVanishedIsMadeOnceMore) {  // TRAPS 32
    Scripted engine({{"GET /version", {with_body(200, "{}")}},
                     {"GET /images/base/json", {kImage}},
                     {"POST /containers/create",
                      {with_body(404, R"({"message":"No such image: sha256:1"})"), kCreated}},
                     {"POST /containers/c1/start", {kDone}}});
    const auto provider = provider_at(engine.address());
    ASSERT_TRUE(provider->prepare({}, {}));
    const auto sandbox = provider->create(spec(), {});
    ASSERT_TRUE(sandbox) << sandbox.error().to_string();
    EXPECT_EQ((*sandbox)->id(), "c1");
    EXPECT_THAT(
        engine.asked(),
        ElementsAre("GET /version", "GET /images/base/json",
                    "POST /containers/create?name=offload-r-3", "GET /images/base/json",
                    "POST /containers/create?name=offload-r-3", "POST /containers/c1/start"));
}

TEST(DockerProvider, ContainerThatDoesNotStartIsRemovedAtOnce) {  // TRAPS 24
    Scripted engine(
        {{"POST /containers/create", {kCreated}},
         {"POST /containers/c1/start", {with_body(500, R"({"message":"network gone not found"})")}},
         {"DELETE /containers/offload-r-3", {kDone}}});
    const auto provider = provider_at(engine.address());
    const auto sandbox = provider->create(spec(), {});
    ASSERT_FALSE(sandbox);
    EXPECT_EQ(sandbox.error().message, "starting a container: network gone not found");
    EXPECT_THAT(engine.asked(),
                ElementsAre("POST /containers/create?name=offload-r-3", "POST /containers/c1/start",
                            "DELETE /containers/offload-r-3?force=true&v=true"));
}

TEST(DockerProvider, WhatCameToBeUnheardIsRemovedInTheEnd) {  // TRAPS 24
    Scripted engine(
        {{"POST /containers/create", {"HTTP/1.1 201 Created\r\n"}},  // and the connection breaks
         {"GET /containers/json", {with_body(200, R"([{"Id":"late","State":"created"}])")}},
         {"DELETE /containers/late", {kDone}}});
    auto provider = provider_at(engine.address());
    EXPECT_FALSE(provider->create(spec(), {}));
    provider.reset();
    EXPECT_EQ(engine.asked().back(), "DELETE /containers/late?force=true&v=true");
}

// What is said of an exec that was killed before its first word, when its container is looked at
// and shows these states, one after the other, and runs a command with `status` in between.
std::string said_of_killed_exec(const std::vector<std::string>& states, int status) {
    std::vector<std::string> looks;
    for (const auto& state : states) looks.push_back(with_body(200, state));
    const auto ended = [](int code) {
        return with_body(200, nlohmann::json{{"ExitCode", code}}.dump());
    };
    Scripted engine({{"POST /containers/create", {kCreated}},
                     {"POST /containers/c1/start", {kDone}},
                     {"POST /containers/c1/exec",
                      {with_body(201, R"({"Id":"first"})"), with_body(201, R"({"Id":"look"})")}},
                     {"POST /exec/", {"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n"}},
                     {"GET /exec/first/json", {ended(137)}},
                     {"GET /exec/look/json", {ended(status)}},
                     {"GET /containers/c1/json", looks},
                     {"DELETE /containers/c1", {kDone}}});
    const auto sandbox = provider_at(engine.address())->create(spec(), {});
    if (!sandbox) return sandbox.error().to_string();
    ExecRequest request;
    request.command = "true";
    request.deadline = steady_now() + std::chrono::minutes(1);
    const auto reply = (*sandbox)->exec(request, [](auto, auto) {});
    const auto* failure = std::get_if<ExecReply::TransportFailure>(&reply.end);
    return failure == nullptr ? "no failure" : failure->error.to_string();
}

constexpr const char* kRuns = R"({"State":{"Running":true,"Status":"running"}})";

TEST(DockerSandbox, KilledContainerThatStillSeemsToRunIsLookedAtAgain) {  // TRAPS 23
    EXPECT_EQ(
        said_of_killed_exec(
            {kRuns, kRuns, R"({"State":{"Running":false,"Status":"exited","ExitCode":137}})"}, 137),
        "sandbox c1: the exec could not start; its container has ended with status 137: "
        "something else has killed it: exit status 137");
}

TEST(DockerSandbox, ContainerThatIsBeingRemovedIsSaidToBeGone) {  // TRAPS 23
    EXPECT_EQ(
        said_of_killed_exec(
            {kRuns, R"({"State":{"Running":false,"Status":"removing","ExitCode":137}})"}, 137),
        "sandbox c1: the exec could not start; its container is gone: something else has "
        "removed it: exit status 137");
}

TEST(DockerSandbox, ContainerThatRunsCommandsIsNotBlamed) {
    EXPECT_EQ(said_of_killed_exec({kRuns}, 0),
              "sandbox c1: the exec could not start: exit status 137");
}

TEST(DockerProvider, OnlyContainersOfDeadRunsAreAbandoned) {  // TRAPS 25
    const auto entry = [](const std::string& id, const std::string& state,
                          const std::string& owner) {
        return nlohmann::json{
            {"Id", id}, {"State", state}, {"Labels", {{kRunLabel, "r"}, {kOwnerLabel, owner}}}};
    };
    auto dead = this_process();
    dead.replace(dead.rfind(' '), std::string::npos, " 1");
    const auto list =
        nlohmann::json{entry("mine", "running", this_process()), entry("dead", "running", dead),
                       entry("elsewhere", "running", "another boot 1 1"),
                       entry("stopped", "exited", "another boot 1 1")};
    Scripted engine({{"GET /containers/json", {with_body(200, list.dump())}}});
    const auto found = provider_at(engine.address())
                           ->abandoned(SteadyTime::clock::now() + std::chrono::minutes(1));
    ASSERT_TRUE(found);
    std::vector<std::string> ids;
    for (const auto& one : *found) ids.push_back(one.id);
    EXPECT_THAT(ids, ElementsAre("dead", "stopped"));
    EXPECT_NE(engine.asked().front().find("offload.project%3D/reports"), std::string::npos);
}

}  // namespace
}  // namespace offload::provider::docker
