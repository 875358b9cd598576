// Commands of the pytest framework, and what it understands of answers. The plugin itself is tested
// against real pytest in tests/plugin.
#include "pytest/pytest.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework_fixture.hpp"
#include "offload/base/error.hpp"
#include "pytest/plain.hpp"

namespace offload::framework {
namespace pytest_test {

using nlohmann::json;
using test::context_in;
using test::exited;
using test::group_with;
using test::killed;
using test::read_all;
using test::Request;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kFolder[] = "/run/it's";

PytestFramework framework(PytestOptions settings = {}) {
    config::Config config;
    config.framework.type = "pytest";
    config.framework.options = std::make_shared<PytestOptions>(std::move(settings));
    config.framework.test_id_format = "{name}";
    return PytestFramework(config);
}

std::string frame(const json& message) {
    return "\x1e"
           "5eed " +
           message.dump() + "\n";
}

std::string hello() { return frame({{"t", "hello"}, {"protocol", 1}}); }
std::string bye(int status, const std::string& reason = {}) {
    return frame({{"t", "bye"}, {"status", status}, {"reason", reason}});
}
std::string items(const std::vector<std::string>& ids, const std::string& file) {
    return frame({{"t", "items"}, {"ids", ids}, {"file", file}});
}
std::string collected(std::size_t count) {
    return frame({{"t", "collected"}, {"count", count}, {"deselected", 0}});
}
std::string begin(std::size_t n) { return frame({{"t", "begin"}, {"n", n}}); }
std::string passed(std::size_t n) {
    return frame({{"t", "end"}, {"n", n}, {"outcome", "passed"}, {"duration", 0.5}});
}

Result<Discovered> discover(std::string_view out, const Ended& ended = exited(0),
                            std::string_view err = {}) {
    return framework().read_discovery({group_with("-m slow"), context_in(kFolder)}, ended, out,
                                      err);
}

std::vector<std::string> ids_of(const Discovered& discovered) {
    std::vector<std::string> ids;
    for (const auto& item : discovered.tests) ids.push_back(item.id);
    return ids;
}

json plan_of(const std::vector<CarriedFile>& files) {
    for (const auto& file : files) {
        if (file.path.ends_with(".plan.json")) return json::parse(file.content);
    }
    return nullptr;
}

// --- Discovery ---------------------------------------------------------------------------------

TEST(PytestDiscovery, CommandKeepsPrefixFiltersAndPaths) {
    PytestOptions settings;
    settings.prefix = {"uv", "run", "--with=pytest", "-m", "pytest"};
    settings.paths = {"my tests"};
    settings.discovery_args = {"--disable-warnings"};
    settings.run_args = {"--no-cov"};
    const auto command =
        framework(settings).discovery({group_with("-m 'not slow'"), context_in(kFolder)}).value();
    EXPECT_EQ(command.shown,
              "uv run --with=pytest -m pytest --collect-only -q --disable-warnings -m 'not slow' "
              "'my tests'");
    EXPECT_THAT(command.command,
                StartsWith("PYTHONPATH='/run/it'\\''s'\"${PYTHONPATH:+:$PYTHONPATH}\" "
                           "OFFLOAD_PYTEST_PLAN='/run/it'\\''s/batch-7.plan.json' uv run "
                           "--with=pytest -m pytest -p offload_pytest --collect-only -q "));
    ASSERT_THAT(command.files, SizeIs(2));
    EXPECT_EQ(command.files[0].path, "/run/it's/offload_pytest.py");
    EXPECT_THAT(command.files[0].content, HasSubstr("OFFLOAD_PYTEST_PLAN"));
    EXPECT_EQ(plan_of(command.files)["mode"], "collect");
    EXPECT_EQ(plan_of(command.files)["nonce"], "5eed");
}

TEST(PytestDiscovery, OneCommandServesGroupsThatOnlySelectOtherTests) {
    PytestOptions settings;
    settings.prefix = {"python", "-m", "pytest"};
    settings.paths = {"tests"};
    const auto together = [&](const std::string& filters, const std::string& others) {
        return framework(settings).discovers_together(group_with(filters), group_with(others));
    };
    EXPECT_TRUE(together("-m slow", "-m 'not slow'"));
    EXPECT_TRUE(together("-m slow --strict-markers", "--strict-markers -k 'a or b'"));
    EXPECT_TRUE(together("", "-mslow -ka"));
    EXPECT_FALSE(together("-m slow", "-m slow --ignore=x"));
    EXPECT_FALSE(together("-m slow", "-m slow other"));
    EXPECT_FALSE(together("-m", "-m slow other"));
    settings.markers = "not slow";
    EXPECT_TRUE(together("", "-m slow"));
    settings.prefix = {"./run-tests"};  // might do other things for other arguments
    EXPECT_FALSE(together("-m slow", "-m 'not slow'"));
}

TEST(PytestDiscovery, CompanionsTravelInThePlanAndComeBackBesideTheGroup) {
    const auto slow = group_with("-m slow");
    const auto odd = group_with("-k 'a b\xff'");
    const auto none = group_with("-k nothing");
    const DiscoveryRequest request{
        .group = slow, .context = context_in(kFolder), .companions = {&odd, &none, &slow}};
    const auto plan = plan_of(framework().discovery(request)->files);
    EXPECT_EQ(plan["words"], json({"--collect-only", "-q", "-m", "slow"}));
    ASSERT_THAT(plan["companions"], SizeIs(3));
    EXPECT_EQ(plan["companions"][1], json({"--collect-only", "-q", "-k", "nothing"}));

    const std::string out =
        frame({{"t", "hello"}, {"protocol", 1}}) +
        frame({{"t", "items"}, {"ids", {"a.py::slow"}}, {"file", "a.py"}}) +
        frame({{"t", "broken"}, {"id", "b.py"}, {"message", "no module"}}) +
        frame({{"t", "items"}, {"of", 0}, {"ids", {"c.py::a"}}, {"file", "c.py"}}) +
        frame({{"t", "found"}, {"of", 0}, {"count", 1}}) +
        frame({{"t", "found"}, {"of", 1}, {"count", 0}}) +
        frame({{"t", "items"}, {"of", 2}, {"ids", {"a.py::slow"}}, {"file", "a.py"}}) +
        frame({{"t", "found"}, {"of", 2}, {"count", 2}}) +
        frame({{"t", "collected"}, {"count", 1}});
    const auto found = framework().read_discovery(request, exited(0),
                                                  out + frame({{"t", "bye"}, {"status", 0}}), "");
    ASSERT_TRUE(found) << found.error().to_string();
    ASSERT_THAT(found->tests, SizeIs(1));
    EXPECT_EQ(found->tests[0].id, "a.py::slow");
    // The third one was told of one test of two.
    ASSERT_THAT(found->companions, SizeIs(2));
    EXPECT_EQ(found->companions[0].position, 0U);
    EXPECT_EQ(found->companions[0].discovered.tests.at(0).file, "c.py");
    EXPECT_EQ(found->companions[0].discovered.broken.at(0).id, "b.py");
    EXPECT_EQ(found->companions[1].position, 1U);
    EXPECT_THAT(found->companions[1].discovered.tests, IsEmpty());

    EXPECT_FALSE(framework().read_discovery(request, exited(3),
                                            out + frame({{"t", "bye"}, {"status", 3}}), ""));
}

TEST(PytestDiscovery, MarkersCountOnlyWithoutFilters) {
    PytestOptions settings;
    settings.markers = "not slow";
    EXPECT_THAT(framework(settings).discovery({group_with(""), context_in("/r")})->shown,
                EndsWith("-q -m 'not slow'"));
    EXPECT_THAT(framework(settings).discovery({group_with("-k x"), context_in("/r")})->shown,
                EndsWith("-q -k x"));
}

TEST(PytestDiscovery, AssignmentsBeforeTheCommandStayAssignments) {
    PytestOptions settings;
    settings.prefix = {"DEBUG=a b", "pytest"};
    EXPECT_THAT(framework(settings).discovery({group_with(""), context_in("/r")})->command,
                HasSubstr(" DEBUG='a b' pytest -p offload_pytest"));
}

TEST(PytestDiscovery, EveryIdIsTaken) {  // TRAPS 1
    const std::vector<std::string> ids = {"a.py::t[x y]", "a.py::t[a::b]", "a.py::t[ü\n\"']",
                                          "a.py::t[]]"};
    const auto found = discover("noise\n" + hello() + items(ids, "a.py") + collected(4) + bye(0));
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(ids_of(*found), ids);
    EXPECT_EQ(found->tests[0].file, "a.py");
}

TEST(PytestDiscovery, IdsThatAreNoTextSurvive) {
    const auto message = frame(
        {{"t", "items"}, {"ids", {json{{"hex", "ff3a3a74"}}}}, {"file", json{{"hex", "ff"}}}});
    const auto found = discover(hello() + message + collected(1) + bye(0));
    ASSERT_TRUE(found);
    EXPECT_THAT(ids_of(*found), ElementsAre("\xff::t"));
    EXPECT_EQ(found->tests[0].file, "\xff");
}

TEST(PytestDiscovery, AnotherCountThanTheIdsIsAnError) {  // TRAPS 1
    const auto found = discover(hello() + items({"a.py::t"}, "a.py") + collected(2) + bye(0));
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("collected 2 tests, but told of 1"));
}

TEST(PytestDiscovery, SharedIdsAreOneTestAndAWarning) {
    const auto found =
        discover(hello() + items({"a::x", "a::x", "a::y"}, "a") + collected(3) + bye(0));
    ASSERT_TRUE(found);
    EXPECT_THAT(ids_of(*found), ElementsAre("a::x", "a::y"));
    EXPECT_THAT(found->warnings, ElementsAre(StartsWith("1 test with an ID that another")));
}

TEST(PytestDiscovery, BrokenModulesStandBesideWhatWasCollected) {  // TRAPS 2
    const auto broken = frame({{"t", "broken"},
                               {"id", "tests/b.py"},
                               {"type", "ImportError"},
                               {"message", "ImportError: no x"},
                               {"details", "long"}});
    const auto out = hello() + items({"a.py::t"}, "a.py") + broken + collected(1) + bye(2);
    const auto found = discover(out, exited(2));
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_THAT(ids_of(*found), ElementsAre("a.py::t"));
    ASSERT_THAT(found->broken, SizeIs(1));
    EXPECT_EQ(found->broken[0].id, "tests/b.py");
    EXPECT_EQ(found->broken[0].result.outcome, Outcome::Errored);
    EXPECT_EQ(found->broken[0].result.message, "ImportError: no x");
    EXPECT_EQ(found->broken[0].result.file, "tests/b.py");
}

TEST(PytestDiscovery, BrokenModuleIsToldOnce) {
    const auto broken = frame({{"t", "broken"}, {"id", "b.py"}, {"message", "no"}});
    const auto nameless = frame({{"t", "broken"}, {"message", "no"}});
    const auto found =
        discover(hello() + broken + broken + nameless + collected(0) + bye(2), exited(2));
    ASSERT_TRUE(found);
    ASSERT_THAT(found->broken, SizeIs(2));
    EXPECT_EQ(found->broken[1].id, "(pytest session)");
}

TEST(PytestDiscovery, WhatIsWrongAtTheEndOfASessionWithoutTestsIsAWarning) {  // TRAPS 51
    const auto all = hello() + items({"a.py::t"}, "a.py") + collected(1);
    const auto found = discover(all + bye(0), exited(7));
    ASSERT_TRUE(found);
    EXPECT_THAT(ids_of(*found), ElementsAre("a.py::t"));
    EXPECT_THAT(found->broken, IsEmpty());
    EXPECT_THAT(found->warnings, ElementsAre(HasSubstr("ended with exit status 7")));
    EXPECT_THAT(discover(all + bye(0), exited(0))->warnings, IsEmpty());
}

TEST(PytestDiscovery, NotesAreNoWarnings) {
    const auto notice = [](const char* severity, const char* text) {
        return frame({{"t", "notice"}, {"severity", severity}, {"text", text}});
    };
    const auto found = discover(hello() + notice("note", "the seed is 7") +
                                    notice("warning", "odd") + collected(0) + bye(5),
                                exited(5));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->notes, ElementsAre("the seed is 7"));
    EXPECT_THAT(found->warnings, ElementsAre("odd"));
}

