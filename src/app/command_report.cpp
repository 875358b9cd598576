// offload report: the HTML report of a run, from its journal.
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/base/text.hpp"
#include "offload/process/child.hpp"
#include "offload/report/html_report.hpp"
#include "offload/report/journal.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kOpenerLimit{10};

// --from may name a folder or the journal itself; without it the config says where reports are.
Result<fs::path> journal_path(const Options& options) {
    if (!options.report.from.empty()) {
        const fs::path from = options.report.from;
        std::error_code ignored;
        return fs::is_directory(from, ignored) ? from / report::kJournalFile : from;
    }
    const auto loaded = load_config(options.global);
    if (!loaded.config) {
        Error error{.message = "the config cannot say where the reports are",
                    .hint = "name their folder: offload report --from DIR"};
        for (const auto& found : loaded.diagnostics) {
            error.causes.push_back({.message = found.to_string()});
        }
        return fail(std::move(error));
    }
    return fs::path(loaded.config->report.output_dir) / report::kJournalFile;
}

// What the user has set, then what desktops have.
Result<> open_in_browser(const fs::path& page) {
    process::prepare_this_process();
    std::vector<std::string> openers;
    if (const char* browser = std::getenv("BROWSER"); browser != nullptr && *browser != '\0') {
        openers.emplace_back(browser);
    }
    for (const char* known : {"xdg-open", "open", "wslview"}) openers.emplace_back(known);
    for (const auto& opener : openers) {
        process::Limits limits;
        limits.deadline = steady_now() + kOpenerLimit;
        const auto done = process::capture({.argv = {opener, page.string()}}, limits);
        if (done.end.success()) return {};
    }
    return fail(Error{.message = "no browser could be started",
                      .place = page.string(),
                      .hint = "open the file by hand, or set BROWSER to a program that opens it"});
}

Result<int> make_report(const Options& options) {
    OFFLOAD_TRY(const auto journal, journal_path(options));
    const auto page = fs::absolute(journal).parent_path() / report::kHtmlFile;
    OFFLOAD_TRY(const auto written, report::write_html_report(journal, page));
    if (!written.run_finished) {
        print_warning(
            "that run did not come to its end, or still goes on: the report has what "
            "its journal tells so far");
    }
    OFFLOAD_CHECK(write_stdout(fmt::format("{}\n", page.string())));
    if (options.report.open) {
        OFFLOAD_CHECK(open_in_browser(page));
    }
    return kSuccess;
}

}  // namespace

CLI::App* declare_report(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("report", "Make the HTML report of a run");
    auto& report = options.report;
    command
        ->add_option("--from", report.from,
                     "The folder of the run's reports, or a journal; over the config's output_dir")
        ->type_name("DIR");
    command->add_flag("--open", report.open, "Show it in the browser");
    command->footer(R"(
Reads the run's journal, also of one that was killed or still goes on, and writes report.html beside
it: one file that needs nothing else. Prints the file's path.

Examples:
  offload report --open
  offload report --from artefacts/test-results

Exit status: 0 written, 1 there is no run to report, or the file could not be written or shown.
)");
    return command;
}

int execute_report(const Options& options) {
    const auto done = make_report(options);
    if (done) return *done;
    print(done.error());
    return kFailure;
}

}  // namespace offload::app
