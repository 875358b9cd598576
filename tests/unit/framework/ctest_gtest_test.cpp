#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ctest/ctest.hpp"
#include "ctest/gtest.hpp"
#include "ctest/reader.hpp"
#include "ctest/together.hpp"
#include "framework_fixture.hpp"

namespace offload::framework {
namespace {

using ctest::Entry;
using ctest::program_case_of;
using test::context_in;
using test::exited;
using test::group_with;
using test::killed;
using test::read_all;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// As gtest_discover_tests() adds it.
Entry entry_of(const std::string& name) {
    Entry entry;
    entry.name = "unit/" + name;
    entry.command = {"/b/suite", "--gtest_filter=" + name, "--gtest_also_run_disabled_tests"};
    entry.working_directory = "/b";
    entry.skip_patterns = {R"(\[  SKIPPED \])"};
    entry.other_properties = {"SKIP_REGULAR_EXPRESSION"};
    return entry;
}

Entry with(void (*change)(Entry&)) {
    auto entry = entry_of("S.A");
    change(entry);
    return entry;
}

TEST(GtestCases, ThoseOfOneProgramAreTold) {
    const auto a = program_case_of(entry_of("S.A"));
    const auto b = program_case_of(entry_of("I/P.b/0"));
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->name, "S.A");
    EXPECT_EQ(b->name, "I/P.b/0");
    EXPECT_EQ(a->program, b->program);
    EXPECT_THAT(a->program.command, ElementsAre("/b/suite", "--gtest_also_run_disabled_tests"));
    const auto elsewhere = program_case_of(with([](Entry& e) { e.working_directory = "/"; }));
    const auto other = program_case_of(with([](Entry& e) { e.environment = {"A=1"}; }));
    const auto limited = program_case_of(with([](Entry& e) { e.timeout = 7; }));
    ASSERT_TRUE(elsewhere && other && limited);
    EXPECT_NE(a->program, elsewhere->program);
    EXPECT_NE(a->program, other->program);
    EXPECT_NE(a->program, limited->program);
}

TEST(GtestCases, WhatSpeaksOfTheWholeProcessKeepsAProcessToItself) {  // TRAPS 13
    EXPECT_FALSE(program_case_of(entry_of("S.*")));
    EXPECT_FALSE(program_case_of(entry_of("S.A:S.B")));
    EXPECT_FALSE(program_case_of(entry_of("S.A-S.B")));
    EXPECT_FALSE(program_case_of(entry_of("")));
    for (const char* property :
         {"WILL_FAIL", "PASS_REGULAR_EXPRESSION", "FAIL_REGULAR_EXPRESSION", "SKIP_RETURN_CODE",
          "DISABLED", "REQUIRED_FILES", "ENVIRONMENT_MODIFICATION", "FIXTURES_REQUIRED", "DEPENDS",
          "RESOURCE_GROUPS", "TIMEOUT_AFTER_MATCH", "SOMETHING_NEW"}) {
        auto entry = entry_of("S.A");
        entry.other_properties.emplace_back(property);
        EXPECT_FALSE(program_case_of(entry)) << property;
    }
    EXPECT_FALSE(program_case_of(with([](Entry& e) { e.skip_patterns = {"skip"}; })));
    EXPECT_FALSE(program_case_of(with([](Entry& e) { e.timeout = 0; })));
    EXPECT_FALSE(program_case_of(with([](Entry& e) { e.environment = {"GTEST_REPEAT=2"}; })));
    EXPECT_FALSE(program_case_of(with([](Entry& e) { e.environment = {"UNSET"}; })));
    EXPECT_FALSE(program_case_of(with([](Entry& e) { e.command = {}; })));
    EXPECT_FALSE(program_case_of(
        with([](Entry& e) { e.command.emplace_back("--gtest_output=xml:one.xml"); })));
}

TEST(GtestCases, OnlyPathsBelowTheBuildFolderAreThereElsewhere) {
    const auto program = program_case_of(entry_of("S.A"))->program;
    EXPECT_TRUE(ctest::is_portable(program, "/b"));
    EXPECT_FALSE(ctest::is_portable(program, "/other"));
    EXPECT_FALSE(ctest::is_portable(
        program_case_of(with([](Entry& e) { e.environment = {"A=/x"}; }))->program, "/b"));
    EXPECT_FALSE(ctest::is_portable(
        program_case_of(with([](Entry& e) { e.command.emplace_back("/data"); }))->program, "/b"));
    EXPECT_FALSE(ctest::is_portable(
        program_case_of(with([](Entry& e) { e.working_directory = "/src"; }))->program, "/b"));
}

struct Here final : config::ProviderOptions {
    bool runs_here() const override { return true; }
};

Result<BatchCommand> batch_with(bool together, const std::string& filters = "") {
    config::Config config;
    config.provider = config::Provider::of("here", Here{});
    CtestOptions settings;
    settings.gtest_batches = together;
    config.framework.options = std::make_shared<CtestOptions>(settings);
    const CtestFramework framework(config);
    std::string listing;
    for (const char* name : {"S.A", "S.B"}) {
        listing += std::string(listing.empty() ? "" : ",") + R"({"name":")" + name +
                   R"(","command":["/b/suite","--gtest_filter=)" + name +
                   R"("],"properties":[{"name":"WORKING_DIRECTORY","value":"/b"}]})";
    }
    const auto group = group_with(filters);
    const DiscoveryRequest request{group, context_in("/run", "discovery-0")};
    const auto found =
        framework.read_discovery(request, exited(0),
                                 "offload-5eed build /b\noffload-5eed listing\n{\n\"tests\":[" +
                                     listing + "]}\noffload-5eed group 0\n",
                                 "");
    if (!found) return fail(found.error());
    return framework.batch(
        test::Request(group, context_in("/run"), {"S.A", "S.B"}, found->carry)());
}