TEST(PytestDiscovery, ModulesThatSkipThemselvesAreNamed) {  // TRAPS 7
    const auto out = hello() + frame({{"t", "skipped"}, {"id", "b.py"}, {"message", "not today"}}) +
                     collected(0) + bye(5);
    const auto found = discover(out, exited(5));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->warnings, ElementsAre(EndsWith("b.py (not today)")));
}

TEST(PytestDiscovery, NoTestsIsAnEmptyGroup) {  // TRAPS 15
    const auto found = discover(hello() + collected(0) + bye(5), exited(5));
    ASSERT_TRUE(found);
    EXPECT_THAT(found->tests, IsEmpty());
}

TEST(PytestDiscovery, SessionThatDidNotEndWellIsAnError) {
    const auto all = hello() + items({"a.py::t"}, "a.py") + collected(1);
    for (const auto& [out, status] : std::vector<std::pair<std::string, int>>{
             {all, 1},
             {all + bye(3, "internal error: x"), 3},
             {all + bye(4), 4},
             {all + bye(2, "!!! _pytest.outcomes.Exit: enough"), 2},
             {hello() + bye(0), 0}}) {
        const auto found = discover(out + "the end\n", exited(status), "a word on stderr\n");
        ASSERT_FALSE(found) << out;
        EXPECT_EQ(found.error().place, "python -m pytest --collect-only -q -m slow");
        EXPECT_THAT(found.error().message, HasSubstr("exit status " + std::to_string(status)));
        EXPECT_THAT(found.error().message, HasSubstr("the end\na word on stderr"));
    }
}

