#include "past.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "../report/run_script.hpp"
#include "offload/base/file.hpp"
#include "offload/report/journal.hpp"

namespace offload::app {
namespace {

using report::RunScript;

class PastTest : public testing::Test {
  protected:
    // A run under way, with its own journal.
    struct Running {
        std::unique_ptr<report::Journal> journal;
        RunScript script;
    };
    Running begin(const std::string& id, const std::string& config = "offload.toml") {
        Running run{report::Journal::create(folder_.path()).value(), {}};
        run.script.sinks = {run.journal.get()};
        run.script.now = Seconds(static_cast<double>(++clock_));
        RunStarted started;
        started.run_id = id;
        started.config_file = config;
        started.groups = {"unit"};
        run.script.tell(started);
        return run;
    }
    static void discover(Running& run, const std::vector<std::string>& ids) {
        for (const auto& id : ids) {
            run.script.tell(TestDiscovered{TestIndex(run.script.table.size()), id, GroupIndex(0),
                                           "f.py", TestKind::Test});
        }
    }
    static void plan(Running& run, const std::vector<std::size_t>& selected) {
        RunPlanned planned{.selected = selected.size()};
        if (selected.size() < run.script.table.size()) {
            for (const auto test : selected) planned.tests.emplace_back(test);
        }
        run.script.tell(planned);
        if (!selected.empty()) run.script.batch(0, 0, selected);
    }
    static void result(Running& run, std::size_t test, bool passes) {
        run.script.attempt({.test = test, .result = passes ? report::passed() : report::failed()});
        run.script.decided(test, passes ? Status::Passed : Status::Failed);
    }
    static void finish(Running& run, BatchOutcome outcome = BatchOutcome::Success,
                       std::optional<std::string> failure = {}) {
        run.script.batch_finished(0, outcome);
        RunSummary summary;
        summary.failure = std::move(failure);
        run.script.tell(RunFinished{summary});
    }
    void whole_run(const std::string& id, const std::vector<bool>& passes,
                   const std::string& config = "offload.toml") {
        auto run = begin(id, config);
        std::vector<std::string> ids;
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < passes.size(); ++i) {
            ids.push_back("t" + std::to_string(i));
            all.push_back(i);
        }
        discover(run, ids);
        plan(run, all);
        for (std::size_t i = 0; i < passes.size(); ++i) result(run, i, passes[i]);
        finish(run);
    }
    std::map<std::string, std::pair<Status, std::string>> past() {
        past_ = read_past(folder_.path(), "offload.toml");
        std::map<std::string, std::pair<Status, std::string>> found;
        for (const auto& [id, known] : past_.results) found[id] = {known.status, known.run_id};
        return found;
    }
    using Found = std::map<std::string, std::pair<Status, std::string>>;
    TemporaryFolder folder_ = TemporaryFolder::create("past").value();
    select::Past past_;

