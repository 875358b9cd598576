#include "offload/junit/write.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <random>
#include <sstream>
#include <string>

#include "offload/junit/match.hpp"
#include "offload/junit/read.hpp"

namespace offload::junit {
namespace {

using testing::HasSubstr;
using testing::Not;

TestResult result_of(Outcome outcome, std::string message = {}, std::string details = {}) {
    TestResult result;
    result.outcome = outcome;
    result.message = std::move(message);
    result.details = std::move(details);
    result.type = is_failure(outcome) ? "Trouble" : "";
    result.duration = Seconds(0.125);
    return result;
}

// A run's end, built test by test.
struct FinishedRun {
    TestTable tests;
    RunSummary summary;
    WriteOptions options;

    void add(const std::string& id, Status status, const std::vector<TestResult>& results,
             std::vector<std::size_t> batches = {}) {
        const offload::Test& test = tests.add(id, GroupIndex(0), "file.py").test;
        Verdict verdict{test.index, status, {}};
        for (const auto& result : results) {
            Attempt attempt{test.index, static_cast<int>(verdict.attempts.size()) + 1, {}, {}, {},
                            result};
            const auto at = verdict.attempts.size();
            if (at < batches.size()) attempt.batch = BatchNumber(batches[at]);
            verdict.attempts.push_back(attempt);
        }
        summary.verdicts.push_back(std::move(verdict));
    }

    std::string text() const { return write(summary, tests, options); }

