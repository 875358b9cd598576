#include "ctest/ctest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ctest/arguments.hpp"
#include "ctest/lines.hpp"
#include "ctest/listing.hpp"
#include "ctest/reader.hpp"
#include "framework_fixture.hpp"

namespace offload::framework {
namespace ctest_test {

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
using testing::StartsWith;

constexpr const char* kBuild = "/home/dev/project/build";

// What ctest 3.25 wrote of a project with a test for each property.
std::string recorded(const std::string& name) {
    std::ifstream file(OFFLOAD_TEST_DATA "/ctest/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

struct Here final : config::ProviderOptions {
    bool runs_here() const override { return true; }
};

config::Config config_with(CtestOptions settings = {}) {
    config::Config config;
    config.provider = config::Provider::of("here", Here{});
    config.framework.type = "ctest";
    config.framework.options = std::make_shared<CtestOptions>(std::move(settings));
    return config;
}

std::string listing_of(std::string_view tests) {
    return "{\n\"kind\": \"ctestInfo\", \"tests\": [" + std::string(tests) + "]}";
}

std::string discovery_text(const std::string& listing, const std::string& groups) {
    return "offload-5eed version 3.25.1\noffload-5eed build " + std::string(kBuild) +
           "\noffload-5eed listing\n" + listing + groups;
}

Result<Discovered> discover(const std::string& out, const std::string& filters = "",
                            const Groups& companions = {}) {
    const auto group = group_with(filters);
    const DiscoveryRequest request{group, context_in("/run", "discovery-0"), companions};
    return CtestFramework(config_with()).read_discovery(request, exited(0), out, "");
}

const Discovered::Item* find(const Discovered& discovered, std::string_view id) {
    for (const auto& item : discovered.tests) {
        if (item.id == id) return &item;
    }
    return nullptr;
}

// --- Filters

TEST(CtestArguments, SelectionAndExecutionAreToldApart) {
    const auto sorted = ctest::sort_arguments(std::vector<std::string>{
        "-R", "^unit", "--label-exclude", "slow", "-FA", ".*", "--timeout", "9", "-U"});
    ASSERT_TRUE(sorted);
    EXPECT_THAT(sorted->selection, ElementsAre("-R", "^unit", "--label-exclude", "slow", "-U"));
    EXPECT_THAT(sorted->execution, ElementsAre("-FA", ".*", "--timeout", "9"));
}

TEST(CtestArguments, WhatOffloadDecidesIsRefusedWithTheWayOut) {
    const std::pair<const char*, const char*> cases[] = {{"-j4", "max_parallel"},
                                                         {"--parallel", "max_parallel"},
                                                         {"--repeat", "retry_count"},
                                                         {"-C", "config"},
                                                         {"--test-dir", "build_dir"},
                                                         {"--output-on-failure", "output"},
                                                         {"--stop-on-failure", "fail-fast"},
                                                         {"unit", "-R"}};
    for (const auto& [word, way_out] : cases) {
        const auto sorted = ctest::sort_arguments(std::vector<std::string>{word, "x"});
        ASSERT_FALSE(sorted) << word;
        EXPECT_THAT(sorted.error().message, HasSubstr(word));
        EXPECT_THAT(sorted.error().hint, HasSubstr(way_out)) << word;
    }
    EXPECT_FALSE(ctest::sort_arguments(std::vector<std::string>{"-R"}));
}

// --- Discovery

TEST(CtestDiscovery, FindsEveryTestOfARecordedListing) {
    const auto found =
        discover(discovery_text(recorded("listing.json"), "\noffload-5eed group 0\n"));
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_THAT(found->tests, SizeIs(27));
    EXPECT_NE(find(*found, "odd [name]; with \"q\" (x) #3: a"), nullptr);
    ASSERT_NE(find(*found, "gt/S.Pass"), nullptr);
    EXPECT_EQ(find(*found, "gt/S.Pass")->file, "gt");
    EXPECT_NE(find(*found, "missing"), nullptr) << "no executable, but a test";
}

TEST(CtestDiscovery, SameNamesInSubfoldersAreTwoTests) {  // TRAPS 16
    const auto found =
        discover(discovery_text(recorded("listing.json"), "\noffload-5eed group 0\n"));
    ASSERT_TRUE(found);
    EXPECT_NE(find(*found, "same (sub/a)"), nullptr);
    EXPECT_NE(find(*found, "same (sub/b)"), nullptr);
    EXPECT_EQ(find(*found, "same"), nullptr);
}

TEST(CtestDiscovery, TestsOfOneFixtureAreOneBond) {
    const auto found =
        discover(discovery_text(recorded("listing.json"), "\noffload-5eed group 0\n"));
    ASSERT_TRUE(found);
    const auto bond = find(*found, "setup")->bond;
    EXPECT_NE(bond, "");
    EXPECT_EQ(find(*found, "user")->bond, bond);
    EXPECT_EQ(find(*found, "clean")->bond, bond);
    EXPECT_EQ(find(*found, "segv")->bond, "");
    EXPECT_EQ(find(*found, "serial")->bond, find(*found, "pass")->bond) << "DEPENDS";
    EXPECT_NE(find(*found, "serial")->bond, "");
    EXPECT_NE(find(*found, "serial")->bond, bond);
}

TEST(CtestDiscovery, WhatATestHoldsIsTold) {
    const auto found =
        discover(discovery_text(recorded("listing.json"), "\noffload-5eed group 0\n"));
    ASSERT_TRUE(found);
    EXPECT_EQ(find(*found, "segv")->needs, Needs{});
    EXPECT_EQ(find(*found, "serial")->needs.slots, Needs::kAllSlots);
    EXPECT_EQ(find(*found, "pass")->needs, find(*found, "serial")->needs) << "one bond";
    const auto user = find(*found, "user")->needs;
    EXPECT_EQ(user.slots, 2U) << "PROCESSORS";
    EXPECT_THAT(user.claims, ElementsAre(Claim{"fixture db"}, Claim{"lock l1"}, Claim{"lock l2"}));
    EXPECT_EQ(find(*found, "setup")->needs, user);
}

TEST(CtestDiscovery, ProcessorsOfAMachineElsewhereAreItsOwn) {
    ctest::Entry wide;
    wide.name = "wide";
    wide.processors = 8;
    EXPECT_EQ(ctest::needs_of({wide}, {""}, false)[0].slots, 1U);
    EXPECT_EQ(ctest::needs_of({wide}, {""}, true)[0].slots, 8U);
    wide.alone = true;
    EXPECT_EQ(ctest::needs_of({wide}, {""}, false)[0].slots, Needs::kAllSlots);
}

TEST(CtestDiscovery, AGroupHasTheTestsThatItsFiltersSelect) {
    const auto all = listing_of(
        R"({"name":"a","command":["/x"]},{"name":"b","command":["/x"]},{"name":"c","command":["/x"]})");
    const auto group = group_with("-R b");
    const auto found =
        discover(discovery_text(all, "\noffload-5eed group 0\n\noffload-5eed group 1\n" +
                                         listing_of(R"({"name":"b","command":["/x"]})")),
                 "", {&group});
    ASSERT_TRUE(found);
    EXPECT_THAT(found->tests, SizeIs(3));
    ASSERT_THAT(found->companions, SizeIs(1));
    EXPECT_EQ(found->companions[0].position, 0U);
    ASSERT_THAT(found->companions[0].discovered.tests, SizeIs(1));
    EXPECT_EQ(found->companions[0].discovered.tests[0].id, "b");
}

TEST(CtestDiscovery, ARegularExpressionThatIsNoneIsAnErrorAndNotAnEmptyGroup) {  // TRAPS 9
    const auto all = listing_of(R"({"name":"a","command":["/x"]})");
    const auto broken = "RegularExpression::compile(): Unmatched parentheses.\n" + listing_of("");
    const auto found = discover(discovery_text(all, "\noffload-5eed group 0\n" + broken), "-R '('");
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("Unmatched parentheses"));

    const auto group = group_with("-R '('");
    const auto others =
        discover(discovery_text(all, "\noffload-5eed group 0\n\noffload-5eed group 1\n" + broken),
                 "", {&group});
    ASSERT_TRUE(others);
    EXPECT_THAT(others->companions, IsEmpty());
}

TEST(CtestDiscovery, ErrorsShowTheWayOut) {
    const auto group = group_with("");
    const DiscoveryRequest request{group, context_in("/run", "discovery-0")};
    const CtestFramework framework(config_with());
    const auto missing =
        framework.read_discovery(request, exited(3), "", "build holds no CTestTestfile.cmake\n");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().to_string(), HasSubstr("cmake -B"));
    const auto no_ctest = framework.read_discovery(request, exited(127), "", "");
    EXPECT_THAT(no_ctest.error().to_string(), HasSubstr("install CMake"));
    const auto old =
        framework.read_discovery(request, exited(0), "offload-5eed version 3.20.4\n", "");
    ASSERT_FALSE(old);
    EXPECT_THAT(old.error().message, HasSubstr("3.21"));
    EXPECT_FALSE(framework.read_discovery(request, exited(0), "nonsense", ""));
    const auto line_break = discover(
        discovery_text(listing_of(R"({"name":"a\n    Start 2: b"})"), "\noffload-5eed group 0\n"));
    ASSERT_FALSE(line_break);
    EXPECT_THAT(line_break.error().message, HasSubstr("line break"));
}

// --- Batches

TEST(CtestBatch, TestsAreNamedByNumber) {  // TRAPS 28
    const auto found =
        discover(discovery_text(recorded("listing.json"), "\noffload-5eed group 0\n"));
    ASSERT_TRUE(found);
    const test::Request request(group_with("-R x --timeout 7"), context_in("/run"),
                                {"same (sub/b)", "gt/S.Pass"}, found->carry);
    CtestOptions settings;
    settings.build_dir = "out";
    settings.config = "Debug";
    const auto batch = CtestFramework(config_with(settings)).batch(request());
    ASSERT_TRUE(batch) << batch.error().to_string();
    ASSERT_THAT(batch->files, SizeIs(1));
    EXPECT_EQ(batch->files[0].content, "0,0,0,27,1\n");
    EXPECT_THAT(batch->command, HasSubstr("-I /run/batch-7.selection -j 1 --no-tests=error"));
    EXPECT_THAT(batch->command, HasSubstr("exec ctest -C Debug --test-dir /run/batch-7.ctest"));
    EXPECT_THAT(batch->command, HasSubstr("--timeout 7"));
    EXPECT_THAT(batch->command, Not(HasSubstr("-R")));
    EXPECT_EQ(batch->result_file, "/run/batch-7.xml");
}

// --- What ctest prints

TEST(CtestLines, AreUnderstoodWithTheNameOfTheirNumber) {
    const auto start = ctest::read_start("      Start 24: odd [name]; #3: a ");
    ASSERT_TRUE(start);
    EXPECT_EQ(start->number, 24U);
    EXPECT_EQ(start->name, "odd [name]; #3: a ");
    const auto line = ctest::read_result(
        " 9/27 Test  #9: tricky ...   Passed    0.01 sec ....***Exception: SegFault  0.25 sec");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->number, 9U);
    const auto status = ctest::read_status(line->rest, "tricky ...   Passed    0.01 sec");
    ASSERT_TRUE(status);
    EXPECT_EQ(status->ending, ctest::Ending::Crashed);
    EXPECT_EQ(status->reason, "SegFault");
    EXPECT_DOUBLE_EQ(status->duration.count(), 0.25);
    EXPECT_FALSE(ctest::read_status(line->rest, "other"));
    EXPECT_FALSE(ctest::read_start("Start of something"));
    EXPECT_FALSE(ctest::read_result("100% tests passed, 0 tests failed out of 3"));
}

TEST(CtestLines, TheWordsOfSignalsStandBeforeTheMark) {
    const auto killed = ctest::read_status("t ....Subprocess killed***Exception:   0.00 sec", "t");
    ASSERT_TRUE(killed);
    EXPECT_EQ(killed->ending, ctest::Ending::Crashed);
    EXPECT_EQ(killed->reason, "Subprocess killed");
    EXPECT_TRUE(ctest::may_be_told_to_end(*killed));
    const auto bus = ctest::read_status("t ....Bus error***Exception:   0.00 sec", "t");
    ASSERT_TRUE(bus);
    EXPECT_FALSE(ctest::may_be_told_to_end(*bus));
    const auto disabled = ctest::read_status("t ....***Not Run (Disabled)   0.00 sec", "t");
    ASSERT_TRUE(disabled);
    EXPECT_EQ(disabled->ending, ctest::Ending::Disabled);
    EXPECT_EQ(ctest::plain("\x1b[31mred\x1b[0;0m"), "red");
}

// --- Reading a batch

ctest::Reader reader_of_recorded() {
    ctest::Reader::Options options;
    const auto entries = ctest::read_listing(recorded("listing.json")).value();
    const auto ids = ctest::ids_of(entries, kBuild);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        options.tests.push_back({ids[i], entries[i].name, entries[i].number});
    }
    options.path = "/run/batch-7.xml";
    options.marker = "offload-5eed";
    return ctest::Reader(std::move(options));
}