TEST(GtestBatch, CasesShareAProcessOnlyWhereThatIsAskedFor) {
    const auto together = batch_with(true);
    ASSERT_TRUE(together) << together.error().to_string();
    const auto cases =
        std::ranges::find(together->files, std::string("/run/batch-7.gtest-0"), &CarriedFile::path);
    ASSERT_NE(cases, together->files.end());
    EXPECT_EQ(cases->content, "0 S.A\n1 S.B\n");
    EXPECT_THAT(together->command, HasSubstr("offload_together 0 30 "));
    EXPECT_THAT(batch_with(false)->command, Not(HasSubstr("offload_together")));
    EXPECT_THAT(batch_with(true, "--timeout 3")->command, Not(HasSubstr("offload_together")))
        << "only ctest knows how long a test may take";
}

ctest::Reader reader_of_two() {
    ctest::Reader::Options options;
    options.tests = {{"a", "a", 1}, {"b", "b", 2}};
    options.path = "/run/batch-7.xml";
    options.marker = "offload-5eed";
    return ctest::Reader(std::move(options));
}

TEST(GtestBatch, WhatHasPassedBeforeCtestRunsIsToldAtOnce) {
    auto reader = reader_of_two();
    const auto read = read_all(reader,
                               "offload-5eed ready\noffload-5eed passed 1 0.25\n    Start 1: a\n"
                               "1/1 Test #1: a ...   Passed    0.10 sec\n",
                               "", exited(0), std::nullopt, 7);
    EXPECT_TRUE(read.reading.complete);
    ASSERT_THAT(read.told.ended, SizeIs(2));
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Passed);
    EXPECT_DOUBLE_EQ(read.told.ended.at(1).duration.count(), 0.25);
    EXPECT_THAT(read.visible, Not(HasSubstr("offload-5eed")));
}

TEST(GtestBatch, ABatchWithoutAnythingLeftIsComplete) {
    auto reader = reader_of_two();
    const auto read =
        read_all(reader, "offload-5eed ready\noffload-5eed passed 0 0\noffload-5eed passed 1 0\n",
                 "", exited(0), std::nullopt);
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.ended, SizeIs(2));
}

TEST(GtestBatch, AProcessThatIsKilledHasShownNothing) {  // TRAPS 18, 19
    auto reader = reader_of_two();
    const auto read = read_all(reader, "offload-5eed ready\n", "", killed(), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_FALSE(reader.tells_starts()) << "nobody knows which test ran";
    EXPECT_THAT(read.told.ended, IsEmpty());
}

}  // namespace
}  // namespace offload::framework
