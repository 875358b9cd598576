#include "cargo/cargo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework_fixture.hpp"

namespace offload::framework {
namespace {

using test::context_in;
using test::exited;
using test::group_with;
using test::Request;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

config::Config config_with(CargoOptions settings = {}) {
    config::Config config;
    config.framework.type = "cargo";
    config.framework.test_id_format = "{classname} {name}";
    config.framework.options = std::make_shared<CargoOptions>(std::move(settings));
    return config;
}

// Shortened from what cargo-nextest 0.9.148 prints.
constexpr std::string_view kListing =
    R"({"rust-build-meta":{"target-directory":"/t"},"test-count":4,
"rust-suites":{
"alpha":{"package-name":"alpha","binary-id":"alpha","binary-name":"alpha","package-id":"p#alpha",
 "kind":"lib","binary-path":"/t/alpha","build-platform":"target","cwd":"/a","status":"listed",
 "testcases":{"tests::same":{"kind":"test","ignored":false,"filter-match":{"status":"matches"}},
  "tests::slow":{"kind":"test","ignored":true,"filter-match":{"status":"mismatch","reason":"ignored"}},
  "with space":{"kind":"test","ignored":true,"filter-match":{"status":"matches"}},
  "out":{"kind":"test","ignored":false,"filter-match":{"status":"mismatch","reason":"expression"}}}},
"alpha::bin/alpha":{"package-name":"alpha","binary-id":"alpha::bin/alpha","binary-name":"alpha",
 "package-id":"p#alpha","kind":"bin","binary-path":"/t/alpha2","build-platform":"target","cwd":"/a",
 "status":"listed",
 "testcases":{"tests::same":{"kind":"test","ignored":false,"filter-match":{"status":"matches"}}}},
"beta":{"package-name":"beta","binary-id":"beta","binary-name":"beta","package-id":"p#beta",
 "kind":"lib","binary-path":"/t/beta","build-platform":"target","cwd":"/b","status":"skipped",
 "testcases":{}}}})";

std::string printed(std::string_view profile = "") {
    return "note on stdout\n" + std::string(kListing) + "\n\noffload-5eed " + std::string(profile) +
           "\n";
}

Discovered discover(const config::Group& group, std::string_view profile = "") {
    return CargoFramework(config_with())
        .read_discovery({group, context_in("/run", "discovery-0")}, exited(0), printed(profile), "")
        .value();
}

std::string file_ending_in(const BatchCommand& batch, std::string_view ending) {
    for (const auto& file : batch.files) {
        if (file.path.ends_with(ending)) return file.content;
    }
    return "(no such file)";
}

BatchCommand batch_of(const std::string& filters, RunContext context,
                      std::string_view profile = "") {
    const auto group = group_with(filters);
    const Request request(group, std::move(context), {"alpha tests::same"},
                          discover(group, profile).carry);
    return CargoFramework(config_with()).batch(request()).value();
}

TEST(CargoDiscovery, ListsWithTheGroupsFiltersBehindTheSettings) {
    CargoOptions settings;
    settings.package = "alpha";
    settings.features = "a b";
    settings.bin = "tool";
    settings.include_ignored = true;
    const CargoFramework framework(config_with(settings));
    const auto command =
        framework.discovery({group_with("-E 'test(x)' -- --skip y"), context_in("/run")});
    ASSERT_TRUE(command);
    EXPECT_EQ(command->shown,
              "cargo nextest list --message-format json --package alpha --features 'a b' "
              "--bin tool --run-ignored only -E 'test(x)' -- --skip y");
    EXPECT_THAT(command->command,
                HasSubstr("cargo nextest list \"$@\" --message-format json --package alpha "
                          "--features 'a b' --bin tool --run-ignored only -E 'test(x)' -- "
                          "--skip y || exit\n"));

    auto in_batches = config_with(settings);
    in_batches.framework.worker = config::WorkerMode::Off;
    const auto plain = CargoFramework(in_batches)
                           .discovery({group_with("-E 'test(x)' -- --skip y"), context_in("/run")});
    EXPECT_THAT(plain->command, StartsWith(plain->shown + " || exit\n"));
}