TEST(PytestDiscovery, MissingPytestSaysHowToInstallIt) {
    for (const auto& [status, err] : std::vector<std::pair<int, std::string>>{
             {127, "sh: 1: pytest: not found\n"},
             {1, "/usr/bin/python: No module named pytest\n"}}) {
        const auto plain = status == 127 ? std::string{} : frame({{"t", "plain"}});
        const auto found = discover(plain, exited(status), err);
        ASSERT_FALSE(found);
        EXPECT_THAT(found.error().message, HasSubstr(err.substr(0, err.size() - 1)));
        EXPECT_THAT(found.error().hint, HasSubstr("pip install pytest"));
    }
}

TEST(PytestDiscovery, PartsAreJoined) {
    const auto whole = json{{"t", "items"}, {"ids", {"a.py::\"x\""}}, {"file", "a.py"}}.dump();
    const auto parts = frame({{"t", "part"}, {"d", whole.substr(0, 9)}}) + "between" +
                       frame({{"t", "last"}, {"d", whole.substr(9)}});
    const auto found = discover(hello() + parts + collected(1) + bye(0));
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_THAT(ids_of(*found), ElementsAre("a.py::\"x\""));
}

// --- Batches -----------------------------------------------------------------------------------

// Linux takes 128 KiB in one argument, and files travel as base64: half of it is left for the
// tests.
TEST(PytestBatch, WhatIsCarriedInACommandIsAtMostHalfAnArgument) {  // TRAPS 28
    auto context = context_in(kFolder);
    context.same_machine = false;
    const Request request(group_with(""), context, {"tests/test_a.py::test_x"});
    const auto command = framework().batch(request()).value();
    const auto worker = framework().worker(request(), std::chrono::seconds{1}).value();
    for (const auto& files : {command.files, worker.files}) {
        std::size_t bytes = 0;
        for (const auto& file : files) bytes += (file.content.size() + 2) / 3 * 4;
        EXPECT_LT(bytes, 64U * 1024);
        EXPECT_GT(bytes, 16U * 1024) << "where is the plugin?";
    }
}

