// Runs the commands of CargoFramework for real, against tests/data/cargo_suite. Skipped where
// cargo-nextest is missing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <set>

#include "cargo/cargo.hpp"
#include "framework_fixture.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

using test::context_in;
using test::group_with;
using test::Read;
using test::Request;
using testing::HasSubstr;
using testing::IsEmpty;

struct Executed {
    Ended ended;
    std::string out;
    std::string err;
};

class CargoRun : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        have_nextest_ = std::system("cargo nextest --version >/dev/null 2>&1") == 0;
        // One build for all cases, whichever process they run in.
        setenv("CARGO_TARGET_DIR", OFFLOAD_CARGO_TARGET, 1);
        unsetenv("NEXTEST_PROFILE");
        unsetenv("RUST_BACKTRACE");
    }

    void SetUp() override {
        if (!have_nextest_) GTEST_SKIP() << "cargo-nextest is not installed";
    }

    std::string folder() const { return folder_.path().string(); }

    Executed execute(const std::string& command, const Variables& env,
                     const std::vector<CarriedFile>& files) const {
        for (const auto& file : files) {
            EXPECT_TRUE(write_file_atomically(file.path, file.content));
        }
        std::string assignments;
        for (const auto& [name, value] : env) assignments += name + "=" + shell::quote(value) + " ";
        const auto line = fmt::format("cd {} && {} sh -c {} > {} 2> {}",
                                      shell::quote(OFFLOAD_TEST_DATA "/cargo_suite"), assignments,
                                      shell::quote(command), shell::quote(folder() + "/out"),
                                      shell::quote(folder() + "/err"));
        const int status = std::system(line.c_str());
        Executed executed;
        executed.ended = test::exited(WEXITSTATUS(status));
        executed.out = read_file(folder() + "/out").value();
        executed.err = read_file(folder() + "/err").value();
        return executed;
    }

    Result<Discovered> discover(const config::Group& group) const {
        const auto context = context_in(folder(), "discovery-0");
        const auto command = framework_.discovery({group, context}).value();
        const auto executed = execute(command.command, command.env, command.files);
        return framework_.read_discovery({group, context}, executed.ended, executed.out,
                                         executed.err);
    }

    Read run(const config::Group& group, const std::vector<std::string>& ids,
             const Discovered& discovered, const Variables& more_env = {},
             bool same_machine = true) const {
        auto context = context_in(folder(), "batch-" + std::to_string(++batches_));
        context.same_machine = same_machine;
        const Request request(group, context, ids, discovered.carry);
        auto command = framework_.batch(request()).value();
        command.env.insert(command.env.end(), more_env.begin(), more_env.end());
        const auto executed = execute(command.command, command.env, command.files);
        std::optional<std::string> file;
        if (auto content = read_file(*command.result_file)) file = *content;
        const auto reader = framework_.reader(request());
        return test::read_all(*reader, executed.out, executed.err, executed.ended, file);
    }

    static std::vector<std::string> ids_of(const Discovered& discovered) {
        std::vector<std::string> ids;
        for (const auto& item : discovered.tests) ids.push_back(item.id);
        return ids;
    }

    static config::Config config() {
        config::Config config;
        config.framework.type = "cargo";
        config.framework.test_id_format = "{classname} {name}";
        config.framework.options = std::make_shared<CargoOptions>();
        return config;
    }

    static inline bool have_nextest_ = false;
    TemporaryFolder folder_ = TemporaryFolder::create("offload cargo run").value();
    CargoFramework framework_{config()};
    mutable int batches_ = 0;
};

TEST_F(CargoRun, EveryDiscoveredTestGetsExactlyItsOwnResult) {  // TRAPS 16
    const auto group = group_with("--run-ignored all");
    const auto discovered = discover(group);
    ASSERT_TRUE(discovered) << discovered.error().to_string();
    const auto ids = ids_of(*discovered);
    ASSERT_GE(ids.size(), 30U);
    const auto read = run(group, ids, *discovered);
    EXPECT_TRUE(read.reading.complete) << read.reading.trouble << read.visible;
    EXPECT_FALSE(read.told.twice);
    EXPECT_THAT(read.told.unknown, IsEmpty());
    EXPECT_THAT(read.told.refused, IsEmpty());
    ASSERT_EQ(read.told.ended.size(), ids.size());

    const std::set<std::string> failing = {"alpha tests::panics",
                                           "alpha tests::returns_an_error",
                                           "alpha tests::should_panic_but_does_not",
                                           "alpha tests::ignored_and_failing",
                                           "alpha::endings aborts",
                                           "alpha::endings segfaults",
                                           "alpha::endings exits_with_three"};
    for (std::size_t position = 0; position < ids.size(); ++position) {
        EXPECT_EQ(read.told.ended.at(position).outcome == Outcome::Failed,
                  failing.count(ids[position]) == 1)
            << ids[position];
    }
}

