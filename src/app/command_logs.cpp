// offload logs: per-test results of the last run.
#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "ci_job.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"
#include "offload/report/logs.hpp"
#include "selection.hpp"

namespace offload::app {

CLI::App* declare_logs(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("logs", "Show the last run's results test by test");
    auto& logs = options.logs;
    command
        ->add_option("--run", logs.run,
                     "Of an earlier run: 1 is the last, 2 the one before it; or its ID")
        ->type_name("N|ID");
    command
        ->add_option("--junit", logs.junit,
                     "Of a junit.xml, such as a job of your CI has kept, instead of a run here")
        ->type_name("FILE")
        ->excludes("--run");
    command->add_flag("--failures", logs.failures, "Only tests that failed");
    command->add_flag("--errors", logs.errors, "Only tests that errored or were not run");
    one_each(command->add_option("--test", logs.tests, "Only the test ID; may be repeated"))
        ->type_name("ID");
    declare_selection(*command, logs.selection);
    command->add_option("--test-regex", logs.test_regex, "Only tests whose ID matches RE")
        ->type_name("RE");
    command->footer(R"(
A test is shown when it passes every filter that is given, under a banner "=== ID [PASSED] ===".
Reads the journals in the config's output_dir, of which those of the last ten runs are kept.

Examples:
  offload logs --failures
  offload logs --test 'tests/test_shop.py::test_total'
  offload logs --junit ~/Downloads/junit.xml --failures
  offload logs --errors --test-regex 'test_(cart|shop)'

Exit status: 0 shown, 1 there is no run to show, or an ID or a pattern that makes no sense.
)");
    return command;
}

int execute_logs(const Options& options) {
    const auto loaded = load_config(options.global);
    // A report that comes from elsewhere can be read where there is no project.
    const bool needs_config = options.logs.junit.empty();
    if (!loaded.config && needs_config) {
        print(loaded.diagnostics);
        return kFailure;
    }
    const auto config = loaded.config.value_or(config::Config{});
    const auto& format = config.framework.test_id_format;
    const auto selection = parse_selection(options.logs.selection, config);
    if (!selection) {
        print(selection.error());
        return kFailure;
    }
    bool writable = true;
    const auto* system = system_that_reads_stdout(config);
    const auto shown =
        report::show_logs({.output_dir = config.report.output_dir,
                           .run = options.logs.run,
                           .junit = options.logs.junit,
                           .test_id_format = format.empty() ? "{name}" : format,
                           .failures = options.logs.failures,
                           .errors = options.logs.errors,
                           .tests = options.logs.tests,
                           .selection = *selection,
                           .test_regex = options.logs.test_regex,
                           .for_terminal = ::isatty(STDOUT_FILENO) == 1 || system != nullptr},
                          [&](std::string_view text) {
                              const auto safe = report::ci::guarded(system, text);
                              if (writable && !write_stdout(safe)) writable = false;
                          });
    if (!shown) {
        print(shown.error());
        return kFailure;
    }
    if (shown->shown == 0 && shown->tests > 0) {
        write_stderr(fmt::format("None of {} matches.\n", text::count(shown->tests, "test")));
    }
    if (!shown->run_finished) {
        print_warning("the run did not come to its end, or still goes on");
    }
    return writable ? kSuccess : kFailure;
}

}  // namespace offload::app
