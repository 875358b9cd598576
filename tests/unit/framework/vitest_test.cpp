// vitest's commands, and what its reporter tells. What the reporter and the runner do inside vitest
// itself, the integration scenarios show.
#include "vitest/vitest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework_fixture.hpp"
#include "offload/framework/framework.hpp"
#include "vitest/options.hpp"

namespace offload::framework {
namespace vitest_test {

using nlohmann::json;
using test::context_in;
using test::exited;
using test::group_with;
using test::killed;
using test::read_all;
using test::Request;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

config::Config config_with(const VitestOptions& options) {
    config::Config config;
    config.framework.type = "vitest";
    config.framework.options = std::make_shared<VitestOptions>(options);
    return config;
}

VitestFramework framework_with(const VitestOptions& options = {}) {
    return VitestFramework(config_with(options));
}

std::string frame(const json& message) {
    return "\x1e"
           "5eed " +
           message.dump() + "\n";
}

Result<Discovered> discover(const std::string& out, const Ended& ended,
                            const std::string& err = {}) {
    const auto group = group_with("");
    return framework_with().read_discovery({.group = group, .context = context_in("/f")}, ended,
                                           out, err);
}

// --- Commands

TEST(Vitest, DiscoveryCallsTheUsersCommandWithOurReporterAndWithoutItsRunArgs) {
    VitestOptions options;
    options.command = {"A=1", "pnpm", "exec", "vitest"};
    options.run_args = {"--retry=1"};
    const auto group = group_with("--project 'my unit'");
    const auto command =
        framework_with(options).discovery({.group = group, .context = context_in("/f", "d-0")});
    ASSERT_TRUE(command);
    EXPECT_EQ(command->shown,
              "A=1 pnpm exec vitest run --project 'my unit' --coverage.enabled=false");
    EXPECT_THAT(command->command,
                EndsWith("\nOFFLOAD_VITEST_PLAN=/f/d-0.plan.json " + command->shown +
                         " --reporter=/f/d-0.vitest/node_modules/offload_vitest_reporter.mjs"));
}

TEST(Vitest, BatchNamesItsTestsInThePlanAlone) {  // TRAPS 28, 29
    const std::string id = "a.test.ts > it's $(odd) [x] 日本";
    const Request request(group_with(""), context_in("/f"), {id});
    const auto batch = framework_with().batch(request());
    ASSERT_TRUE(batch);
    EXPECT_THAT(batch->command, Not(HasSubstr("odd")));
    EXPECT_THAT(batch->command, HasSubstr(" --no-file-parallelism "));
    const auto plan = std::ranges::find(batch->files, "/f/batch-7.plan.json", &CarriedFile::path);
    ASSERT_NE(plan, batch->files.end());
    EXPECT_EQ(json::parse(plan->content)["ids"], json::array({id}));
    EXPECT_THAT(batch->files, Each(Field(&CarriedFile::content, Not(""))));
}

TEST(Vitest, ARunThatIsCalledByHandIsNotCalledTwice) {
    VitestOptions options;
    options.command = {"npx", "vitest", "run"};
    const auto group = group_with("");
    const auto command =
        framework_with(options).discovery({.group = group, .context = context_in("/f")});
    EXPECT_THAT(command->shown, HasSubstr("npx vitest run --coverage"));
}

TEST(Vitest, WhatTheUserSaysOfCoverageAndWorkersStands) {
    VitestOptions options;
    options.run_args = {"--coverage", "--maxWorkers=3"};
    const Request request(group_with(""), context_in("/f"), {"a"});
    const auto batch = framework_with(options).batch(request());
    EXPECT_THAT(batch->command, Not(HasSubstr("coverage.enabled")));
    EXPECT_THAT(batch->command, Not(HasSubstr("parallelism")));
}

// --- Discovery

TEST(VitestDiscovery, TestsOfAFileStayTogether) {
    const auto found =
        discover(frame({{"t", "hello"}}) +
                     frame({{"t", "items"}, {"file", "a.ts"}, {"ids", {"a.ts > x", "a.ts > y"}}}) +
                     frame({{"t", "broken"}, {"id", "b.ts"}, {"message", "no"}}) +
                     frame({{"t", "collected"}, {"count", 2}}),
                 exited(1));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->tests.size(), 2U);
    EXPECT_EQ(found->tests[0].bond, found->tests[1].bond);
    EXPECT_FALSE(found->tests[0].bond.empty());
    ASSERT_EQ(found->broken.size(), 1U);
    EXPECT_EQ(found->broken[0].result.outcome, Outcome::Errored);
}

TEST(VitestDiscovery, APartIsNeverTakenForAll) {  // TRAPS 1
    const auto items = frame({{"t", "items"}, {"file", "a.ts"}, {"ids", {"a.ts > x"}}});
    const auto hello = frame({{"t", "hello"}});
    EXPECT_FALSE(discover(hello + items, exited(0)));
    EXPECT_FALSE(discover(hello + items + frame({{"t", "collected"}, {"count", 2}}), exited(0)));
    const auto none = discover(hello + frame({{"t", "collected"}, {"count", 0}}), exited(1));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->tests.empty());
}

