#include "run_sinks.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "ci_job.hpp"
#include "console.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "offload/framework/kind.hpp"
#include "offload/history/history_file.hpp"
#include "offload/history/last_durations.hpp"
#include "offload/report/batch_logs.hpp"
#include "offload/report/ci.hpp"
#include "offload/report/event_stream.hpp"
#include "offload/report/html_report.hpp"
#include "offload/report/journal.hpp"
#include "offload/report/junit_file.hpp"
#include "offload/report/junit_parts.hpp"
#include "offload/report/progress.hpp"
#include "offload/report/summary.hpp"
#include "offload/report/trace.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTraceFile = "trace.json";

// Nothing for sandboxes that cost nothing.
std::optional<report::CostRates> cost_rates(const config::Config& config) {
    const auto size = config.provider.options->size();
    if (!size) return std::nullopt;
    return report::CostRates{.cores = size->cores,
                             .gib = size->gib,
                             .per_core_hour = config.cost.per_core_hour,
                             .per_gib_hour = config.cost.per_gib_hour};
}

bool stdout_is_stderr() {
    struct stat out{};
    struct stat err{};
    return ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &err) == 0 &&
           out.st_dev == err.st_dev && out.st_ino == err.st_ino && out.st_rdev == err.st_rdev;
}

std::string cleanup_command(const std::string& config) {
    if (config == GlobalOptions{}.config) return "offload cleanup";
    return fmt::format("offload -c {} cleanup", shell::quote(config));
}

report::SummaryOptions summary_options(const config::Config& config, const Options& options,
                                       bool for_ci) {
    const RunOptions& run = options.run;
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    const fs::path folder = config.report.output_dir;
    return {.colour = report::wants_colour(options.global.colour, STDOUT_FILENO),
            .for_terminal = terminal || for_ci,
            .output_dir = folder,
            .junit_file = config.report.junit ? folder / config.report.junit_file : fs::path{},
            .html_file = config.report.html ? folder / report::kHtmlFile : fs::path{},
            .trace_file = run.trace ? folder / kTraceFile : fs::path{},
            .errors_stand_above = stdout_is_stderr(),
            .cleanup_command = cleanup_command(options.global.config),
            .cost = run.show_estimated_cost ? cost_rates(config) : std::nullopt};
}

bool records_history(const config::Config& config, const RunOptions& run) {
    const bool always = config.history.record_history == config::RecordHistory::Always;
    // What a shard recorded would divide the tests otherwise for the next one on this machine.
    const bool shard = !run.selection.shard.empty();
    return config.history.present && ((always && !shard) || run.record_history);
}

// What an earlier run has left stands until this one has something to tell. A report without a
// journal beside it is of no run that is known here (a CI cache has brought it back): nobody may
// take it for this one's. Whether it could be removed shows when the report is written.
void remove_report_of_no_run(const fs::path& folder, const fs::path& junit) {
    std::error_code ignored;
    if (!fs::exists(folder / report::kJournalFile, ignored)) fs::remove(junit, ignored);
}

report::Verbosity verbosity_of(const GlobalOptions& global) {
    if (global.quiet) return report::Verbosity::Quiet;
    if (global.verbose > 1) return report::Verbosity::Everything;
    return global.verbose == 1 ? report::Verbosity::Verbose : report::Verbosity::Usual;
}

std::unique_ptr<Sink> make_progress(const config::Config& config, const Options& options,
                                    const report::CiSystem* system, const TestTable& tests,
                                    const KnownDurations& durations) {
    const bool plain = options.run.ci || options.global.quiet || system != nullptr;
    auto progress = report::progress_on_stderr(plain, options.global.colour);
    progress.verbosity = verbosity_of(options.global);
    progress.ci = system;
    for (const auto& group : config.groups) {
        progress.attempts_per_group.push_back(static_cast<int>(group.retry_count) + 1);
    }
    progress.known_durations = durations;
    progress.rank_lines = framework::line_ranker(config.framework.type);
    return std::make_unique<report::Progress>(std::move(progress), tests);
}

}  // namespace

Result<Sinks> make_sinks(const config::Config& config, const Options& options,
                         const TestTable& tests, const KnownDurations* progress_knows) {
    const auto* system = ci_system(config, options.ci_system);
    const fs::path folder = config.report.output_dir;
    const fs::path junit_path = folder / config.report.junit_file;
    if (config.report.junit) remove_report_of_no_run(folder, junit_path);
    Sinks sinks;
    OFFLOAD_TRY(auto journal, report::Journal::create(folder));
    sinks.push_back(std::move(journal));
    OFFLOAD_TRY(auto logs, report::BatchLogs::create(folder));
    sinks.push_back(std::move(logs));
    if (config.report.junit) {
        const auto attempts = config.report.junit_attempts == config::JunitAttempts::Testcases
                                  ? junit::Attempts::Testcases
                                  : junit::Attempts::Nested;
        OFFLOAD_TRY(auto junit, report::JunitFile::create(junit_path, tests, attempts));
        sinks.push_back(std::move(junit));
        if (config.report.junit_parts) {
            sinks.push_back(std::make_unique<report::JunitParts>(folder, tests, attempts));
        }
    }
    if (config.report.html) {
        sinks.push_back(std::make_unique<report::HtmlReport>(folder / report::kHtmlFile));
    }
    if (!options.run.events.empty()) {
        OFFLOAD_TRY(auto events, report::EventStream::open(options.run.events));
        sinks.push_back(std::move(events));
    }
    if (options.run.trace) {
        sinks.push_back(std::make_unique<report::Trace>(folder / kTraceFile, tests));
    }
    sinks.push_back(std::make_unique<history::DurationsSaver>(folder, tests));
    if (records_history(config, options.run)) {
        sinks.push_back(std::make_unique<history::Recorder>(
            history::Recorder::Options{.path = config.history.path,
                                       .config = config.file.filename().string(),
                                       .capacity = config.history.reservoir_size},
            tests));
    }
    if (progress_knows != nullptr) {
        sinks.push_back(make_progress(config, options, system, tests, *progress_knows));
    }
    if (system != nullptr) {
        sinks.push_back(make_ci_report(config, system, progress_knows == nullptr, tests));
    }
    // Last, so that it can say which report could not be written.
    const auto write = [system, to_stderr = options.run.events ==
                                            "-"](std::string_view summary) -> Result<> {
        const auto text = report::ci::guarded(system, summary);
        if (to_stderr) {
            write_stderr(text);
            return {};
        }
        auto written = write_stdout(text);
        if (!written) print(written.error());
        return written;
    };
    sinks.push_back(std::make_unique<report::SummaryPrinter>(
        summary_options(config, options, system != nullptr), tests, write));
    return sinks;
}

}  // namespace offload::app
