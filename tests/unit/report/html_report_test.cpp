#include "offload/report/html_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "html_outputs.hpp"
#include "html_text.hpp"
#include "offload/base/file.hpp"
#include "offload/report/journal.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string block_string(std::string_view bytes) {
    std::string out;
    append_block_string(out, bytes);
    return out;
}

json bounded(std::string_view text, const TextBound& bound) {
    std::string out;
    append_bounded_text(out, text, bound);
    return json::parse(out);
}

TEST(HtmlText, NoMarkupCanBeginInAString) {
    const std::string hostile = "</script><script>alert(1)</script><!-- ]]> &lt; & '\"\\";
    const auto text = block_string(hostile);
    EXPECT_THAT(text, Not(testing::ContainsRegex("[<>&]")));
    EXPECT_EQ(json::parse(text), hostile);
}

TEST(HtmlText, EveryByteIsCarriedOrReplaced) {
    for (int value = 0; value < 256; ++value) {
        const std::string text{'a', static_cast<char>(value), 'b'};
        const auto back = json::parse(block_string(text)).get<std::string>();
        EXPECT_EQ(back, value < 0x80 ? text
                                     : "a\xEF\xBF\xBD"
                                       "b")
            << value;
    }
}

TEST(HtmlText, OtherScriptsAndMarksOfDirectionAreCarried) {
    const std::string text = "größter ‮gnp.exe‬ 日本 \U0001F600   ";
    EXPECT_EQ(json::parse(block_string(text)), text);
}

TEST(HtmlText, LongTextKeepsItsBeginningAndItsEnd) {
    const std::string text = std::string(100, 'a') + std::string(5000, 'b') + std::string(100, 'c');
    const auto kept = bounded(text, {10, 20});
    EXPECT_EQ(kept, json::array({std::string(10, 'a'), 5170, std::string(20, 'c')}));
    EXPECT_EQ(bounded(std::string(30, 'x'), {10, 20}), std::string(30, 'x'));
}

TEST(HtmlText, LongTextIsCutBetweenCharacters) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "\U0001F600";
    for (std::size_t head = 0; head < 8; ++head) {
        const auto kept = bounded(text, {head, 7 - head});
        const auto first = kept[0].get<std::string>();
        const auto last = kept[2].get<std::string>();
        EXPECT_EQ(first.size() % 4, 0U);
        EXPECT_EQ(last.size() % 4, 0U);
        EXPECT_EQ(first.size() + kept[1].get<std::size_t>() + last.size(), text.size());
    }
}

