#include "ci_job.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "console.hpp"
#include "offload/base/text.hpp"
#include "offload/framework/kind.hpp"
#include "offload/process/child.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

std::string variable(std::string_view name) {
    const char* value = ::getenv(std::string(name).c_str());
    return value == nullptr ? std::string{} : std::string(value);
}

// What an agent of the system's makes of the text on its standard input.
Result<> give_to(const std::vector<std::string>& command, std::string_view text) {
    constexpr std::chrono::seconds kLimit{20};
    process::Limits limits;
    limits.deadline = steady_now() + kLimit;
    const auto given = process::capture({.argv = command}, limits, text);
    if (given.end.success()) return {};
    return fail(Error{.message = given.end.describe(),
                      .hint = std::string(text::last_non_empty_line(given.err + given.out))});
}

}  // namespace

void declare_ci_system(CLI::App& command, Options& options) {
    command
        .add_option("--ci-system", options.ci_system,
                    "The CI system that is told of the run in its own ways; over report.ci")
        ->type_name("NAME")
        ->check(CLI::IsMember(
            std::vector<std::string>(config::kCiSystems.begin(), config::kCiSystems.end())));
}

const report::CiSystem* ci_system(const config::Config& config,
                                  const std::optional<std::string>& wish) {
    const auto kept = config::kCiSystems.at(static_cast<std::size_t>(config.report.ci));
    return report::ci::chosen(wish.value_or(std::string(kept)), variable);
}

const report::CiSystem* system_that_reads_stdout(const config::Config& config) {
    struct stat out{};
    const bool file = ::fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode);
    return file ? nullptr : ci_system(config, {});
}

std::unique_ptr<Sink> make_ci_report(const config::Config& config, const report::CiSystem* system,
                                     bool told_already, const TestTable& tests) {
    report::CiReportOptions told;
    told.system = system;
    told.variables = variable;
    told.working_folder = config::working_folder(config, fs::current_path());
    if (!config.provider.options->runs_here())
        told.working_folder_there = config.offload.sandbox_project_root.value_or("");
    told.told_already = told_already;
    told.rank_lines = framework::line_ranker(config.framework.type);
    told.write_log = write_stderr;
    told.warn = [](const Error& error) { print_warning(error.to_string()); };
    told.run = give_to;
    return std::make_unique<report::CiReport>(std::move(told), tests);
}

}  // namespace offload::app
