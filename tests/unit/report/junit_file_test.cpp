#include "offload/report/junit_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "offload/base/file.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

class JunitFileTest : public testing::Test {
  protected:
    TemporaryFolder folder = TemporaryFolder::create("report").value();
    std::filesystem::path path = folder.path() / "deep" / "junit.xml";
    RunScript run;
};

TEST_F(JunitFileTest, IsWrittenWhenTheRunIsFinished) {
    auto sink = JunitFile::create(path, run.table).value();
    EXPECT_TRUE(sink->required());
    run.sinks = {sink.get()};
    run.start();
    run.discover({"t::a"});
    EXPECT_FALSE(std::filesystem::exists(path));
    RunSummary summary;
    summary.verdicts = {{.test = TestIndex(0),
                         .status = Status::Passed,
                         .attempts = {make_attempt({.result = passed()})}}};
    run.tell(RunFinished{.summary = summary});
    EXPECT_THAT(read_file(path).value(), testing::HasSubstr("name=\"t::a\""));
}

TEST_F(JunitFileTest, IsWrittenWhereItsFolderWasRemovedMeanwhile) {
    auto sink = JunitFile::create(path, run.table).value();
    run.sinks = {sink.get()};
    run.start();
    run.discover({"t::a"});
    run.batch(0, 0, {0});
    std::filesystem::remove_all(path.parent_path());
    run.tell(RunFinished{});
    EXPECT_TRUE(run.errors.empty());
    EXPECT_TRUE(std::filesystem::exists(path));
}

// TRAPS 4
TEST_F(JunitFileTest, EarlierRunsReportDoesNotStandUnderTheName) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "<testsuites/>";
    auto sink = JunitFile::create(path, run.table).value();
    run.sinks = {sink.get()};
    run.start();
    run.discover({"t::a"});
    EXPECT_TRUE(std::filesystem::exists(path));
    run.batch(0, 0, {0});
    EXPECT_FALSE(std::filesystem::exists(path));
}

// TRAPS 61
TEST_F(JunitFileTest, RunWithNothingToTellLeavesTheEarlierReport) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "<testsuites/>";
    auto sink = JunitFile::create(path, run.table).value();
    run.sinks = {sink.get()};
    run.start();
    run.discover({"t::a"});
    RunSummary summary;
    summary.verdicts = {{.test = TestIndex(0), .attempts = {}}};
    summary.interrupted_by = 2;
    run.tell(RunFinished{.summary = summary});
    EXPECT_EQ(read_file(path).value(), "<testsuites/>");
}

TEST_F(JunitFileTest, FailureNamesThePathAndTheReason) {
    auto sink = JunitFile::create(path, run.table).value();
    std::filesystem::remove_all(path.parent_path());
    std::ofstream(path.parent_path()) << "a file in the way";
    run.sinks = {sink.get()};
    run.start();
    run.discover({"t::a"});
    run.tell(RunFinished{});
    ASSERT_EQ(run.errors.size(), 1U);
    EXPECT_THAT(run.errors[0].to_string(), testing::HasSubstr(path.string()));
    EXPECT_THAT(run.errors[0].to_string(), testing::HasSubstr("Not a directory"));
}

}  // namespace
}  // namespace offload::report