TEST_F(CargoRun, IgnoredTestsAreSkippedUnlessSelected) {
    const auto without = discover(group_with("-p alpha"));
    const auto only = discover(group_with("-p alpha -- --ignored"));
    ASSERT_TRUE(without && only);
    for (const auto& id : ids_of(*without)) EXPECT_THAT(id, Not(HasSubstr("ignored")));
    EXPECT_EQ(only->tests.size(), 2U);
    const auto read = run(group_with("-p alpha -- --ignored"), {"alpha tests::ignored"}, *only);
    EXPECT_TRUE(read.reading.complete);
    ASSERT_EQ(read.told.ended.size(), 1U);
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Passed);
}

TEST_F(CargoRun, ABatchRunsItsTestsAndNoOthers) {
    const auto group = group_with("-E 'binary_id(alpha)' same_name");
    const auto discovered = discover(group);
    ASSERT_TRUE(discovered);
    // One of each: plain, nested, another binary of the same name, names with a meaning.
    const std::vector<std::string> ids = {"alpha tests::same_name",
                                          "alpha::bin/alpha tests::same_name",
                                          "beta::bin/beta same_name",
                                          "alpha tests::nested::deeply::prüft_größe_日本",
                                          "gamma-ray::no-harness a/b\\c",
                                          "gamma-ray::no-harness (paren), [bracket] {brace}",
                                          "gamma-ray::no-harness pipe|or&and!not+plus*star?^"};
    // Discovery of the whole workspace, so that all binaries are known.
    const auto all = discover(group_with(""));
    ASSERT_TRUE(all);
    for (const bool same_machine : {true, false}) {
        const auto read = run(group_with(""), ids, *all, {}, same_machine);
        EXPECT_TRUE(read.reading.complete) << read.visible;
        EXPECT_EQ(read.told.ended.size(), ids.size());
        EXPECT_THAT(read.told.unknown, IsEmpty());
        EXPECT_THAT(read.visible, HasSubstr("7 tests run: 7 passed"));
    }
}

TEST_F(CargoRun, CrashesSayWhatTheyWere) {  // TRAPS 19
    const auto group = group_with("--test endings");
    const auto discovered = discover(group);
    ASSERT_TRUE(discovered);
    const auto read = run(group,
                          {"alpha::endings aborts", "alpha::endings segfaults",
                           "alpha::endings exits_with_three", "alpha::endings same_name"},
                          *discovered);
    ASSERT_EQ(read.told.ended.size(), 4U);
    EXPECT_THAT(read.told.ended.at(0).message, HasSubstr("SIGABRT"));
    EXPECT_THAT(read.told.ended.at(0).details, HasSubstr("last words"));
    EXPECT_THAT(read.told.ended.at(1).message, HasSubstr("SIGSEGV"));
    EXPECT_THAT(read.told.ended.at(2).message, HasSubstr("exit code 3"));
    EXPECT_EQ(read.told.ended.at(3).outcome, Outcome::Passed);
}

TEST_F(CargoRun, TheUsersConfigurationIsRespectedButOffloadRetriesAndSelects) {
    const auto config_path = folder() + "/user's.toml";
    ASSERT_TRUE(write_file_atomically(config_path, R"(
[profile.default]
retries = 5
fail-fast = true
[[profile.default.overrides]]
filter = 'all()'
retries = 3
[[profile.default.overrides]]
platform = 'cfg(unix)'
default-filter = 'not test(aborts)'
[profile.ci]
slow-timeout = { period = "200ms", terminate-after = 1 }
[profile.ci.junit]
path = "elsewhere.xml"
)"));
    const Variables env = {{"CARGO_SUITE_SLEEP_MS", "60000"},
                           {"CARGO_SUITE_FLAKY_FOLDER", folder()}};
    const auto group = group_with(
        "--test endings --profile ci --ignore-default-filter "
        "--config-file " +
        shell::quote(config_path));
    const auto discovered = discover(group);
    ASSERT_TRUE(discovered) << discovered.error().to_string();
    const auto read = run(group,
                          {"alpha::endings sleeps", "alpha::endings aborts", "alpha::endings flaky",
                           "alpha::endings same_name"},
                          *discovered, env);
    EXPECT_TRUE(read.reading.complete) << read.visible;
    ASSERT_EQ(read.told.ended.size(), 4U) << read.visible;
    EXPECT_EQ(read.told.ended.at(0).message, "test timeout");
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(2).outcome, Outcome::Failed) << "nextest retried by itself";
    EXPECT_EQ(read.told.ended.at(3).outcome, Outcome::Passed);
}

