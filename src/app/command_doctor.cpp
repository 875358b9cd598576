// offload doctor: are the tests safe to run in parallel?
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "collect.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "examination.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/config/init.hpp"
#include "offload/config/load.hpp"
#include "offload/engine/run.hpp"
#include "offload/framework/kind.hpp"
#include "offload/process/child.hpp"
#include "offload/report/batch_logs.hpp"
#include "offload/report/journal.hpp"
#include "signals.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFooter = R"(
Runs all tests plain, one after the other, twice; in halves that take turns by one
test ("apart") and by two; side by side in batches; and side by side in workers. What does not end the same everywhere is run in small
parts until the reason is known, and told in one table on stdout. Without a config file, the one that
`offload init` would write is taken. -v shows the tests that agree as well.

The logs of these runs are in doctor/ of the config's output_dir: `offload report` reads a journal of
theirs. Reports of other runs are left alone, and nothing is retried.

Examples:
  offload doctor
  offload doctor ../shop --parallel 8

Exit status: 0 all tests end the same in all runs, also those that fail; 1 some do not, or a run could
not be carried out.
)";

// What a run tells, kept.
class Listener final : public Sink {
  public:
    Listener(const TestTable& tests, Observation& heard, bool aloud)
        : tests_(tests), heard_(heard), aloud_(aloud) {}
    std::string_view name() const override { return "doctor"; }
    bool required() const override { return true; }

    Result<> consume(const Event& event) override {
        if (const auto* planned = std::get_if<RunPlanned>(&event.body)) {
            selected_ = {planned->tests.begin(), planned->tests.end()};
        } else if (const auto* attempt = std::get_if<AttemptFinished>(&event.body)) {
            const auto batch = attempt->attempt.batch.value();
            processes_[batch].push_back(tests_[attempt->attempt.test].id);
        } else if (const auto* notice = std::get_if<Notice>(&event.body)) {
            const auto severity = notice->severity;
            const bool serious = severity == Severity::Warning || severity == Severity::Error;
            if (aloud_ && serious) print_warning(notice->text);
        } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
            conclude(finished->summary);
        }
        return {};
    }

  private:
    void conclude(const RunSummary& summary) {
        heard_.failure = summary.failure;
        if (summary.interrupted_by) heard_.failure = "it was interrupted";
        auto& itself = heard_.tests[std::string(kRunnerItself)];
        itself.status = Status::Passed;
        for (const auto& verdict : summary.verdicts) {
            const auto& test = tests_[verdict.test];
            if (!selected_.empty() && test.kind == TestKind::Test &&
                !selected_.contains(verdict.test)) {
                continue;
            }
            Seen seen{verdict.status, verdict.not_run_reason, test.bond};
            if (!verdict.attempts.empty()) {
                const auto& result = verdict.attempts.back().result;
                const bool named = result.message.starts_with(result.type);
                seen.said =
                    named ? result.message : fmt::format("{}: {}", result.type, result.message);
            }
            if (test.kind == TestKind::RunnerFailure) {
                itself = std::move(seen);
                continue;
            }
            heard_.tests.emplace(test.id, std::move(seen));
            if (test.kind == TestKind::Test) heard_.order.push_back(test.id);
        }
        if (!heard_.failure && !heard_.order.empty() &&
            summary.counts.not_run == summary.counts.total()) {
            heard_.failure =
                fmt::format("no test was run: {}", heard_.tests.at(heard_.order.front()).said);
        }
        for (auto& [batch, ids] : processes_) heard_.processes.push_back(std::move(ids));
    }

    const TestTable& tests_;
    Observation& heard_;
    bool aloud_;
    std::set<TestIndex> selected_;  // empty: all
    std::map<std::size_t, std::vector<std::string>> processes_;
};

// The folder of a trial's logs; also what people are told that is going on.
std::string_view name_of(const Trial& trial) {
    if (!trial.only.empty()) return "parts";
    switch (trial.way) {
        case Way::Batches:
            return "batches";
        case Way::Workers:
            return "workers";
        case Way::Plain:
        case Way::Alone:
            break;
    }
    return "plain";
}

config::Config adapted(config::Config config, const Trial& trial) {
    const bool side_by_side = trial.way == Way::Batches || trial.way == Way::Workers;
    if (!side_by_side) {
        config.offload.max_parallel = 1;
        config.framework = framework::plain(std::move(config.framework));
    }
    config.offload.impatiently_requeue_batches = false;
    config.framework.worker =
        trial.way == Way::Workers ? config::WorkerMode::Auto : config::WorkerMode::Off;
    for (auto& group : config.groups) {
        group.retry_count = 0;
        if (!side_by_side) group.schedule_individual = trial.way == Way::Alone;
    }
    config.report.output_dir =
        (fs::path(config.report.output_dir) / "doctor" / name_of(trial)).string();
    config.report.download_globs.clear();
    config.history = {};
    return config;
}