TEST(PytestBatch, CommandIsShortAndThePlanNamesTheTests) {  // TRAPS 28
    PytestOptions settings;
    settings.prefix = {"pytest"};
    settings.run_args = {"--no-cov", "-p", "no:xdist"};
    settings.paths = {"tests"};
    const std::vector<std::string> ids = {"a.py::t[$x 'y']", "\xff.py::t"};
    const Request request(group_with("-m 'not slow'"), context_in("/r"), ids);
    const auto command = framework(settings).batch(request()).value();
    EXPECT_EQ(command.command,
              "PYTHONPATH=/r\"${PYTHONPATH:+:$PYTHONPATH}\" "
              "OFFLOAD_PYTEST_PLAN=/r/batch-7.plan.json pytest -p offload_pytest --no-cov -p "
              "no:xdist -m 'not slow' tests");
    EXPECT_FALSE(command.result_file);
    const auto plan = plan_of(command.files);
    EXPECT_EQ(plan["mode"], "run");
    EXPECT_EQ(plan["ids"][0], ids[0]);
    EXPECT_EQ(plan["ids"][1], json({{"hex", "ff2e70793a3a74"}}));
    EXPECT_EQ(plan["in"], json({0, 0}));
    EXPECT_EQ(plan["fail_fast"], false);
}