TEST(CargoDiscovery, AFilterThatChoosesIgnoredTestsWins) {
    CargoOptions settings;
    settings.include_ignored = true;
    const CargoFramework framework(config_with(settings));
    const auto command = framework.discovery({group_with("-- --ignored"), context_in("/run")});
    EXPECT_THAT(command->shown, Not(HasSubstr("--run-ignored")));
}

TEST(CargoDiscovery, FiltersThatCannotBeUnderstoodAreAnError) {  // TRAPS 17
    const auto command = CargoFramework(config_with())
                             .discovery({group_with("--list-type full"), context_in("/run")});
    ASSERT_FALSE(command);
    EXPECT_THAT(command.error().to_string(), HasSubstr("[groups.all] filters"));
}

TEST(CargoDiscovery, OnlyMatchingTestsCountAndBinariesKeepThemApart) {  // TRAPS 16
    const auto discovered = discover(group_with(""));
    std::vector<std::string> ids;
    for (const auto& item : discovered.tests) ids.push_back(item.id);
    EXPECT_THAT(ids, UnorderedElementsAre("alpha tests::same", "alpha with space",
                                          "alpha::bin/alpha tests::same"));
    EXPECT_NE(discovered.carry, nullptr);
}

TEST(CargoDiscovery, AMissingNextestIsAnErrorThatSaysHowToInstallIt) {
    const auto discovered = CargoFramework(config_with())
                                .read_discovery({group_with(""), context_in("/run")}, exited(101),
                                                "", "error: no such command: `nextest`\n");
    ASSERT_FALSE(discovered);
    EXPECT_THAT(discovered.error().to_string(), HasSubstr("cargo install --locked cargo-nextest"));
}

TEST(CargoDiscovery, ACompilersErrorsAreShown) {
    const auto discovered =
        CargoFramework(config_with())
            .read_discovery({group_with("-p alpha"), context_in("/run")}, exited(101), "",
                            "error[E0425]: cannot find value\n --> src/lib.rs:1:1\n");
    ASSERT_FALSE(discovered);
    const auto shown = discovered.error().to_string();
    EXPECT_THAT(shown, HasSubstr("E0425"));
    EXPECT_THAT(shown, HasSubstr("src/lib.rs:1:1"));
    EXPECT_THAT(shown, HasSubstr("exit status 101"));
    EXPECT_THAT(shown, HasSubstr("-p alpha"));
}

TEST(CargoDiscovery, OutputThatIsNoListingIsAnError) {
    for (const auto* out : {"", "hello\n", "{\"rust-suites\":{}}", "{\"rust-suites\":", "[1]"}) {
        EXPECT_FALSE(CargoFramework(config_with())
                         .read_discovery({group_with(""), context_in("/run")}, exited(0), out, ""))
            << out;
    }
}

TEST(CargoBatch, OnThisMachineTheBuildIsReusedAndBuildFlagsAreNotRepeated) {
    const auto batch =
        batch_of("-p alpha --release --user-config-file none name", context_in("/run"));
    EXPECT_THAT(batch.command, HasSubstr("--binaries-metadata /run/batch-7.binaries.json"));
    EXPECT_THAT(batch.command, HasSubstr("/run/discovery-0.cargo-metadata.json"));
    EXPECT_THAT(batch.command, HasSubstr("--user-config-file none"));
    EXPECT_THAT(batch.command, HasSubstr("--test-threads 1"));
    EXPECT_THAT(batch.command, Not(HasSubstr("--release")));
    EXPECT_THAT(batch.command, Not(HasSubstr("-p alpha")));
    EXPECT_EQ(batch.result_file, "/run/batch-7.xml");
    EXPECT_THAT(file_ending_in(batch, ".binaries.json"), HasSubstr("\"/t/alpha2\""));
}