TEST(CtestReader, GivesEveryTestOfARecordedRunItsOutcome) {
    const std::map<std::string, Outcome> bad = {
        {"gt/S.Fail", Outcome::Failed},  {"fail", Outcome::Failed},
        {"segv", Outcome::Errored},      {"hang", Outcome::Errored},
        {"passre", Outcome::Failed},     {"failre", Outcome::Failed},
        {"willfail2", Outcome::Failed},  {"missing", Outcome::Errored},
        {"reqfile", Outcome::Errored},   {"setup", Outcome::Failed},
        {"user", Outcome::Errored},      {"same (sub/b)", Outcome::Failed},
        {"gt/S.Skip", Outcome::Skipped}, {"gt/S.x", Outcome::Skipped},
        {"skipcode", Outcome::Skipped},  {"skipre", Outcome::Skipped},
        {"disabled", Outcome::Skipped}};
    const auto entries = ctest::read_listing(recorded("listing.json")).value();
    const auto ids = ctest::ids_of(entries, kBuild);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
        auto reader = reader_of_recorded();
        const auto read = read_all(reader, "offload-5eed ready\n" + recorded("output.txt"), "",
                                   exited(8), recorded("junit.xml"), piece);
        EXPECT_FALSE(read.told.twice);
        EXPECT_TRUE(read.reading.complete) << read.reading.trouble;
        EXPECT_THAT(read.told.ended, SizeIs(27));
        EXPECT_THAT(read.told.unknown, IsEmpty());
        for (const auto& [position, result] : read.told.ended) {
            const auto found = bad.find(ids[position]);
            EXPECT_EQ(result.outcome, found == bad.end() ? Outcome::Passed : found->second)
                << ids[position];
        }
        const auto of = [&](std::string_view id) -> const TestResult& {
            return read.told.ended.at(
                static_cast<std::size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin()));
        };
        EXPECT_EQ(of("segv").type, kCrashType);
        EXPECT_THAT(of("segv").details, HasSubstr("before"));
        EXPECT_EQ(of("hang").type, kTimeoutType);
        EXPECT_EQ(of("gt/S.Skip").message, "why");
        EXPECT_THAT(of("missing").message, HasSubstr("/nonexistent/exe"));
        EXPECT_THAT(of("user").message, HasSubstr("setup"));
        EXPECT_THAT(of("gt/S.Fail").message, HasSubstr("Failure"));
        EXPECT_THAT(read.visible, Not(HasSubstr("offload-5eed")));
        EXPECT_THAT(read.visible, HasSubstr("--- fail ---\nout\nerr\n"));
    }
}

