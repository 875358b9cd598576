// offload run: discover, run, report.
#include <fmt/format.h>

#include <filesystem>

#include "ci_job.hpp"
#include "collect.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "durations.hpp"
#include "exit_status.hpp"
#include "exit_wishes.hpp"
#include "kinds.hpp"
#include "offload/base/file.hpp"
#include "offload/config/load.hpp"
#include "offload/engine/run.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/images.hpp"
#include "revision.hpp"
#include "run_sinks.hpp"
#include "selection.hpp"
#include "signals.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFooter = R"(
Progress and problems go to stderr, the summary to stdout; reports go to the config's output_dir:
junit.xml with the final result of each test, report.html to look at, logs/ with the output of each
batch.

Examples:
  offload run
  offload run --parallel 50 --fail-fast
  offload run --group unit --env LOG_LEVEL=debug
  offload run tests/test_shop.py 'tests/test_cart.py::test_total'
  offload run --failed
  offload run --filter 'file(tests/shop) and not slow(2s)' --until-failure
  offload run --shard 2/5

Exit status:
  0    all tests passed
  1    a test failed, errored or was not run, or the run could not be carried out
  2    all tests passed, some only on retry (`flaky` in the config and
       --flaky-exit-code change it)
  N    all tests passed, but a sandbox may be left, with [offload] leak_exit_code = N
  130  interrupted by Ctrl-C; 143 by SIGTERM. Sandboxes are destroyed and reports written first
)";