class Ward {
  public:
    Ward(const config::Config& config, const Options& options)
        : config_(config),
          options_(options),
          watch_([this](int signal) { interrupter_.interrupt(signal); }) {}

    std::optional<int> signal() const { return watch_.received(); }

    Observation observe(const Trial& trial) {
        if (watch_.received()) return {.failure = "it was interrupted"};
        tell(trial);
        const auto config = adapted(config_, trial);
        TestTable tests;
        Observation heard;
        std::vector<std::unique_ptr<Sink>> sinks;
        const fs::path folder = config.report.output_dir;
        auto journal = report::Journal::create(folder);
        if (!journal) return {.failure = journal.error().message};
        sinks.push_back(*std::move(journal));
        auto logs = report::BatchLogs::create(folder);
        if (!logs) return {.failure = logs.error().message};
        sinks.push_back(*std::move(logs));
        sinks.push_back(std::make_unique<Listener>(tests, heard, !std::exchange(spoke_, true)));
        engine::run({.config = config,
                     .working_folder = config::working_folder(config, fs::current_path()).string(),
                     .run_id = make_run_id(),
                     .version = std::string(version()),
                     .only_groups = options_.doctor.groups,
                     .known_durations = {},
                     .started = steady_now(),
                     .selection = {.what = trial.only},
                     .repetition = {.times = trial.times}},
                    tests, sinks, interrupter_);
        return heard;
    }

  private:
    void tell(const Trial& trial) const {
        write_stderr(trial.only.empty()
                         ? fmt::format("offload doctor: all tests, {}\n", name_of(trial))
                         : fmt::format("offload doctor: in parts, {}\n",
                                       text::count(trial.only.size(), "test")));
    }

    const config::Config& config_;
    const Options& options_;
    engine::Interrupter interrupter_;
    SignalWatch watch_;
    bool spoke_ = false;  // the same warnings come again in each run
};

// The file's, or where there is none, what `offload init` would write.
config::Loaded config_of(const Options& options) {
    const config::Overrides overrides{.max_parallel = options.doctor.parallel,
                                      .groups = options.doctor.groups};
    std::error_code ignored;
    if (fs::exists(options.global.config, ignored)) return load_config(options.global, overrides);
    const auto folder = fs::current_path();
    const auto& framework = config::detect_framework(kinds(), folder);
    const auto text = config::init_template(*kinds().provider("local"), framework,
                                            framework.names.front(), folder);
    return config::parse(text, options.global.config, kinds(), overrides,
                         config::process_environment());
}

}  // namespace

CLI::App* declare_doctor(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand(
        "doctor", "Find out which tests are not safe to run in parallel, and why");
    auto& doctor = options.doctor;
    command->add_option("FOLDER", doctor.folder, "The project's (the current one)");
    command
        ->add_option("-p,--parallel", doctor.parallel,
                     "How many run side by side (max_parallel, and at least 2)")
        ->type_name("N")
        ->check(CLI::Range(2, 1'000'000));
    one_each(command->add_option("--group", doctor.groups, "Only this group; may be repeated"))
        ->type_name("GROUP");
    command->footer(std::string(kFooter));
    return command;
}

int execute_doctor(const Options& options) {
    std::error_code error;
    fs::current_path(options.doctor.folder, error);
    if (error) {
        print(Error{
            .message = fmt::format("cannot enter {}: {}", options.doctor.folder, error.message()),
            .hint = "expected the folder of a project"});
        return kFailure;
    }
    auto loaded = config_of(options);
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    const auto unbuilt = config::unbuilt_features(loaded);
    print(unbuilt);
    if (config::has_errors(unbuilt)) return kFailure;
    auto& config = *loaded.config;
    config.offload.max_parallel = std::max<std::size_t>(config.offload.max_parallel, 2);

    process::prepare_this_process();
    Ward ward(config, options);
    const auto examination = examine([&](const Trial& trial) { return ward.observe(trial); });
    if (const auto signal = ward.signal()) return exit_status_of_signal(*signal);
    if (examination.failure) {
        print(Error{.message = fmt::format("the tests could not be run ({}): {}",
                                           examination.columns.back(), *examination.failure),
                    .hint = "see that `offload run` works first"});
        return kFailure;
    }
    if (auto written = write_stdout(render(examination, options.global.verbose > 0)); !written) {
        print(written.error());
        return kFailure;
    }
    return examination.agrees() ? kSuccess : kFailure;
}

}  // namespace offload::app