ctest::Reader reader_of(std::vector<ctest::Reader::Test> tests) {
    ctest::Reader::Options options;
    options.tests = std::move(tests);
    options.setups = {"up"};
    options.path = "/run/batch-7.xml";
    options.marker = "offload-5eed";
    return ctest::Reader(std::move(options));
}

TEST(CtestReader, AKilledBatchKeepsWhatEndedAndNamesWhatRan) {  // TRAPS 18, 19
    auto reader = reader_of({{"a", "a", 1}, {"b", "b", 2}, {"c", "c", 3}});
    const auto read = read_all(reader,
                               "offload-5eed ready\n    Start 1: a\n1/3 Test #1: a ...   Passed   "
                               " 0.10 sec\n    Start 2: b\n2/3 Test #2: b ...***Exception: "
                               "SegFault  0.10 sec\n    Start 3: c\n",
                               "", killed(), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_TRUE(reader.tells_starts());
    EXPECT_THAT(read.told.began, ElementsAre(0, 1, 2));
    ASSERT_THAT(read.told.ended, SizeIs(2));
    EXPECT_EQ(read.told.ended.at(1).type, kCrashType);
}

TEST(CtestReader, AFailureThatComesWithTheEndOfTheBatchIsNobodys) {  // TRAPS 13
    auto reader = reader_of({{"a", "a", 1}});
    const auto read = read_all(reader,
                               "offload-5eed ready\n    Start 1: a\n1/1 Test #1: a ...Subprocess "
                               "terminated***Exception:   0.10 sec\n",
                               "", killed(), std::nullopt);
    EXPECT_THAT(read.told.ended, IsEmpty());
}

TEST(CtestReader, ATestThatHasAnotherNameNowGivesNoResult) {  // TRAPS 6
    auto reader = reader_of({{"a", "a", 1}});
    const auto read = read_all(
        reader, "offload-5eed ready\n    Start 1: b\n1/1 Test #1: b ...   Passed    0.10 sec\n", "",
        exited(0), std::nullopt);
    EXPECT_THAT(read.told.ended, IsEmpty());
    ASSERT_THAT(read.told.refused, SizeIs(1));
    EXPECT_THAT(read.told.refused.at(0), HasSubstr("changed since"));
}

TEST(CtestReader, NumbersOfASandboxElsewhereComeFromItsOwnListing) {
    auto reader = reader_of({{"a", "a", 0}, {"gone", "gone", 0}});
    const auto read = read_all(
        reader,
        "offload-5eed test 0 41\noffload-5eed ready\n    Start 41: a\n1/1 Test #41: a ...   Passed "
        "   0.10 sec\noffload-5eed test 1 41\n",
        "", exited(0), std::nullopt);
    EXPECT_THAT(read.told.ended, SizeIs(1));
    ASSERT_THAT(read.told.refused, SizeIs(1));
    EXPECT_THAT(read.told.refused.at(1), HasSubstr("does not list"));
    EXPECT_TRUE(read.reading.complete);
}

TEST(CtestReader, AFixturesOwnFailureIsToldWhereNobodyElseDoes) {
    auto reader = reader_of({{"a", "a", 2}});
    const auto read = read_all(reader,
                               "offload-5eed ready\n    Start 1: up\n1/3 Test #1: up ...***Failed "
                               "   0.00 sec\n    Start 2: a\n2/3 Test #2: a ...***Not Run   0.00 "
                               "sec\n    Start 3: down\n3/3 Test #3: down ...***Failed    0.00 "
                               "sec\n",
                               "", exited(8), std::nullopt);
    ASSERT_THAT(read.told.ended, SizeIs(1));
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Errored);
    ASSERT_THAT(read.told.unknown, SizeIs(1));
    EXPECT_EQ(read.told.unknown[0].name, "down");
}

TEST(CtestReader, AStatusThatNoTestExplainsFailsTheRun) {  // TRAPS 51
    auto reader = reader_of({{"a", "a", 1}});
    const auto read = read_all(
        reader, "offload-5eed ready\n    Start 1: a\n1/1 Test #1: a ...   Passed    0.10 sec\n", "",
        exited(8), std::nullopt);
    EXPECT_TRUE(read.reading.complete);
    EXPECT_FALSE(CtestFramework(config_with()).says_tests_failed(1))
        << "no test's failure explains it";
    EXPECT_THAT(read.told.ended, SizeIs(1));
}

TEST(CtestReader, WhereCtestCannotStartTheTestsAreRefusedWithItsWords) {
    auto reader = reader_of({{"a", "a", 1}});
    const auto read = read_all(reader, "", "sh: ctest: not found\n", exited(127), std::nullopt);
    ASSERT_THAT(read.told.refused, SizeIs(1));
    EXPECT_THAT(read.told.refused.at(0), HasSubstr("ctest: not found"));
}

}  // namespace ctest_test
}  // namespace offload::framework