TEST(VitestDiscovery, AnErrorShowsTheEndOfTheOutputAndTheWayOut) {
    const auto found = discover("", exited(127), "sh: npx: not found\n");
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, EndsWith("sh: npx: not found"));
    EXPECT_THAT(found.error().hint, HasSubstr("npm install"));
}

// --- Batches

class VitestBatch : public testing::Test {
  protected:
    test::Read read(const std::string& out, const Ended& ended, const std::string& err = {}) {
        const Request request(group_with(""), context_in("/f"), {"a > x", "a > y"});
        const auto reader = framework_with().reader(request());
        return read_all(*reader, out, err, ended, std::nullopt, 7);
    }
    const std::string hello_ = frame({{"t", "hello"}});
    const std::string begin_ = frame({{"t", "begin"}, {"n", 0}});
    const std::string passed_ =
        frame({{"t", "end"}, {"n", 0}, {"outcome", "passed"}, {"duration", 0.5}});
};

TEST_F(VitestBatch, ResultsAreToldAsTheyCome) {
    const auto [told, visible, reading] =
        read(hello_ + "words\n" + begin_ + passed_ +
                 frame({{"t", "end"}, {"n", 1}, {"outcome", "failed"}, {"message", "3 is not 4"}}),
             exited(1));
    EXPECT_THAT(told.began, ElementsAre(0));
    EXPECT_EQ(told.ended.at(0).duration, Seconds{0.5});
    EXPECT_EQ(told.ended.at(1).outcome, Outcome::Failed);
    EXPECT_EQ(told.ended.at(1).message, "3 is not 4");
    EXPECT_EQ(visible, "words\n");
    EXPECT_TRUE(reading.complete);
}

TEST_F(VitestBatch, AnOutcomeThatIsUnknownIsAnError) {
    const auto told = read(frame({{"t", "end"}, {"n", 0}, {"outcome", "new"}}), exited(0)).told;
    EXPECT_EQ(told.ended.at(0).outcome, Outcome::Errored);
}

TEST_F(VitestBatch, WhatDiedIsNotComplete) {  // TRAPS 19
    EXPECT_FALSE(read(hello_ + begin_, killed()).reading.complete);
    const auto left = read(hello_ + begin_ + frame({{"t", "bye"}}), exited(1));
    EXPECT_FALSE(left.reading.complete);
    EXPECT_TRUE(left.told.refused.empty());
}

TEST_F(VitestBatch, AVitestThatCannotStartRefusesItsTestsWithItsLastWords) {
    const auto [told, visible, reading] = read("", exited(1), "Startup Error\n");
    EXPECT_EQ(told.refused.size(), 2U);
    EXPECT_THAT(told.refused.at(0), HasSubstr("Startup Error"));
    EXPECT_TRUE(reading.complete);
}

}  // namespace vitest_test
}  // namespace offload::framework