    // As a conforming reader sees it.
    pugi::xml_document parsed() const {
        pugi::xml_document document;
        const auto written = text();
        const auto parsed = document.load_buffer(written.data(), written.size());
        EXPECT_TRUE(parsed) << parsed.description() << "\n" << written.substr(0, 2000);
        return document;
    }
};

pugi::xml_node case_of(const pugi::xml_document& document, const char* name) {
    return document.child("testsuites").child("testsuite").find_child_by_attribute("name", name);
}

std::vector<std::string> children(const pugi::xml_node& node) {
    std::vector<std::string> result;
    for (const auto& child : node.children()) result.emplace_back(child.name());
    return result;
}

TEST(JunitWrite, TotalsAreInTheAttributes) {
    FinishedRun run;
    run.summary.wall = Seconds(12.5);
    run.options.suite_name = "my <suite>";
    run.add("p", Status::Passed, {result_of(Outcome::Passed)});
    run.add("f", Status::Failed, {result_of(Outcome::Failed)});
    run.add("e", Status::Errored, {result_of(Outcome::Errored)});
    run.add("s", Status::Skipped, {result_of(Outcome::Skipped)});
    run.add("n", Status::NotRun, {});
    run.add("k", Status::Flaky, {result_of(Outcome::Failed), result_of(Outcome::Passed)});
    const auto document = run.parsed();
    for (const auto& node :
         {document.child("testsuites"), document.child("testsuites").child("testsuite")}) {
        EXPECT_STREQ(node.attribute("name").value(), "my <suite>");
        EXPECT_EQ(node.attribute("tests").as_int(), 6);
        EXPECT_EQ(node.attribute("failures").as_int(), 1);
        EXPECT_EQ(node.attribute("errors").as_int(), 2);
        EXPECT_EQ(node.attribute("skipped").as_int(), 1);
        EXPECT_DOUBLE_EQ(node.attribute("time").as_double(), 12.5);
    }
    EXPECT_EQ(document.child("testsuites").child("testsuite").attribute("flakes").as_int(), 1);
}

TEST(JunitWrite, APassedCaseCarriesWhatIsKnown) {
    FinishedRun run;
    auto result = result_of(Outcome::Passed);
    result.classname = "pkg.Class";
    result.system_out = "out";
    result.system_err = "err";
    result.properties = {{"k", "v"}};
    run.add("t", Status::Passed, {result});
    const auto document = run.parsed();
    const auto node = case_of(document, "t");
    EXPECT_STREQ(node.attribute("classname").value(), "pkg.Class");
    EXPECT_STREQ(node.attribute("file").value(), "file.py");
    EXPECT_DOUBLE_EQ(node.attribute("time").as_double(), 0.125);
    EXPECT_EQ(children(node), (std::vector<std::string>{"properties", "system-out", "system-err"}));
    EXPECT_STREQ(node.child_value("system-out"), "out");
    EXPECT_STREQ(node.child("properties").child("property").attribute("value").value(), "v");
}

TEST(JunitWrite, FlakyTestsShowEachFailedAttempt) {
    FinishedRun run;
    auto failed = result_of(Outcome::Failed, "first", "trace 1");
    failed.system_out = "out 1";
    failed.system_err = "err 1";
    auto passed = result_of(Outcome::Passed);
    passed.duration = Seconds(3);
    passed.system_out = "final";
    run.add("t", Status::Flaky, {failed, result_of(Outcome::Errored, "second"), passed});
    const auto document = run.parsed();
    const auto node = case_of(document, "t");
    EXPECT_EQ(children(node),
              (std::vector<std::string>{"flakyFailure", "flakyError", "system-out"}));
    EXPECT_DOUBLE_EQ(node.attribute("time").as_double(), 3);
    const auto flaky = node.child("flakyFailure");
    EXPECT_STREQ(flaky.attribute("message").value(), "first");
    EXPECT_STREQ(flaky.attribute("type").value(), "Trouble");
    EXPECT_DOUBLE_EQ(flaky.attribute("time").as_double(), 0.125);
    EXPECT_EQ(children(flaky),
              (std::vector<std::string>{"stackTrace", "system-out", "system-err"}));
    EXPECT_STREQ(flaky.child_value("stackTrace"), "trace 1");
    EXPECT_STREQ(node.child_value("system-out"), "final");
}

TEST(JunitWrite, ATestThatNeverPassedShowsItsFirstFailureAndReruns) {
    FinishedRun run;
    run.add("t", Status::Errored,
            {result_of(Outcome::Failed, "one", "trace"), result_of(Outcome::Errored, "two"),
             result_of(Outcome::Failed, "three", "trace 3")});
    const auto document = run.parsed();
    const auto node = case_of(document, "t");
    EXPECT_EQ(children(node), (std::vector<std::string>{"failure", "rerunError", "rerunFailure"}));
    EXPECT_STREQ(node.child("failure").attribute("message").value(), "one");
    EXPECT_STREQ(node.child_value("failure"), "trace");
    EXPECT_STREQ(node.child("rerunFailure").child_value("stackTrace"), "trace 3");
    EXPECT_EQ(document.child("testsuites").attribute("failures").as_int(), 1);
}

TEST(JunitWrite, FailedThenSkippedIsAFailure) {
    FinishedRun run;
    run.add("t", Status::Failed,
            {result_of(Outcome::Failed, "f"), result_of(Outcome::Skipped, "s")});
    const auto document = run.parsed();
    EXPECT_EQ(children(case_of(document, "t")), (std::vector<std::string>{"failure"}));
}

TEST(JunitWrite, NotRunIsAnErrorWithItsReason) {
    FinishedRun run;
    run.add("t", Status::NotRun, {});
    run.summary.verdicts[0].not_run_reason = "no sandbox could be created";
    run.add("u", Status::NotRun, {});
    const auto document = run.parsed();
    const auto error = case_of(document, "t").child("error");
    EXPECT_STREQ(error.attribute("type").value(), "not-run");
    EXPECT_STREQ(error.attribute("message").value(), "no sandbox could be created");
    EXPECT_STRNE(case_of(document, "u").child("error").attribute("message").value(), "");
}

TEST(JunitWrite, SkippedKeepsItsReason) {
    FinishedRun run;
    run.add("t", Status::Skipped, {result_of(Outcome::Skipped, "needs a database")});
    const auto document = run.parsed();
    EXPECT_STREQ(case_of(document, "t").child("skipped").attribute("message").value(),
                 "needs a database");
}

TEST(JunitWrite, OneCasePerBatchWhereTheExitStatusDecides) {
    FinishedRun run;
    run.options.source = VerdictSource::PerBatch;
    run.add("a", Status::Passed, {result_of(Outcome::Passed)}, {0});
    run.add("b", Status::Failed,
            {result_of(Outcome::Failed, "exit status 1"), result_of(Outcome::Failed, "again")},
            {1, 2});
    run.add("c", Status::Passed, {result_of(Outcome::Passed)}, {0});
    run.add("d", Status::NotRun, {});
    run.add("e", Status::Passed, {result_of(Outcome::Failed), result_of(Outcome::Passed)}, {1, 3});
    const auto document = run.parsed();
    const auto suite = document.child("testsuites").child("testsuite");
    std::vector<std::string> names;
    for (const auto& node : suite.children("testcase")) {
        names.push_back(std::string(node.attribute("classname").value()) + "/" +
                        node.attribute("name").value());
    }
    EXPECT_EQ(names, (std::vector<std::string>{"batch-0/all_tests", "batch-2/all_tests", "/d",
                                               "batch-3/all_tests"}));
    EXPECT_EQ(suite.attribute("tests").as_int(), 4);
    EXPECT_EQ(suite.attribute("failures").as_int(), 1);
    EXPECT_EQ(suite.attribute("errors").as_int(), 1);
    EXPECT_EQ(suite.attribute("flakes").as_int(), 0);
    EXPECT_THAT(run.text(), Not(HasSubstr("flakyFailure")));
}

TEST(JunitWrite, AnEmptyRunIsAValidReport) {
    const FinishedRun run;
    EXPECT_EQ(run.parsed().child("testsuites").attribute("tests").as_int(-1), 0);
}

TEST(JunitWrite, TimestampsAreIso8601) {
    FinishedRun run;
    run.options.started = SystemTime(std::chrono::seconds(1700000000));
    run.add("t", Status::Passed, {result_of(Outcome::Passed)});
    run.summary.verdicts[0].attempts[0].started = run.options.started + std::chrono::seconds(1);
    const auto text = run.text();
    EXPECT_THAT(text, HasSubstr("timestamp=\"2023-11-14T22:13:20"));
    EXPECT_THAT(text, HasSubstr("timestamp=\"2023-11-14T22:13:21"));
}

TEST(JunitWrite, ColoursAreLeftOut) {
    FinishedRun run;
    auto result = result_of(Outcome::Failed, "\x1b[31mred\x1b[0m", "\x1b[1;32mgreen\x1b[K");
    result.system_out = "\x1b]0;title\x07shown \x1b]8;;http://x\x1b\\link\x1b[";
    run.add("t", Status::Failed, {result});
    const auto document = run.parsed();
    const auto node = case_of(document, "t");
    EXPECT_STREQ(node.child("failure").attribute("message").value(), "red");
    EXPECT_STREQ(node.child_value("failure"), "green");
    EXPECT_STREQ(node.child_value("system-out"), "shown link");
}

// Characters that XML 1.0 §2.2 allows, and nothing else.
bool is_xml_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') return false;
        if (byte < 0x80) continue;
        const std::size_t more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
        if (byte < 0xC2 || byte > 0xF4 || i + more >= text.size()) return false;
        for (std::size_t k = 1; k <= more; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        }
        const auto sequence = text.substr(i, more + 1);
        if (sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF") return false;
        i += more;
    }
    return true;
}

TEST(JunitWrite, AnyBytesMakeValidXml) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const auto bytes = [&] {
            std::string result(random() % 60, '\0');
            for (char& c : result) c = static_cast<char>(random() % 256);
            return result + "]]>";
        };
        FinishedRun run;
        run.options.suite_name = bytes();
        for (int i = 0; i < 4; ++i) {
            auto result = result_of(Outcome::Failed, bytes(), bytes());
            result.system_out = bytes();
            result.system_err = bytes();
            result.classname = bytes();
            result.file = bytes();
            result.type = bytes();
            result.properties = {{bytes(), bytes()}};
            result.duration = Seconds(i == 0 ? std::nan("") : -1.0);
            run.add(bytes() + std::to_string(i), i % 2 == 0 ? Status::Failed : Status::Flaky,
                    {result, result, result_of(i % 2 == 0 ? Outcome::Failed : Outcome::Passed)});
        }
        EXPECT_TRUE(is_xml_text(run.text()));
        run.parsed();
        const auto again = read(run.text());
        ASSERT_TRUE(again.has_value());
        EXPECT_TRUE(again->complete);
        EXPECT_EQ(again->cases.size(), 4U);
    }
}

