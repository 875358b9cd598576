#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "ci/system.hpp"
#include "ci_commands.hpp"
#include "offload/base/file.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class CiReportTest : public testing::Test {
  protected:
    void SetUp() override {
        auto made = TemporaryFolder::create("ci");
        ASSERT_TRUE(made);
        folder_.emplace(*std::move(made));
        variables["GITHUB_STEP_SUMMARY"] = page_file();
    }
    std::string page_file() const { return (folder_->path() / "summary.md").string(); }
    std::string page() const { return read_file(page_file()).value_or(""); }

    void add(const std::string& id, Status status, std::vector<TestResult> attempts = {},
             const std::string& reason = {}) {
        const auto index = script.table.add(id, GroupIndex(0)).test.index;
        Verdict verdict{.test = index, .status = status, .attempts = {}, .not_run_reason = reason};
        for (auto& result : attempts) {
            verdict.attempts.push_back(
                make_attempt({.test = index.value(),
                              .number = static_cast<int>(verdict.attempts.size()) + 1,
                              .result = std::move(result)}));
        }
        ++count_of(summary.counts, status);
        summary.verdicts.push_back(std::move(verdict));
    }
    void finish(std::string_view system = "github") {
        CiReportOptions options;
        options.system = ci::chosen(system, {});
        options.variables = [this](std::string_view name) { return variables[std::string(name)]; };
        options.working_folder = folder_->path();
        options.told_already = told_already;
        options.write_log = [this](std::string_view text) { log += text; };
        options.warn = [this](const Error& error) { warnings.push_back(error.to_string()); };
        options.run = [this](const auto& argv, std::string_view text) -> Result<> {
            commands.push_back(argv);
            given += text;
            return agent;
        };
        CiReport report(std::move(options), script.table);
        script.sinks = {&report};
        script.sandbox(0);
        script.tell(RunFinished{summary});
        EXPECT_THAT(script.errors, IsEmpty());
    }
    std::vector<RunnerCommand> annotations() const {
        std::vector<RunnerCommand> all;
        for (const auto line : text::lines(log)) {
            const auto command = command_in(line);
            EXPECT_TRUE(command) << line;
            if (command) all.push_back(*command);
        }
        return all;
    }

    RunScript script;
    RunSummary summary;
    std::map<std::string, std::string> variables;
    bool told_already = false;
    Result<> agent;
    std::string log;
    std::vector<std::string> warnings;
    std::vector<std::vector<std::string>> commands;
    std::string given;

  private:
    std::optional<TemporaryFolder> folder_;
};