struct ReadBatch : test::Read {
    explicit ReadBatch(test::Read read) : test::Read(std::move(read)) {}
};

ReadBatch run(const std::vector<std::string>& ids, const std::string& out, const Ended& ended,
              const std::string& err = {}, std::size_t piece = 7) {
    const Request request(group_with(""), context_in("/r"), ids);
    const auto reader = framework().reader(request());
    EXPECT_TRUE(reader->tells_starts());
    return ReadBatch(read_all(*reader, out, err, ended, std::nullopt, piece));
}

TEST(PytestReader, ResultsComeAsTheyHappen) {
    const auto failed = frame({{"t", "end"},
                               {"n", 1},
                               {"outcome", "failed"},
                               {"type", "ValueError"},
                               {"message", "ValueError: x"},
                               {"details", "trace"},
                               {"out", "o"},
                               {"err", "e"},
                               {"properties", json::array({json::array({"owner", "me"})})}});
    const auto read = run({"d/a.py::C::t[x.py]", "d/a.py::u"},
                          hello() + begin(0) + "dot." + passed(0) + begin(1) + failed + bye(1),
                          exited(1), "warning\n");
    EXPECT_TRUE(read.reading.complete);
    EXPECT_EQ(read.visible, "dot.warning\n");
    EXPECT_THAT(read.told.began, ElementsAre(0, 1));
    ASSERT_THAT(read.told.ended, SizeIs(2));
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Passed);
    EXPECT_EQ(read.told.ended.at(0).classname, "d.a.C");
    EXPECT_DOUBLE_EQ(read.told.ended.at(0).duration.count(), 0.5);
    const auto& result = read.told.ended.at(1);
    EXPECT_EQ(result.outcome, Outcome::Failed);
    EXPECT_EQ(result.type, "ValueError");
    EXPECT_EQ(result.system_out, "o");
    EXPECT_EQ(result.system_err, "e");
    EXPECT_THAT(result.properties, ElementsAre(std::pair<std::string, std::string>("owner", "me")));
}

TEST(PytestReader, EveryOutcomeIsItsOwn) {  // TRAPS 7
    std::string out = hello();
    const std::vector<std::string> words = {"passed", "skipped", "failed", "errored", "imploded"};
    for (std::size_t n = 0; n < words.size(); ++n) {
        out += frame({{"t", "end"}, {"n", n}, {"outcome", words[n]}});
    }
    const auto read = run({"a", "b", "c", "d", "e"}, out + bye(1), exited(1));
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Passed);
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Skipped);
    EXPECT_EQ(read.told.ended.at(2).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(3).outcome, Outcome::Errored);
    EXPECT_EQ(read.told.ended.at(4).outcome, Outcome::Errored);
}