std::string random_text(std::mt19937& random) {
    static const std::vector<std::string> kPieces = {
        "a",     "Test",  " ",      "  ",       "::",
        "[x-1]", "\"",    "'",      "<",        ">",
        "&",     "\n",    "\t",     "\r\n",     ",",
        "]]>",   "&amp;", "{name}", "\xC3\xA4", "\xF0\x9F\x98\x80",
        "<!--"};
    std::string result;
    for (auto pieces = random() % 8; pieces > 0; --pieces) {
        result += kPieces[random() % kPieces.size()];
    }
    return result;
}

TEST(JunitWrite, WhatIsWrittenCanBeReadAgain) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        FinishedRun run;
        std::vector<TestResult> expected;
        for (int i = 0; i < 8; ++i) {
            const auto outcome = static_cast<Outcome>(random() % 4);
            TestResult result;
            result.outcome = outcome;
            if (outcome != Outcome::Passed) {
                result.type = random_text(random);
                result.message = random_text(random);
                result.details = random_text(random);
            }
            result.duration = Seconds(static_cast<double>(random() % 100000) / 1000.0);
            result.system_out = random_text(random);
            result.system_err = random_text(random);
            result.classname = random_text(random);
            if (random() % 2 == 0) result.properties = {{random_text(random), random_text(random)}};
            constexpr std::array<Status, 4> kStatus = {Status::Passed, Status::Skipped,
                                                       Status::Failed, Status::Errored};
            run.add(random_text(random) + std::to_string(i),
                    kStatus[static_cast<std::size_t>(outcome)], {result});
            expected.push_back(result);
        }
        const auto again = read(run.text());
        ASSERT_TRUE(again.has_value());
        EXPECT_TRUE(again->complete);
        std::vector<std::string_view> ids;
        for (const offload::Test& test : run.tests) ids.push_back(test.id);
        const auto matched = match(*again, ids, "{name}");
        EXPECT_TRUE(matched.unknown.empty());
        ASSERT_EQ(matched.results.size(), expected.size());
        for (const auto& [position, got] : matched.results) {
            const TestResult& want = expected[position];
            EXPECT_EQ(got.outcome, want.outcome);
            EXPECT_EQ(got.type, want.type);
            EXPECT_EQ(got.message, want.message);
            EXPECT_EQ(got.details, want.details);
            EXPECT_EQ(got.system_out, want.system_out);
            EXPECT_EQ(got.system_err, want.system_err);
            EXPECT_EQ(got.classname, want.classname);
            EXPECT_EQ(got.properties, want.properties);
            EXPECT_NEAR(got.duration.count(), want.duration.count(), 1e-5);
        }
    }
}