// Everything that a sandbox elsewhere gets is in one folder, and the workspace is there; no cargo
// is, where nextest is found by itself.
TEST_F(CargoRun, AnArchiveIsAllThatASandboxElsewhereNeeds) {
    auto config = CargoRun::config();
    auto options = std::make_shared<CargoOptions>();
    options->archive = true;
    config.framework.options = options;
    const auto all = group_with("--run-ignored all");
    config.groups = {group_with("-p beta"), all, group_with("--run-ignored all -E 'test(/x/)'")};
    const CargoFramework framework(config);
    const auto context = context_in(folder(), "discovery-1");
    const DiscoveryRequest request{
        .group = all, .context = context, .destination = Destination::Elsewhere};
    const auto command = framework.discovery(request).value();
    const auto executed = execute(command.command, command.env, command.files);
    const auto discovered =
        framework.read_discovery(request, executed.ended, executed.out, executed.err);
    ASSERT_TRUE(discovered) << discovered.error().to_string();
    EXPECT_THAT(discovered->details, testing::ElementsAre(HasSubstr("archive of")));

    const auto sandbox = TemporaryFolder::create("offload cargo sandbox").value();
    for (const int number : {1, 2}) {
        auto there = context_in(sandbox.path().string(), fmt::format("batch-{}", number));
        there.same_machine = false;
        const auto ids = ids_of(*discovered);
        const Request batch(all, there, ids, discovered->carry);
        auto run = framework.batch(batch()).value();
        ASSERT_EQ(run.shipped.size(), 1U);
        EXPECT_THAT(run.shipped[0].from, testing::EndsWith("archive-1.tar.zst"));
        // The second batch finds it unpacked.
        if (number == 1) std::filesystem::copy_file(run.shipped[0].from, run.shipped[0].to);
        const auto done = execute(
            "cargo() { echo cargo was asked >&2; exit 99; }\n"
            "command() { [ \"$2\" != cargo ] && builtin command \"$@\"; }\n" +
                run.command,
            run.env, run.files);
        std::optional<std::string> file;
        if (auto content = read_file(*run.result_file)) file = *content;
        const auto reader = framework.reader(batch());
        const auto read = test::read_all(*reader, done.out, done.err, done.ended, file);
        EXPECT_TRUE(read.reading.complete) << read.reading.trouble << read.visible << done.err;
        EXPECT_EQ(read.told.ended.size(), ids.size()) << done.err;
        EXPECT_THAT(read.told.refused, IsEmpty());
        EXPECT_THAT(done.err, testing::Not(HasSubstr("Compiling")));
    }
    // The archive itself has gone, what was in it has not.
    EXPECT_FALSE(std::filesystem::exists(sandbox.path() / "archive-1.tar.zst"));
    EXPECT_TRUE(std::filesystem::exists(sandbox.path() / "archive-1/target/nextest"));
}

TEST_F(CargoRun, AnArchiveNeedsAWayIntoTheSandbox) {
    auto config = CargoRun::config();
    auto options = std::make_shared<CargoOptions>();
    options->archive = true;
    config.framework.options = options;
    config.groups = {group_with("")};
    const CargoFramework framework(config);
    DiscoveryRequest request{.group = config.groups[0],
                             .context = context_in(folder(), "discovery-0"),
                             .destination = Destination::Closed};
    const auto refused = framework.discovery(request);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().to_string(), HasSubstr("exec_stdin = true"));
    // Nor is one made where nobody wants it.
    request.destination = Destination::Here;
    EXPECT_THAT(framework.discovery(request).value().command,
                testing::Not(HasSubstr("nextest archive")));
}

TEST_F(CargoRun, ATestThatIsGoneIsNoticed) {  // TRAPS 8
    const auto group = group_with("-p beta");
    const auto discovered = discover(group);
    ASSERT_TRUE(discovered);
    const auto some =
        run(group, {"beta::same_name same_name", "beta::same_name gone"}, *discovered);
    EXPECT_EQ(some.told.ended.size(), 1U);
    EXPECT_TRUE(some.reading.complete);
    const auto none = run(group, {"beta::same_name gone"}, *discovered);
    EXPECT_EQ(none.told.refused.count(0), 1U);
}

TEST_F(CargoRun, ABuildErrorIsShown) {
    const auto discovered = discover(group_with("-p no_such_package"));
    ASSERT_FALSE(discovered);
    EXPECT_THAT(discovered.error().to_string(), HasSubstr("no_such_package"));
    EXPECT_THAT(discovered.error().to_string(), HasSubstr("exit status"));
}

TEST_F(CargoRun, FeaturesCountInDiscoveryAndInBatchesThatBuild) {
    const auto group = group_with("--features gamma-ray/extra");
    const auto discovered = discover(group);
    ASSERT_TRUE(discovered) << discovered.error().to_string();
    EXPECT_THAT(ids_of(*discovered), testing::Contains("gamma-ray only_with_the_feature"));
    for (const bool same_machine : {true, false}) {
        const auto read =
            run(group, {"gamma-ray only_with_the_feature"}, *discovered, {}, same_machine);
        EXPECT_EQ(read.told.ended.size(), 1U) << read.visible;
    }
}

}  // namespace
}  // namespace offload::framework