TEST(PytestReader, CrashLeavesTheRunningTestOpen) {  // TRAPS 19
    const auto read = run({"a", "b", "c"}, hello() + begin(0) + passed(0) + begin(1), killed());
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.began, ElementsAre(0, 1));
    EXPECT_THAT(read.told.ended, SizeIs(1));
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(PytestReader, SessionThatStopsEarlyIsNotComplete) {
    const auto read = run({"a", "b"}, hello() + begin(0) + passed(0) + bye(2, "enough"), exited(2));
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.reading.trouble, HasSubstr("enough"));
    EXPECT_THAT(read.told.refused, IsEmpty());
}

TEST(PytestReader, RefusedTestsCarryTheirReason) {  // TRAPS 8
    const auto refused =
        frame({{"t", "refused"}, {"n", 1}, {"reason", "deselected here (-m 'x')"}});
    const auto read = run({"a", "b"}, hello() + refused + begin(0) + passed(0) + bye(0), exited(0));
    EXPECT_TRUE(read.reading.complete);
    EXPECT_EQ(read.told.refused.at(1), "deselected here (-m 'x')");
}

TEST(PytestReader, ResultsAreWholeThoughTheProcessDiesAfterwards) {
    const auto read = run({"a"}, hello() + begin(0) + passed(0) + bye(0), killed());
    EXPECT_TRUE(read.reading.complete);
}

TEST(PytestReader, PytestThatCannotStartRefusesAllWithItsWords) {
    for (const auto& [out, status, err] : std::vector<std::tuple<std::string, int, std::string>>{
             {hello(), 4, "ERROR: usage: unrecognized arguments: --odd"},
             {"", 127, "sh: pytest: not found"},
             {"", 1, "python: No module named pytest"},
             {"", 4, "Error importing plugin \"offload_pytest\""}}) {
        const auto read = run({"a", "b"}, out, exited(status), err);
        EXPECT_TRUE(read.reading.complete) << err;
        ASSERT_THAT(read.told.refused, SizeIs(2)) << err;
        EXPECT_THAT(read.told.refused.at(0), HasSubstr(err));
        EXPECT_THAT(read.told.ended, IsEmpty());
    }
}

TEST(PytestReader, OtherEarlyEndsAreLeftToTheEngine) {
    for (const auto& ended : {exited(1), exited(137), killed()}) {
        const auto read = run({"a", "b"}, "", ended, "network is down\n");
        EXPECT_FALSE(read.reading.complete);
        EXPECT_THAT(read.told.refused, IsEmpty());
    }
}

TEST(PytestReader, GarbageIsOutputAndANotice) {
    const std::string garbage =
        "\x1e"
        "5eed {\"t\":\"end\",\"n\":0,\n";
    const auto odd = frame({{"t", "end"}, {"n", 9}, {"outcome", "passed"}}) +
                     frame({{"t", "end"}, {"n", -1}}) + frame({{"t", "end"}, {"n", "0"}}) +
                     frame({{"t", "unheard of"}}) + frame(json::array()) + frame({{"t", 3}});
    const auto read =
        run({"a"}, hello() + garbage + odd + begin(0) + passed(0) + bye(0), exited(0));
    EXPECT_TRUE(read.reading.complete);
    EXPECT_THAT(read.told.ended, SizeIs(1));
    EXPECT_FALSE(read.told.twice);
    EXPECT_THAT(read.visible, HasSubstr("{\"t\":\"end\",\"n\":0,"));
    EXPECT_THAT(read.told.notices, SizeIs(1));
}

TEST(PytestReader, SecondResultOfATestIsNotHeard) {  // TRAPS 13
    const auto failed = frame({{"t", "end"}, {"n", 0}, {"outcome", "failed"}});
    const auto read = run({"a"}, hello() + failed + passed(0) + bye(1), exited(1));
    EXPECT_FALSE(read.told.twice);
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Failed);
}

// --- Plain mode --------------------------------------------------------------------------------

constexpr char kPlainOutput[] =
    "a/test_b.py::TestC::test_d[x y]\n"
    "a/test_b.py::test_e[::]\n"
    "\n"
    "==================================== ERRORS ====================================\n"
    "E   ImportError: see a::b\n"
    "=========================== short test summary info ============================\n"
    "ERROR a/test_z.py - ImportError: gone\n"
    "!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!\n"
    "2 tests collected, 1 error in 0.05s\n";