TEST(HtmlText, BytesThatContinueNothingDoNotMoveACutFar) {
    const auto kept = bounded(std::string(100'000, '\x80'), {16, 16});
    EXPECT_GT(kept[1].get<std::size_t>(), 100'000U - 40);
}

TEST(HtmlOutputs, ChatterOfPassingTestsLeavesRoomForFailures) {
    HtmlOutputs outputs;
    TestResult chatty{.outcome = Outcome::Passed, .system_out = std::string(4000, 'x')};
    const std::size_t more_than_fit = HtmlOutputs::kAllOthers / 4000 + 2;
    std::int64_t last = 0;
    for (std::size_t i = 0; i < more_than_fit; ++i) last = outputs.add(chatty);
    EXPECT_EQ(last, HtmlOutputs::kNoRoom);
    EXPECT_GE(outputs.add(failed("m", "traceback")), 0);
}

TEST(HtmlOutputs, AllTogetherIsBounded) {
    HtmlOutputs outputs;
    const TestResult large = failed("m", std::string(1'000'000, '\x1b'));
    for (int i = 0; i < 10'000; ++i) outputs.add(large);
    std::size_t size = 0;
    for (const auto& block : outputs.take_blocks()) size += block.size();
    EXPECT_LE(size, HtmlOutputs::kAllFailures + HtmlOutputs::kAllOthers);
}

TEST(HtmlOutputs, BlocksNameTheirFirstEntryAndHoldAllOfThem) {
    HtmlOutputs outputs;
    constexpr std::int64_t kCount = 100;
    for (std::int64_t i = 0; i < kCount; ++i) {
        EXPECT_EQ(outputs.add(failed("m" + std::to_string(i), std::string(50'000, 'd'))), i);
    }
    EXPECT_EQ(outputs.add(TestResult{}), HtmlOutputs::kNothing);
    const auto firsts = outputs.firsts();
    const auto blocks = outputs.take_blocks();
    ASSERT_EQ(blocks.size(), firsts.size());
    ASSERT_GT(blocks.size(), 2U);
    std::int64_t number = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        EXPECT_EQ(firsts[i], number);
        for (const auto& entry : json::parse(blocks[i])) {
            EXPECT_EQ(entry["message"], "m" + std::to_string(number++));
        }
    }
    EXPECT_EQ(number, kCount);
}

class HtmlReportFile : public testing::Test {
  protected:
    TemporaryFolder folder_ = *TemporaryFolder::create("offload-test-");
    std::filesystem::path path_ = folder_.path() / "report.html";
    RunScript script_;
    HtmlReport report_{path_};

    void SetUp() override { script_.sinks = {&report_}; }

    std::string page() const { return *read_file(path_); }
    static json block(const std::string& page, const std::string& id) {
        const auto opening = "<script type=\"application/json\" id=\"" + id + "\">";
        const auto from = page.find(opening);
        if (from == std::string::npos) return {};
        const auto begin = from + opening.size();
        return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
    }
    json data() const { return block(page(), "report"); }
    void finish(std::vector<Verdict> verdicts = {}) {
        RunSummary summary;
        summary.verdicts = std::move(verdicts);
        summary.exit_status = 1;
        script_.tell(RunFinished{summary});
    }
};

TEST_F(HtmlReportFile, TellsTestsAttemptsAndWhereTheyRan) {
    script_.start({"unit", "slow"});
    script_.discover({"a", "b"});
    script_.tick(1);
    script_.sandbox(0);
    script_.batch(0, 0, {0, 1});
    script_.tick(0.5);
    script_.test_started(0);
    script_.tick(0.25);
    script_.attempt({.test = 0, .result = failed("assert 1 == 2\nmore", "the traceback")}, true);
    script_.decided(0, Status::Failed);
    script_.tick(2);
    script_.attempt({.test = 1, .result = passed(1.5)});
    script_.decided(1, Status::Passed);
    script_.batch_finished(0, BatchOutcome::Failure, "exit status 1");
    finish();
    const auto told = data();
    EXPECT_EQ(told["run"]["groups"], json::array({"unit", "slow"}));
    EXPECT_EQ(told["tests"]["id"], json::array({"a", "b"}));
    EXPECT_EQ(told["tests"]["status"], json::array({3, 0}));
    EXPECT_EQ(told["attempts"]["start"], json::array({1500, 2250}));
    EXPECT_EQ(told["attempts"]["end"], json::array({1750, 3750}));
    EXPECT_EQ(told["attempts"]["message"], json::parse(R"([[0, "assert 1 == 2"]])"));
    EXPECT_EQ(told["batches"]["how"], json::array({"exit status 1"}));
    EXPECT_EQ(told["sandboxes"]["id"], json::array({"sb-0"}));
    EXPECT_EQ(block(page(), "output-0")[0]["details"], "the traceback");
}

TEST_F(HtmlReportFile, HostileNamesAndOutputStayData) {
    const std::string hostile = "</script><img src=x onerror=alert(1)>\xff\x1b[31m";
    script_.start({hostile});
    script_.discover({hostile});
    script_.batch(0, 0, {0});
    auto result = failed(hostile, hostile);
    result.system_out = hostile + std::string(10'000'000, 'x') + hostile;
    script_.attempt({.result = std::move(result)});
    script_.decided(0, Status::Failed);
    script_.batch_finished(0, BatchOutcome::Failure, hostile);
    script_.notice(Severity::Warning, hostile);
    finish();
    const auto text = page();
    EXPECT_THAT(text, Not(HasSubstr("<img")));
    EXPECT_LT(text.size(), 1'000'000U);
    const std::string shown = "</script><img src=x onerror=alert(1)>\xEF\xBF\xBD\x1b[31m";
    EXPECT_EQ(data()["tests"]["id"][0], shown);
    const auto output = block(text, "output-0")[0]["stdout"];
    EXPECT_TRUE(output[0].get<std::string>().starts_with(shown));
    EXPECT_TRUE(output[2].get<std::string>().ends_with(shown));
}

TEST_F(HtmlReportFile, OnlyItsOwnScriptAndStyleMayCount) {
    script_.start();
    script_.discover({"a"});
    script_.batch(0, 0, {0});
    finish();
    const auto text = page();
    std::smatch policy;
    ASSERT_TRUE(std::regex_search(text, policy,
                                  std::regex("Content-Security-Policy\" content=\"([^\"]*)\"")));
    EXPECT_THAT(policy[1], HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy[1], HasSubstr("script-src 'sha256-"));
    EXPECT_THAT(policy[1], HasSubstr("style-src 'sha256-"));
    EXPECT_THAT(policy[1], Not(HasSubstr("unsafe")));
    EXPECT_THAT(policy[1], Not(HasSubstr("http")));
}

TEST_F(HtmlReportFile, RunThatExecutesNothingLeavesTheLastReport) {
    ASSERT_TRUE(write_file_atomically(path_, "the last run's"));
    script_.start();
    finish();
    EXPECT_EQ(page(), "the last run's");
}

// TRAPS 4
TEST_F(HtmlReportFile, AnEarlierReportIsNotTakenForThatOfARunThatIsKilled) {
    ASSERT_TRUE(write_file_atomically(path_, "the last run's"));
    script_.start();
    script_.discover({"a"});
    EXPECT_TRUE(std::filesystem::exists(path_));
    script_.batch(0, 0, {0});
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(HtmlReportFile, AttemptsThatOnlyTheSummaryTellsAreThere) {
    script_.start();
    script_.discover({"a"});
    script_.batch(0, 0, {0});
    script_.attempt({.number = 1, .result = failed()}, true);
    Verdict verdict{.test = TestIndex(0), .status = Status::Failed, .attempts = {}};
    verdict.attempts = {make_attempt({.number = 1}),
                        make_attempt({.number = 2, .result = failed("again")})};
    finish({verdict});
    const auto attempts = data()["attempts"];
    EXPECT_EQ(attempts["number"], json::array({1, 2}));
    EXPECT_EQ(attempts["end"][1], nullptr);
}

TEST_F(HtmlReportFile, FailureToWriteIsTold) {
    const auto page = folder_.path() / "no" / "folder" / "report.html";
    HtmlReport nowhere(page);
    script_.sinks = {&nowhere};
    script_.start();
    script_.batch(0, 0, {0});
    std::filesystem::create_directories(page / "in its place");
    finish();
    ASSERT_EQ(script_.errors.size(), 1U);
    EXPECT_THAT(script_.errors[0].to_string(), HasSubstr("report.html"));
    EXPECT_FALSE(nowhere.required());
}

class HtmlReportFromJournal : public HtmlReportFile {
  protected:
    std::unique_ptr<Journal> journal_ = *Journal::create(folder_.path());
    std::filesystem::path journal_path_ = folder_.path() / kJournalFile;
    void SetUp() override { script_.sinks = {&report_, journal_.get()}; }
    void play() {
        script_.start();
        script_.discover({"a", "b\xfe", "c"});
        script_.sandbox(0);
        script_.batch(0, 0, {0, 1, 2});
        script_.tick(1);
        script_.test_started(0);
        script_.tick(1);
        script_.attempt({.test = 0, .result = failed("m", "d\xff")});
        script_.decided(0, Status::Failed);
        script_.test_started(1);
        script_.tick(1);
    }
};

TEST_F(HtmlReportFromJournal, IsTheOneThatTheRunHasWritten) {
    play();
    script_.attempt({.test = 1, .result = passed(1)});
    script_.decided(1, Status::Passed);
    script_.batch_finished(0, BatchOutcome::Error, "killed by signal 9");
    finish({Verdict{
        .test = TestIndex(2), .status = Status::NotRun, .attempts = {}, .not_run_reason = "why"}});
    const auto from_run = page();
    const auto written = write_html_report(journal_path_, path_);
    ASSERT_TRUE(written);
    EXPECT_TRUE(written->run_finished);
    EXPECT_EQ(written->tests, 3U);
    EXPECT_EQ(page(), from_run);
}

TEST_F(HtmlReportFromJournal, CarriedResultsAreTheirs) {
    play();
    const Verdict carried{.test = TestIndex(2),
                          .status = Status::Failed,
                          .attempts = {make_attempt({.test = 2, .result = failed("old")})},
                          .carried_from = "r0"};
    script_.tell(TestCarried{carried});
    finish({carried});
    for (const bool again : {false, true}) {
        if (again) {
            ASSERT_TRUE(write_html_report(journal_path_, path_));
        }
        const auto told = data();
        EXPECT_EQ(told["tests"]["carriedRuns"], json::array({"r0"}));
        EXPECT_EQ(told["tests"]["carried"], json::array({-1, -1, 0}));
        EXPECT_EQ(told["attempts"]["test"], json::array({0, 2}));
        EXPECT_EQ(told["attempts"]["message"][1][1], "old");
    }
}

TEST_F(HtmlReportFromJournal, OfAKilledRunTellsWhatHadEndedAndWhatWasRunning) {
    play();
    journal_.reset();
    // Its last line was being written.
    auto text = *read_file(journal_path_);
    text += R"({"event":"test_decided","at":17000)";
    ASSERT_TRUE(write_file_atomically(journal_path_, text));
    const auto written = write_html_report(journal_path_, path_);
    ASSERT_TRUE(written);
    EXPECT_FALSE(written->run_finished);
    const auto told = data();
    EXPECT_EQ(told["run"]["finished"], false);
    EXPECT_EQ(told["tests"]["status"], json::array({3, 6, 6}));
    EXPECT_EQ(told["running"], json::parse("[[1, 0, 2000]]"));
    EXPECT_EQ(told["batches"]["end"], json::array({nullptr}));
    EXPECT_EQ(told["run"]["end"], 2000);
}

TEST_F(HtmlReportFromJournal, WithoutAJournalThereIsAnError) {
    EXPECT_FALSE(write_html_report(folder_.path() / "none.ndjson", path_));
    EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace offload::report