TEST(CargoBatch, ElsewhereASandboxBuildsOnceAndRunsSeveralTestsAtATime) {
    auto context = context_in("/box");
    context.same_machine = false;
    const auto batch = batch_of("-p alpha --release -E 'all()' name", context);
    EXPECT_THAT(batch.command, HasSubstr("--list-type binaries-only"));
    EXPECT_THAT(batch.command, HasSubstr("offload_build=/box/discovery-0\n"));
    EXPECT_THAT(batch.command, HasSubstr("-p alpha --release"));
    EXPECT_THAT(batch.command, Not(HasSubstr("--test-threads")));
    EXPECT_THAT(batch.command, Not(HasSubstr("all()")));
    EXPECT_THAT(batch.command, Not(HasSubstr(" name")));
    EXPECT_THAT(batch.command, Not(HasSubstr("/t/alpha"))) << "a path of this machine";
}

TEST(CargoBatch, WhatTestsPrintIsNeverShownByNextestItself) {
    const auto batch = batch_of("", context_in("/run"));
    EXPECT_THAT(batch.command, HasSubstr("--success-output never --failure-output never"));
}

TEST(CargoBatch, ItsProfileDecidesWhatRunsAndWhereTheResultsGo) {
    const auto batch = batch_of("", context_in("/run"));
    EXPECT_THAT(batch.command, HasSubstr("--profile offload-batch"));
    EXPECT_THAT(batch.command, HasSubstr("--tool-config-file offload:/run/batch-7.tool.toml"));
    EXPECT_THAT(batch.command, HasSubstr("--retries 0"));
    EXPECT_THAT(batch.command, HasSubstr("--no-fail-fast"));
    const auto config = file_ending_in(batch, ".tool.toml");
    EXPECT_THAT(config, HasSubstr("[profile.offload-batch.junit]\npath = \"/run/batch-7.xml\""));
    EXPECT_THAT(config, HasSubstr("binary_id(=alpha) & (test(/^(?:tests::same)$/))"));
    EXPECT_THAT(config, Not(HasSubstr("inherits")));
}

TEST(CargoBatch, FailFastIsHandedOn) {
    auto context = context_in("/run");
    context.fail_fast = true;
    EXPECT_THAT(batch_of("", context).command, HasSubstr(" --fail-fast"));
}

TEST(CargoBatch, TheUsersProfileIsInherited) {
    for (const auto& batch :
         {batch_of("--profile ci", context_in("/run")), batch_of("", context_in("/run"), "ci")}) {
        EXPECT_THAT(batch.command, HasSubstr("cargo locate-project --workspace"));
        EXPECT_THAT(batch.command, HasSubstr("--config-file /run/batch-7.merged.toml"));
        EXPECT_THAT(file_ending_in(batch, ".profile.toml"), HasSubstr("inherits = \"ci\""));
    }
    const auto own = batch_of("-P ci --config-file 'my own.toml'", context_in("/run"));
    EXPECT_THAT(own.command, HasSubstr("offload_config='my own.toml'"));
    EXPECT_THAT(own.command, Not(HasSubstr("locate-project")));
    // An explicit choice wins over the environment.
    const auto plain = batch_of("--profile default", context_in("/run"), "ci");
    EXPECT_THAT(file_ending_in(plain, ".tool.toml"), Not(HasSubstr("inherits")));
}

TEST(CargoBatch, IdsTakeNoRoomOnTheCommandLine) {  // TRAPS 28
    const CargoFramework framework(config_with());
    EXPECT_EQ(framework.command_bytes(std::string(1000, 'x')), 0U);
    std::vector<std::string> ids;
    for (int number = 0; number < 20000; ++number) {
        ids.push_back("alpha " + std::string(100, 'n') + std::to_string(number));
    }
    const auto group = group_with("");
    const Request request(group, context_in("/run"), ids, discover(group).carry);
    EXPECT_LT(framework.batch(request())->command.size(), 2000U);
}

TEST(CargoBatch, ABuildMadeElsewhereIsHandedOn) {
    const auto batch = batch_of("--archive-file a.tar.zst", context_in("/run"));
    EXPECT_THAT(batch.command, HasSubstr("--archive-file a.tar.zst"));
    EXPECT_THAT(batch.command, Not(HasSubstr("--binaries-metadata")));
}

}  // namespace
}  // namespace offload::framework