void declare_what(CLI::App& command, RunOptions& run) {
    one_each(command.add_option("--group", run.groups, "Only this group; may be repeated"))
        ->type_name("GROUP");
    declare_selection(command, run.selection);
    declare_shard(command, run.selection);
    command.add_flag("--collect-only", run.collect_only, "List the tests, run nothing");
    command.add_flag("--fail-fast", run.fail_fast, "Stop at the first test that has failed");
    command.add_option("--repeat", run.repeat, "Run each test N times; one failure fails it")
        ->type_name("N")
        ->check(CLI::Range(1, 60'000));
    command.add_flag("--until-failure", run.until_failure,
                     "Repeat the tests until one fails, at most --repeat times");
}

void declare_sandboxes(CLI::App& command, RunOptions& run) {
    command.add_option("-p,--parallel", run.parallel, "Most sandboxes at once; over max_parallel")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    one_each(command.add_option("--copy-dir", run.copy_dirs,
                                "Copy a folder into each sandbox; may be repeated"))
        ->type_name("LOCAL:REMOTE");
    one_each(command.add_option("--env", run.env,
                                "Set a variable inside the sandboxes; may be repeated"))
        ->type_name("KEY=VALUE");
    command.add_flag("--no-cache", run.no_cache, "Build the image afresh");
    command
        .add_option("--override-image-id", run.override_image,
                    "Take this image as it is, whatever is in it (modal only)")
        ->type_name("ID");
}

void declare_reports(CLI::App& command, RunOptions& run) {
    command.add_flag("--ci", run.ci, "Plain lines instead of a redrawn area; automatic in CI");
    command
        .add_option("--flaky-exit-code", run.flaky_exit_code,
                    "Exit status instead of 2 when tests passed only on retry")
        ->type_name("N")
        ->check(CLI::Range(0, 255));
    command
        .add_option(
            "--events", run.events,
            "Write each event as a line of JSON; - is stdout, and the summary goes to stderr")
        ->type_name("PATH");
    command.add_flag("--trace", run.trace, "Write trace.json for ui.perfetto.dev");
    command.add_flag("--show-estimated-cost", run.show_estimated_cost,
                     "Estimate what the sandboxes cost");
    command.add_flag("--record-history", run.record_history, "Record this run in the history");
}

// Flags that are understood and have no effect: told, since results are the same without them.
void warn_of_idle_flags(const RunOptions& run, const config::Config& config) {
    const bool local = config.provider.options->runs_here();
    if (run.show_estimated_cost && local) {
        print_warning(
            "--show-estimated-cost has no effect with a local provider: it costs nothing");
    }
    if (run.no_cache && local) {
        print_warning("--no-cache has no effect with a local provider: there is no image");
    }
}

schedule::Repetition repetition(const RunOptions& run) {
    // What a journal can count.
    constexpr std::size_t kWithoutEnd = 60'000;
    return {.times = run.repeat.value_or(run.until_failure ? kWithoutEnd : 1),
            .until_failure = run.until_failure};
}

int carry_out(const config::Config& config, const Options& options) {
    process::prepare_this_process();
    engine::Interrupter interrupter;
    const SignalWatch signals([&](int signal) { interrupter.interrupt(signal); });

    // TRAPS 4: read before the sinks remove it.
    auto durations = known_durations(config);
    const auto costs = history::load_batch_costs(config.report.output_dir);
    auto selection = make_selection(options.run.selection, config, durations);
    if (!selection) {
        print(selection.error());
        return kFailure;
    }
    TestTable tests;
    const auto sinks = make_sinks(config, options, tests, &durations);
    if (!sinks) {
        print(Error{.message = "the reports cannot be written, so nothing was run",
                    .hint = "report.output_dir must be a folder that can be written to",
                    .causes = {sinks.error()}});
        return kFailure;
    }
    const auto folder = config::working_folder(config, fs::current_path()).string();
    auto revision = revision_of(folder);
    const auto summary =
        engine::run({.config = config,
                     .working_folder = folder,
                     .run_id = make_run_id(),
                     .version = std::string(version()),
                     .commit = std::move(revision.commit),
                     .branch = std::move(revision.branch),
                     .only_groups = options.run.groups,
                     .fail_fast = options.run.fail_fast || options.run.until_failure,
                     .known_durations = std::move(durations),
                     .known_costs = costs,
                     .started = options.global.started,
                     .exit_status =
                         [&](const RunSummary& told) {
                             auto wishes = wishes_of(config.offload, options.run.flaky_exit_code);
                             wishes.may_be_empty = !options.run.selection.shard.empty();
                             return exit_status(told, wishes);
                         },
                     .selection = *std::move(selection),
                     .repetition = repetition(options.run)},
                    tests, *sinks, interrupter);
    return summary.exit_status;
}

}  // namespace

CLI::App* declare_run(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("run", "Discover the tests, run them, report");
    declare_what(*command, options.run);
    declare_sandboxes(*command, options.run);
    declare_reports(*command, options.run);
    declare_ci_system(*command, options);
    command->footer(std::string(kFooter));
    return command;
}

int execute_run(const Options& options) {
    const auto& run = options.run;
    auto loaded = load_config(options.global, {.max_parallel = run.parallel,
                                               .copy_dirs = run.copy_dirs,
                                               .env = run.env,
                                               .groups = run.groups,
                                               .no_cache = run.no_cache});
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    if (run.collect_only) {
        return list_tests(*loaded.config, options.global,
                          {.groups = run.groups, .selection = run.selection});
    }
    const auto unbuilt = config::unbuilt_features(loaded);
    print(unbuilt);
    if (config::has_errors(unbuilt)) return kFailure;
    if (run.override_image) {
        if (const auto used = provider::use_image(*loaded.config, *run.override_image); !used) {
            print(used.error());
            return kFailure;
        }
    }
    if (run.record_history && !loaded.config->history.present) {
        print(Error{.message = "--record-history needs a [history] section in the config",
                    .place = options.global.config,
                    .hint = "an empty one will do: it names the file, offload-history.jsonl"});
        return kFailure;
    }
    warn_of_idle_flags(run, *loaded.config);
    return carry_out(*loaded.config, options);
}

std::string make_run_id() {
    std::string time = iso8601(std::chrono::system_clock::now());
    std::string digits;
    for (const char c : time.substr(0, time.find('.'))) {
        if (c != '-' && c != ':') digits += c == 'T' ? '-' : c;
    }
    return fmt::format("{}-{}", digits, random_hex(8));
}

}  // namespace offload::app
