#include "offload/report/logs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "offload/base/file.hpp"
#include "offload/report/batch_logs.hpp"
#include "offload/report/journal.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

using testing::HasSubstr;
using testing::Not;

class LogsTest : public testing::Test {
  protected:
    void SetUp() override { options.output_dir = folder.path(); }

    void whole_run() {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.start();
        run.discover({"t::pass", "t::fail", "t::flaky", "t::crash", "t::lost", "t::skip"});
        auto with_output = passed();
        with_output.system_out = "said so";
        run.attempt({.test = 0, .result = with_output});
        run.decided(0, Status::Passed);
        run.attempt({.test = 1, .number = 1, .result = failed("one")}, true);
        run.attempt({.test = 1, .number = 2, .result = failed("two")});
        run.decided(1, Status::Failed);
        run.attempt({.test = 2, .number = 1, .result = failed("once")}, true);
        run.attempt({.test = 2, .number = 2, .result = passed()});
        run.decided(2, Status::Flaky);
        run.attempt(
            {.test = 3,
             .result = {
                 .outcome = Outcome::Errored, .type = "crash", .message = "killed by signal 11"}});
        run.decided(3, Status::Errored);
        run.decided(4, Status::NotRun);
        run.attempt({.test = 5, .result = {.outcome = Outcome::Skipped, .message = "why not"}});
        run.decided(5, Status::Skipped);
        RunSummary summary;
        summary.verdicts = {{.test = TestIndex(4),
                             .status = Status::NotRun,
                             .attempts = {},
                             .not_run_reason = "no sandbox"}};
        run.tell(RunFinished{.summary = summary});
    }
    std::string logs() {
        std::string out;
        const auto result = show_logs(options, [&](std::string_view text) { out += text; });
        if (!result) return "error: " + result.error().to_string();
        shown = *result;
        return out;
    }
    std::vector<std::string> banners() {
        std::vector<std::string> found;
        std::istringstream lines(logs());
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("=== ")) found.push_back(line);
        }
        return found;
    }
    using Banners = std::vector<std::string>;
    TemporaryFolder folder = TemporaryFolder::create("report").value();
    LogsOptions options;
    LogsShown shown;
};

TEST_F(LogsTest, ShowsEachTestUnderItsBanner) {
    whole_run();
    EXPECT_EQ(banners(), (Banners{"=== t::pass [PASSED] ===", "=== t::fail [FAILED] ===",
                                  "=== t::flaky [FLAKY] ===", "=== t::crash [ERRORED] ===",
                                  "=== t::lost [NOT RUN] ===", "=== t::skip [SKIPPED] ==="}));
    EXPECT_EQ(shown.shown, 6U);
    EXPECT_TRUE(shown.run_finished);
    const auto text = logs();
    EXPECT_THAT(text, HasSubstr("=== t::pass [PASSED] ===\n--- stdout ---\nsaid so\n\n"));
    EXPECT_THAT(text, HasSubstr("=== t::lost [NOT RUN] ===\nno sandbox\n"));
    EXPECT_THAT(text, HasSubstr("why not"));
}

TEST_F(LogsTest, ShowsEveryAttempt) {
    whole_run();
    options.tests = {"t::fail"};
    EXPECT_EQ(logs(),
              "=== t::fail [FAILED] ===\n"
              "--- attempt 1: failed after 0.1 s (sandbox 0, batch 0) ---\none\n"
              "--- attempt 2: failed after 0.1 s (sandbox 0, batch 0) ---\ntwo\n\n");
}

TEST_F(LogsTest, FiltersByOutcome) {
    whole_run();
    options.failures = true;
    EXPECT_EQ(banners(), (Banners{"=== t::fail [FAILED] ==="}));
    options.failures = false;
    options.errors = true;
    EXPECT_EQ(banners(), (Banners{"=== t::crash [ERRORED] ===", "=== t::lost [NOT RUN] ==="}));
}

TEST_F(LogsTest, FiltersAreAndedAndTestsAreAlternatives) {
    whole_run();
    options.tests = {"t::pass", "t::fail"};
    EXPECT_EQ(banners(), (Banners{"=== t::pass [PASSED] ===", "=== t::fail [FAILED] ==="}));
    options.test_regex = "f.*l$";
    EXPECT_EQ(banners(), (Banners{"=== t::fail [FAILED] ==="}));
    options.errors = true;
    EXPECT_EQ(banners(), Banners{});
    EXPECT_EQ(shown.shown, 0U);
}

TEST_F(LogsTest, MistakesGetAnAnswer) {
    EXPECT_THAT(logs(), HasSubstr("offload run"));
    whole_run();
    options.tests = {"t::fial"};
    EXPECT_THAT(logs(), HasSubstr("did you mean \"t::fail\"?"));
    options.tests = {"cra"};
    EXPECT_THAT(logs(), HasSubstr("did you mean \"t::crash\"?"));
    options.tests.clear();
    options.test_regex = "(";
    EXPECT_THAT(logs(), HasSubstr("--test-regex \"(\" does not parse"));
}

TEST_F(LogsTest, RunThatWasKilledShowsWhatItHad) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.start();
        run.discover({"a", "b", "c"});
        run.test_started(0);
        run.attempt({.test = 0, .result = failed("bad")});
        run.decided(0, Status::Failed);
        run.test_started(1);
    }
    std::ofstream(folder.path() / kJournalFile, std::ios::app) << R"({"event":"attempt_fin)";
    EXPECT_EQ(banners(),
              (Banners{"=== a [FAILED] ===", "=== b [RUNNING] ===", "=== c [NOT DECIDED] ==="}));
    EXPECT_FALSE(shown.run_finished);
}

TEST_F(LogsTest, AttemptsThatOnlyTheEndTellsOfAreShown) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.discover({"broken.py"});
        RunSummary summary;
        summary.verdicts = {{.test = TestIndex(0),
                             .status = Status::Errored,
                             .attempts = {make_attempt({.result = {.outcome = Outcome::Errored,
                                                                   .message = "ImportError"}})}}};
        run.tell(RunFinished{.summary = summary});
    }
    EXPECT_EQ(logs(), "=== broken.py [ERRORED] ===\nImportError\n\n");
}

TEST_F(LogsTest, BatchesWithoutResultsPerTestShowTheirLogOnce) {
    {
        auto journal = Journal::create(folder.path()).value();
        auto batch_logs = BatchLogs::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get(), batch_logs.get()};
        RunStarted started;
        started.verdict_source = VerdictSource::PerBatch;
        run.tell(started);
        run.discover({"a", "b"});
        run.batch(0, 0, {0, 1});
        run.output(0, Stream::Out, "what it said\n");
        for (std::size_t i = 0; i < 2; ++i) run.attempt({.test = i, .result = failed("exit 1")});
        for (std::size_t i = 0; i < 2; ++i) run.decided(i, Status::Failed);
        run.batch_finished(0, BatchOutcome::Failure);
    }
    EXPECT_EQ(logs(),
              "=== a [FAILED] ===\nexit 1\n--- output of batch 0 ---\nwhat it said\n\n"
              "=== b [FAILED] ===\nexit 1\n(output of batch 0: above)\n\n");
}

TEST_F(LogsTest, TerminalGetsNoControlCharacters) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.discover({"t\x1b[2J"});
        run.attempt({.result = failed("\a")});
    }
    EXPECT_THAT(logs(), HasSubstr("\a"));
    options.for_terminal = true;
    EXPECT_EQ(logs().find_first_of("\x1b\a"), std::string::npos);
}

}  // namespace
}  // namespace offload::report
