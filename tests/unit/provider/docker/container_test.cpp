#include "docker/container.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "docker/host.hpp"
#include "docker/image.hpp"
#include "docker/owner.hpp"
#include "docker/sandbox.hpp"
#include "offload/process/child.hpp"

namespace offload::provider::docker {
namespace {

ContainerOptions all_options() {
    return {.image = "sha256:0a",
            .cpu_cores = 1.5,
            .memory_gb = 0.5,
            .network = "none",
            .user = "1000:1000",
            .run_args = {},
            .labels = {{kRunLabel, "r1"}, {kSandboxLabel, "3"}}};
}

TEST(DockerContainer, RequestCarriesLimitsAndLabels) {
    const auto body = create_body(all_options());
    EXPECT_EQ(body["HostConfig"]["NanoCpus"], 1'500'000'000);
    EXPECT_EQ(body["HostConfig"]["Memory"], 512 * 1024 * 1024);
    EXPECT_EQ(body["HostConfig"]["MemorySwap"], body["HostConfig"]["Memory"]);
    EXPECT_EQ(body["HostConfig"]["NetworkMode"], "none");
    EXPECT_EQ(body["User"], "1000:1000");
    EXPECT_EQ(body["Labels"]["offload.run"], "r1");
    EXPECT_EQ(body["Labels"]["offload.sandbox"], "3");
}

TEST(DockerContainer, NoLimitsUnlessAskedFor) {
    const auto body = create_body({.image = "i"});
    EXPECT_FALSE(body.contains("User"));
    EXPECT_EQ(body["HostConfig"].dump(), "{}");
}

TEST(DockerContainer, RunArgumentsComeBeforeTheImage) {
    auto options = all_options();
    options.run_args = {"--shm-size=1g", "--volume", "/a b:/c"};
    const auto arguments = create_arguments("offload-r1-3", options);
    const auto at = [&](std::string_view text) {
        return std::find(arguments.begin(), arguments.end(), text) - arguments.begin();
    };
    EXPECT_EQ(arguments.front(), "create");
    EXPECT_EQ(at("--volume") + 1, at("/a b:/c"));
    EXPECT_LT(at("--shm-size=1g"), at("sha256:0a"));
    EXPECT_LT(at("offload.sandbox=3"), at("sha256:0a"));
    EXPECT_EQ(arguments[static_cast<std::size_t>(at("--memory")) + 1], "536870912b");
    EXPECT_EQ(arguments[static_cast<std::size_t>(at("--cpus")) + 1], "1.5");
}

// What a real shell makes of a script that travels this way.
std::string carried_out(const std::string& script) {
    const auto arguments = script_arguments(script);
    if (!arguments) return "does not fit";
    const auto ran = process::capture(
        {.argv = *arguments},
        {.deadline = SteadyTime::clock::now() + std::chrono::seconds(60), .cancel = {}});
    return ran.out + ran.err;
}

TEST(DockerScript, LongScriptIsWhatAShortOneIs) {  // TRAPS 28
    EXPECT_EQ(carried_out("printf '%s' 'it'\\''s'"), "it's");
    const std::string text(300 * 1024, 'x');
    EXPECT_EQ(carried_out("printf '%s' '" + text + "'; echo \" $0 $#\""), text + " sh 4\n");
}

TEST(DockerScript, BytesThatAreNoTextSurvive) {  // TRAPS 29
    EXPECT_EQ(carried_out("printf '%s' '\xff\xfe\n\\'"), "\xff\xfe\n\\");
}

TEST(DockerScript, OneThatIsTooLongIsRefused) {
    EXPECT_FALSE(script_arguments(std::string(std::size_t{2} << 20U, 'x')));
}

TEST(DockerImage, TreeBelongsToTheImagesUser) {
    EXPECT_EQ(tree_dockerfile("base:1", "/app", ""),
              "FROM base:1\nWORKDIR /app\nCOPY [\"./\",\"/app/\"]\n");
    EXPECT_EQ(tree_dockerfile("base:1", "/my app", "tester"),
              "FROM base:1\nWORKDIR /my app\nCOPY --chown=tester [\"./\",\"/my app/\"]\n");
}

TEST(DockerImage, LastLayerDeletesCopiesAndRunsInThisOrder) {  // TRAPS 11
    WantedImage wanted{.root = "/app"};
    wanted.commands = {"make \"all\"\nmake install"};
    EXPECT_EQ(last_dockerfile("base:1", wanted, {{"copy-0/", "/data/"}}, "delete", ""),
              "FROM base:1\n"
              "COPY [\"delete\",\"/tmp/.offload-delete\"]\n"
              "RUN [\"/bin/sh\",\"-c\",\"cd /app && sh /tmp/.offload-delete && "
              "rm -f /tmp/.offload-delete\"]\n"
              "COPY [\"copy-0/\",\"/data/\"]\n"
              "RUN [\"/bin/sh\",\"-c\",\"cd /app && make \\\"all\\\"\\nmake install\"]\n");
}

TEST(DockerImage, DeletedPathsMayHoldAnything) {  // TRAPS 29
    EXPECT_EQ(deleting_script({"a.py", "it's one", "-f"}), "rm -f -- a.py 'it'\\''s one' -f\n");
    const auto many = deleting_script(std::vector<std::string>(250, "x"));
    EXPECT_EQ(std::count(many.begin(), many.end(), '\n'), 3);
}

HostSurroundings surroundings(std::map<std::string, std::string> environment,
                              std::set<std::string> files, std::string context = "") {
    return {.environment = [environment](const char* name) -> std::optional<std::string> {
                const auto found = environment.find(name);
                if (found == environment.end()) return std::nullopt;
                return found->second;
            },
            .exists = [files](const std::string& path) { return files.contains(path); },
            .chosen_context = [context] { return context; }};
}

TEST(DockerHost, ConfigThenEnvironmentThenContextThenUsualPlaces) {
    const std::map<std::string, std::string> environment{{"DOCKER_HOST", "unix:///env.sock"},
                                                         {"XDG_RUNTIME_DIR", "/run/user/7"}};
    const auto none = std::nullopt;
    EXPECT_EQ(*find_socket(Brand::Docker, "unix:///mine", surroundings(environment, {})), "/mine");
    EXPECT_EQ(*find_socket(Brand::Docker, none, surroundings(environment, {})), "/env.sock");
    EXPECT_EQ(*find_socket(Brand::Docker, none, surroundings({}, {}, "unix:///ctx")), "/ctx");
    EXPECT_EQ(*find_socket(Brand::Docker, none,
                           surroundings({{"XDG_RUNTIME_DIR", "/r"}}, {"/r/docker.sock"})),
              "/r/docker.sock");
    EXPECT_EQ(*find_socket(Brand::Docker, none, surroundings({}, {})), "/var/run/docker.sock");
}

TEST(DockerHost, PodmansOwnSocketOfTheUserComesFirst) {
    const auto found =
        find_socket(Brand::Podman, std::nullopt,
                    surroundings({{"XDG_RUNTIME_DIR", "/r"}, {"DOCKER_HOST", "unix:///docker"}},
                                 {"/r/podman/podman.sock", "/run/podman/podman.sock"}));
    EXPECT_EQ(*found, "/r/podman/podman.sock");
}

TEST(DockerHost, AddressThatIsNoSocketShowsAWay) {
    const auto found = find_socket(Brand::Docker, std::nullopt,
                                   surroundings({{"DOCKER_HOST", "tcp://1.2.3.4:2375"}}, {}));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().place, "$DOCKER_HOST");
    EXPECT_NE(found.error().hint.find("default"), std::string::npos);
}

TEST(DockerOwner, ThisProcessLivesAndOneThatEndedDoesNot) {
    EXPECT_EQ(state_of_owner(this_process()), OwnerState::Alive);
    std::istringstream words(this_process());
    std::string boot;
    std::string space;
    words >> boot >> space;
    // Another process had this number before.
    EXPECT_EQ(state_of_owner(boot + ' ' + space + ' ' + std::to_string(::getpid()) + " 1"),
              OwnerState::Gone);
    EXPECT_EQ(state_of_owner("another-boot " + space + " 1 1"), OwnerState::Unknown);
    EXPECT_EQ(state_of_owner(boot + " pid:[1] 1 1"), OwnerState::Unknown);
    EXPECT_EQ(state_of_owner(""), OwnerState::Unknown);
}

}  // namespace
}  // namespace offload::provider::docker