TEST_F(CiReportTest, FailedTestsAreErrorsAndFlakyOnesWarnings) {
    add("a", Status::Passed, {passed()});
    add("b::x", Status::Failed, {failed("assert 1 == 2", "def test():\n    assert 1 == 2")});
    add("c", Status::Flaky, {failed("late"), passed()});
    add("d", Status::NotRun, {}, "no sandbox");
    finish();
    const auto all = annotations();
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_EQ(all[0].name, "error");
    EXPECT_EQ(all[0].properties.at("title"), "b::x failed");
    EXPECT_EQ(all[0].data, "assert 1 == 2\n\ndef test():\n    assert 1 == 2");
    EXPECT_EQ(all[1].properties.at("title"), "d was not run");
    EXPECT_EQ(all[1].data, "no sandbox");
    EXPECT_EQ(all[2].name, "warning");
    EXPECT_EQ(all[2].properties.at("title"), "c is flaky (passed on attempt 2)");
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(CiReportTest, MoreThanAreShownAreCounted) {
    for (int i = 0; i < 30; ++i) add("t" + std::to_string(i), Status::Failed, {failed()});
    add("all others", Status::Passed, {passed()});
    finish();
    const auto all = annotations();
    ASSERT_THAT(all, SizeIs(10));
    EXPECT_EQ(all[8].properties.at("title"), "t8 failed");
    EXPECT_EQ(all[9].properties.at("title"), "21 more");
}

TEST_F(CiReportTest, WhatShardsHaveToldIsNotToldAgain) {
    add("b", Status::Failed, {failed()});
    add("c", Status::Flaky, {failed(), passed()});
    add("d", Status::NotRun, {}, "shard 2 is missing");
    told_already = true;
    finish();
    ASSERT_THAT(annotations(), SizeIs(1));
    EXPECT_EQ(annotations()[0].data, "shard 2 is missing");
    EXPECT_THAT(page(), HasSubstr("### Failed"));
}

TEST_F(CiReportTest, PageTellsTheRun) {
    add("a", Status::Passed, {passed(1.5)});
    add("b|*<x>", Status::Failed, {failed("1 | 2\nmore"), failed("again")});
    add("c", Status::Flaky, {failed("late"), passed()});
    finish();
    EXPECT_THAT(page(), StartsWith("## ❌ Offload: FAILED&#58; 1 failed, 1 flaky of 3 tests\n"));
    EXPECT_THAT(page(), HasSubstr("\n| 3 | 1 | 1 | 0 | 1 | 0 | 0 |\n"));
    EXPECT_THAT(page(), HasSubstr("\n### Failed\n\n| Test | Why |\n| --- | --- |\n"
                                  "| <code>b&#124;&#42;&#60;x&#62;</code> (2 attempts) | "
                                  "<code>1 &#124; 2</code> |\n"));
    EXPECT_THAT(page(), HasSubstr("| <code>c</code> (passed on attempt 2) | <code>late</code> |"));
    EXPECT_THAT(page(), HasSubstr("| 1.5 s | <code>a</code> |"));
    EXPECT_THAT(page(), HasSubstr("1 in all"));
}

TEST_F(CiReportTest, PageStaysBehindWhatOthersWroteAndWithinTheLimit) {
    std::ofstream(page_file()) << std::string(1'000'000, 'x') << '\n';
    for (int i = 0; i < 5'000; ++i) {
        add(std::string(300, '|') + std::to_string(i), Status::Failed,
            {failed(std::string(300, '*'))});
    }
    finish();
    EXPECT_THAT(page(), HasSubstr("x\n## "));
    EXPECT_LE(page().size(), 1024U * 1024);
    EXPECT_THAT(page(), HasSubstr("\nFailed: 49"));
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(CiReportTest, PageThatCannotBeWrittenIsAWarning) {
    add("a", Status::Passed, {passed()});
    const auto missing = (fs::path(page_file()).parent_path() / "gone/summary.md").string();
    variables["GITHUB_STEP_SUMMARY"] = missing;
    finish();
    EXPECT_THAT(warnings, ElementsAre(testing::AllOf(HasSubstr("$GITHUB_STEP_SUMMARY, " + missing +
                                                               ": the summary of the "
                                                               "job could not be written"),
                                                     HasSubstr("No such file or directory"))));
}

TEST_F(CiReportTest, NobodyReadsThePageAndTheRunGoesOn) {
    add("a", Status::Passed, {passed()});
    ASSERT_EQ(::mkfifo(page_file().c_str(), 0600), 0);
    finish();
    EXPECT_THAT(warnings, SizeIs(1));
}

TEST_F(CiReportTest, FullPageIsAWarning) {
    add("a", Status::Passed, {passed()});
    std::ofstream(page_file()) << std::string(1024 * 1024, 'x');
    finish();
    EXPECT_THAT(warnings, ElementsAre(HasSubstr("no room")));
    EXPECT_EQ(page().size(), 1024U * 1024);
}

TEST_F(CiReportTest, WrongDetectionIsTold) {
    add("a", Status::Passed, {passed()});
    variables.clear();
    finish();
    EXPECT_THAT(warnings, ElementsAre(testing::AllOf(HasSubstr("$GITHUB_STEP_SUMMARY is not"),
                                                     HasSubstr("--ci-system off"))));
}

TEST_F(CiReportTest, BuildkitesAgentIsGivenThePage) {
    add("a", Status::Failed, {failed()});
    finish("buildkite");
    ASSERT_THAT(commands, SizeIs(1));
    EXPECT_THAT(commands[0], testing::Contains("error"));
    EXPECT_THAT(given, StartsWith("## ❌"));
    EXPECT_EQ(log, "+++ Summary\n");
    EXPECT_THAT(page(), IsEmpty());
}

TEST_F(CiReportTest, AnAgentThatFailsIsAWarning) {
    add("a", Status::Passed, {passed()});
    agent = fail("exit status 1");
    finish("buildkite");
    EXPECT_THAT(warnings, ElementsAre(HasSubstr("exit status 1")));
}

TEST_F(CiReportTest, GitLabHasItsReportFromTheJob) {
    add("a", Status::Failed, {failed()});
    finish("gitlab");
    EXPECT_THAT(log, IsEmpty());
    EXPECT_THAT(commands, IsEmpty());
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_THAT(page(), IsEmpty());
}

}  // namespace
}  // namespace offload::report