  private:
    int clock_ = 0;
};

TEST_F(PastTest, LastRunTellsOfAllItsTests) {
    EXPECT_EQ(past(), Found{});
    whole_run("1", {false, false});
    whole_run("2", {true, false});
    EXPECT_EQ(past(), (Found{{"t0", {Status::Passed, "2"}}, {"t1", {Status::Failed, "2"}}}));
    EXPECT_EQ(past_.results.at("t1").group, "unit");
    EXPECT_EQ(past_.results.at("t1").file, "f.py");
    EXPECT_EQ(past_.results.at("t1").attempts.at(0).result.message, "assert 1 == 2");
}

TEST_F(PastTest, RunOfAPartCountsForItsTestsAlone) {
    whole_run("1", {false, false});
    {
        auto run = begin("2");
        discover(run, {"t0", "t1"});
        plan(run, {1});
        result(run, 1, true);
        finish(run);
    }
    EXPECT_EQ(past(), (Found{{"t0", {Status::Failed, "1"}}, {"t1", {Status::Passed, "2"}}}));
}

TEST_F(PastTest, WhatAKilledRunHadNotFinishedWasNotRun) {
    whole_run("1", {true, true, true});
    {
        auto run = begin("2");
        discover(run, {"t0", "t1", "t2"});
        plan(run, {0, 1, 2});
        result(run, 0, true);
        run.script.attempt({.test = 1, .result = report::failed()}, true);
    }
    EXPECT_EQ(past(), (Found{{"t0", {Status::Passed, "2"}},
                             {"t1", {Status::Failed, "2"}},
                             {"t2", {Status::NotRun, "2"}}}));
}

TEST_F(PastTest, CarriedResultsAreThoseOfTheirRunAlsoWhereTheRunIsKilled) {
    whole_run("1", {true, false});
    {
        auto run = begin("2");
        discover(run, {"t0", "t1", "t2"});
        Verdict carried{.test = TestIndex(0),
                        .status = Status::Passed,
                        .attempts = {report::make_attempt({.result = report::passed()})},
                        .carried_from = "1"};
        run.script.tell(TestCarried{carried});
        run.script.tell(TestCarried{{.test = TestIndex(2), .attempts = {}, .carried_from = ""}});
        plan(run, {1});
    }
    EXPECT_EQ(past(), (Found{{"t0", {Status::Passed, "1"}}, {"t1", {Status::NotRun, "2"}}}));
    EXPECT_EQ(past_.results.at("t0").attempts.size(), 1U);
}

TEST_F(PastTest, RunsOfOtherConfigsAndRefusedOnesDoNotCount) {
    whole_run("1", {true});
    whole_run("2", {false}, "other.toml");
    EXPECT_EQ(past(), (Found{{"t0", {Status::Passed, "1"}}}));
    {
        auto run = begin("3");
        discover(run, {"t0"});
        run.script.tell(RunPlanned{.selected = 1, .refused = true});
    }
    EXPECT_EQ(past(), (Found{{"t0", {Status::Passed, "1"}}}));
}

TEST_F(PastTest, WhereTheRunnerFailedItsTestsAreInDoubt) {
    auto run = begin("1");
    discover(run, {"t0", "t1"});
    plan(run, {0, 1});
    result(run, 0, true);
    run.script.attempt({.test = 1, .batch = 1, .result = report::passed()});
    run.script.tell(TestDiscovered{TestIndex(2), "batch 0: exit 3", GroupIndex(0), "",
                                   TestKind::RunnerFailure});
    finish(run, BatchOutcome::Failure, "the runner failed");
    EXPECT_EQ(past().size(), 2U);
    EXPECT_TRUE(past_.results.at("t0").in_doubt);
    EXPECT_FALSE(past_.results.at("t1").in_doubt);
    EXPECT_EQ(past_.unexplained_failure, "");
}

TEST_F(PastTest, WhatABatchHadToDoWhenItDiedIsInDoubt) {
    auto run = begin("1");
    discover(run, {"t0"});
    plan(run, {0});
    run.script.tell(BatchStarted{BatchNumber(0), SandboxNumber(0), {TestIndex(0)}, false});
    run.script.attempt({.test = 0, .batch = 1, .result = report::passed()});
    run.script.tell(TestDiscovered{TestIndex(1), "batch 0: exit 139", GroupIndex(0), "",
                                   TestKind::RunnerFailure});
    finish(run, BatchOutcome::Error, "");
    past();
    EXPECT_TRUE(past_.results.at("t0").in_doubt);
}

TEST_F(PastTest, FailureThatNoTestStandsForIsTold) {
    auto run = begin("1");
    discover(run, {"t0"});
    plan(run, {0});
    result(run, 0, true);
    finish(run, BatchOutcome::Success, "coverage is low");
    past();
    EXPECT_EQ(past_.unexplained_failure, "coverage is low");
}

}  // namespace
}  // namespace offload::app