// A conforming parser and ours see the same names.
TEST(JunitWrite, AConformingReaderAgreesWithOurs) {
    for (unsigned seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        FinishedRun run;
        for (int i = 0; i < 5; ++i) {
            auto result =
                result_of(Outcome::Failed, random_text(random), random_text(random) + "x");
            run.add(random_text(random) + std::to_string(i), Status::Failed, {result});
        }
        const auto document = run.parsed();
        const auto ours = read(run.text());
        ASSERT_TRUE(ours.has_value());
        std::size_t at = 0;
        for (const auto& node :
             document.child("testsuites").child("testsuite").children("testcase")) {
            ASSERT_LT(at, ours->cases.size());
            EXPECT_EQ(ours->cases[at].name, node.attribute("name").value());
            EXPECT_EQ(ours->cases[at].result.details, node.child_value("failure"));
            ++at;
        }
        EXPECT_EQ(at, ours->cases.size());
    }
}

TEST(JunitWrite, ManyTests) {
    FinishedRun run;
    for (int i = 0; i < 100000; ++i) {
        run.add("tests/test_module.py::test_" + std::to_string(i), Status::Passed,
                {result_of(Outcome::Passed)});
    }
    const auto again = read(run.text());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->cases.size(), 100000U);
}

}  // namespace
}  // namespace offload::junit
