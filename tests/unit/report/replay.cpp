// Plays a run through the progress display and the summary, in real time or faster.
//
//     report_replay [--plain] [--verbose] [--speed X] (JOURNAL | --invent TESTS)
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "offload/report/journal_reader.hpp"
#include "offload/report/progress.hpp"
#include "offload/report/summary.hpp"
#include "run_script.hpp"

namespace {

using namespace offload;
using namespace offload::report;

struct Arguments {
    bool plain = false;
    bool verbose = false;
    double speed = 1;
    std::size_t invent = 0;
    std::string journal;
};

class Player {
  public:
    explicit Player(const Arguments& arguments) : speed_(arguments.speed) {
        auto look = progress_on_stderr(arguments.plain);
        if (arguments.verbose) look.verbosity = Verbosity::Verbose;
        look.attempts_per_group = {3, 3};
        look.heartbeat = Seconds(5);
        SummaryOptions last;
        last.colour = look.colour;
        last.for_terminal = true;
        last.output_dir = "test-results";
        last.junit_file = "test-results/junit.xml";
        progress_.emplace(std::move(look), script.table);
        summary_.emplace(last, script.table, [](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stdout);
            return Result<>{};
        });
        script.sinks = {&*progress_, &*summary_};
    }

    void wait_until(Seconds moment) {
        while (script.now < moment) {
            const Seconds step = std::min(Seconds(0.1 * speed_), moment - script.now);
            std::this_thread::sleep_for(step / speed_);
            script.tick(step.count());
        }
    }

    RunScript script;

  private:
    double speed_;
    std::optional<Progress> progress_;
    std::optional<SummaryPrinter> summary_;
};

int play_journal(const Arguments& arguments) {
    Player player(arguments);
    const ReadOptions options{.kinds = EventKinds::all(), .attempts = VerdictAttempts::Restored};
    const auto end = read_journal(arguments.journal, options, [&](Event&& event, LinePlace) {
        player.wait_until(event.since_start);
        player.script.tell(std::move(event.body));
    });
    if (end) return 0;
    fmt::print(stderr, "{}\n", end.error().to_string());
    return 1;
}

TestResult invented_failure(std::mt19937& random) {
    std::string details =
        "def test_it():\n    x = compute()\n>   assert x == 2\nE   assert 1 == 2\n";
    TestResult result = failed("assert 1 == 2", details);
    if (random() % 3 == 0) {
        for (int i = 0; i < 30; ++i) result.system_out += fmt::format("working on item {}\n", i);
        result.system_err = "\x1b[31mred\x1b[0m and a bell \a and a \x1b[2J wipe\n";
    }
    if (random() % 5 == 0) {
        result.outcome = Outcome::Errored;
        result.type = "crash";
        result.message = "killed by signal 11 (segmentation fault)";
        result.details.clear();
    }
    return result;
}

int play_invented(const Arguments& arguments) {
    Player player(arguments);
    RunScript& run = player.script;
    std::mt19937 random(7);
    run.start({"unit", "slow"});
    run.tell(
        DiscoveryStarted{.group = GroupIndex(0), .command = "python -m pytest --collect-only -q"});
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < arguments.invent; ++i) {
        ids.push_back(
            fmt::format("tests/area_{}/test_module_with_a_long_name_{}.py::TestClass::"
                        "test_case_{}[größe-日本語-{}]",
                        i % 7, i % 40, i, i));
    }
    player.wait_until(Seconds(1));
    run.discover(ids);
    constexpr std::size_t kSandboxes = 6;
    RunSummary summary;
    summary.slots = kSandboxes;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        summary.verdicts.push_back(
            {.test = TestIndex(i), .status = Status::NotRun, .attempts = {}});
    }
    std::vector<Seconds> free_at;
    for (std::size_t s = 0; s < kSandboxes; ++s) {
        player.wait_until(Seconds(1.2 + 0.3 * static_cast<double>(s)));
        run.sandbox(s);
        run.batch(s, s, {});
        free_at.push_back(run.now);
    }
    std::vector<std::optional<std::pair<std::size_t, Seconds>>> doing(kSandboxes);
    std::size_t next = 0;
    std::size_t done = 0;
    while (done < ids.size()) {
        for (std::size_t s = 0; s < kSandboxes; ++s) {
            if (doing[s] && run.now >= free_at[s]) {
                const auto [test, since] = *doing[s];
                auto attempt = make_attempt({.test = test,
                                             .number = 1,
                                             .batch = s,
                                             .sandbox = s,
                                             .result = passed((run.now - since).count())});
                const auto dice = random() % 100;
                Status status = dice < 6   ? Status::Failed
                                : dice < 9 ? Status::Skipped
                                           : Status::Passed;
                if (status == Status::Failed) attempt.result = invented_failure(random);
                if (status == Status::Skipped) attempt.result.outcome = Outcome::Skipped;
                const bool retry = status == Status::Failed && random() % 2 == 0;
                run.tell(AttemptFinished{.attempt = attempt, .will_retry = retry});
                auto& verdict = summary.verdicts[test];
                verdict.attempts.push_back(attempt);
                if (retry) {
                    attempt.number = 2;
                    attempt.result = passed(0.1);
                    run.tell(AttemptFinished{.attempt = attempt, .will_retry = false});
                    verdict.attempts.push_back(attempt);
                    status = Status::Flaky;
                }
                verdict.status = status;
                run.decided(test, status);
                summary.work += run.now - since;
                summary.longest = std::max(summary.longest, run.now - since);
                doing[s].reset();
                ++done;
                if (done == ids.size() / 2) {
                    run.notice(Severity::Warning, "junit.xml of the last run has no durations");
                }
            }
            if (!doing[s] && next < ids.size()) {
                run.tell(TestStarted{.test = TestIndex(next),
                                     .attempt = 1,
                                     .batch = BatchNumber(s),
                                     .sandbox = SandboxNumber(s)});
                const double length = next < 4 ? 9.0 : static_cast<double>(random() % 100) / 60.0;
                free_at[s] = run.now + Seconds(length);
                doing[s] = {next++, run.now};
            }
        }
        player.wait_until(run.now + Seconds(0.05));
    }
    for (const auto& verdict : summary.verdicts) {
        switch (verdict.status) {
            case Status::Passed:
                ++summary.counts.passed;
                break;
            case Status::Flaky:
                ++summary.counts.flaky;
                break;
            case Status::Skipped:
                ++summary.counts.skipped;
                break;
            case Status::Failed:
                ++summary.counts.failed;
                break;
            case Status::Errored:
                ++summary.counts.errored;
                break;
            case Status::NotRun:
                ++summary.counts.not_run;
                break;
        }
    }
    summary.wall = run.now;
    summary.exit_status = 1;
    summary.hedges = 2;
    run.tell(RunFinished{.summary = summary});
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] { return std::string(i + 1 < argc ? argv[++i] : "0"); };
        if (word == "--plain") {
            arguments.plain = true;
        } else if (word == "--verbose") {
            arguments.verbose = true;
        } else if (word == "--speed") {
            arguments.speed = std::max(0.01, std::stod(value()));
        } else if (word == "--invent") {
            arguments.invent = std::stoul(value());
        } else {
            arguments.journal = word;
        }
    }
    return arguments.journal.empty() ? play_invented(arguments) : play_journal(arguments);
}