TEST(PlainPytest, DiscoveryReadsIdsAndBrokenModules) {  // TRAPS 1, 2
    const auto found =
        discover("Error importing plugin\n" + frame({{"t", "plain"}}) + kPlainOutput, exited(2));
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_THAT(ids_of(*found),
                ElementsAre("a/test_b.py::TestC::test_d[x y]", "a/test_b.py::test_e[::]"));
    ASSERT_THAT(found->broken, SizeIs(1));
    EXPECT_EQ(found->broken[0].id, "a/test_z.py");
    EXPECT_EQ(found->broken[0].result.message, "ImportError: gone");
    EXPECT_THAT(found->warnings, SizeIs(1));
}

TEST(PlainPytest, AnotherCountIsAnError) {  // TRAPS 1
    const auto found = discover(frame({{"t", "plain"}}) +
                                "a.py::t\n\n3/5 tests collected (2 deselected) in 0.01s\n");
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, HasSubstr("collected 3 tests, but 1 can be read"));
    EXPECT_FALSE(discover(frame({{"t", "plain"}}) + "a.py: 3\n"));
    const auto of_pytest_6 =
        discover(frame({{"t", "plain"}}) + "a.py::t\n\n7 deselected in 0.13s\n");
    ASSERT_FALSE(of_pytest_6);
    EXPECT_THAT(of_pytest_6.error().message, HasSubstr("older than 7"));
}

TEST(PlainPytest, BatchPassesIdsAndReadsJunit) {  // TRAPS 5, 16
    const auto found =
        discover(frame({{"t", "plain"}}) + "a.py::t[x]\nb.py::t[x]\n\n2 tests collected in 1s\n");
    ASSERT_TRUE(found);
    const Request request(group_with("-m x"), context_in("/r"), ids_of(*found), found->carry);
    const auto command = framework().batch(request()).value();
    EXPECT_EQ(command.command,
              "python -m pytest --junitxml=/r/batch-7.xml --continue-on-collection-errors "
              "'a.py::t[x]' 'b.py::t[x]'");
    EXPECT_EQ(command.result_file, "/r/batch-7.xml");

    const auto reader = framework().reader(request());
    EXPECT_FALSE(reader->tells_starts());
    const auto read =
        read_all(*reader, "out", "", exited(1),
                 "<testsuite><testcase classname='a' name='t[x]'/>"
                 "<testcase classname='b' name='t[x]'><failure message='m'/></testcase>"
                 "<testcase classname='c' name='t[x]'/></testsuite>");
    EXPECT_TRUE(read.reading.complete);
    EXPECT_EQ(read.visible, "out");
    EXPECT_EQ(read.told.ended.at(0).outcome, Outcome::Passed);
    EXPECT_EQ(read.told.ended.at(1).outcome, Outcome::Failed);
    EXPECT_EQ(read.told.ended.at(1).classname, "b");
    EXPECT_THAT(read.told.unknown, SizeIs(1));
}

TEST(PlainPytest, NoFileIsNoVerdict) {  // TRAPS 9
    PlainPytestReader reader({"a"}, "{name}");
    const auto read = read_all(reader, "", "", exited(0), std::nullopt);
    EXPECT_FALSE(read.reading.complete);
    EXPECT_THAT(read.told.ended, IsEmpty());
}

TEST(PlainPytest, AddressesAreThoseOfPytest) {
    EXPECT_EQ(junit_address("a/test_b.py::C::D::t[x::y.py]").classname, "a.test_b.C.D");
    EXPECT_EQ(junit_address("a/test_b.py::C::D::t[x::y.py]").name, "t[x::y.py]");
    EXPECT_EQ(junit_address("a/test_b.py::t").classname, "a.test_b");
    EXPECT_EQ(junit_address("a/test_b.py").classname, "");
}

}  // namespace pytest_test
}  // namespace offload::framework
