// offload init: a first offload.toml.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <filesystem>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "ignore.hpp"
#include "kinds.hpp"
#include "offload/base/file.hpp"
#include "offload/base/time.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"
#include "offload/process/child.hpp"

namespace offload::app {
namespace {

// All names of the kinds that `init` has a template for.
template <class Kind>
std::vector<std::string> names_of(const std::vector<const Kind*>& all) {
    std::vector<std::string> out;
    for (const auto* kind : all) {
        if (kind->init) out.insert(out.end(), kind->names.begin(), kind->names.end());
    }
    return out;
}

std::string listed(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) {
        out.push_back(name == "default" ? name + " (your own commands)" : name);
    }
    return fmt::format("{}", fmt::join(out, ", "));
}

// The first thing that is not installed, of those that the tests need.
std::vector<config::Diagnostic> lacking(const std::filesystem::path& file,
                                        const std::vector<config::Probe>& probes) {
    constexpr std::chrono::seconds kProbeLimit{20};
    for (const auto& probe : probes) {
        process::Limits limits;
        limits.deadline = steady_now() + kProbeLimit;
        const auto told = process::capture({.argv = probe.words}, limits);
        // What takes that long is there, and has much to do.
        if (told.end.success() || told.end.timed_out) continue;
        return {
            {config::Diagnostic::Severity::Warning, file.string(), 0, 0, probe.lack, probe.hint}};
    }
    return {};
}

// What was written, what has gone into it, and what it still lacks.
void tell(const std::filesystem::path& file, std::string_view framework,
          const std::vector<std::string>& notes, const std::vector<config::Probe>& probes) {
    const auto loaded =
        config::load(file, kinds(), config::Overrides{}, config::process_environment());
    std::string text = fmt::format("Wrote {}: tests of {}", file.string(), framework);
    if (loaded.config) {
        text += fmt::format(", by {}, at most {} at once", loaded.config->provider.type,
                            loaded.config->offload.max_parallel);
    }
    text += ".\n";
    for (const auto& note : notes) text += fmt::format("  {}\n", note);
    write_stderr(text);
    print(loaded.diagnostics);
    if (loaded.config) {
        const auto around = config::check_surroundings(loaded, config::process_environment());
        print(around);
        // A program that is not there has been named.
        if (around.empty()) print(lacking(file, probes));
    }
    write_stderr("`offload validate` explains it, `offload run` runs the tests.\n");
}

int keep_out_of_git(const std::filesystem::path& folder) {
    const auto reports = config::Report{}.output_dir;
    const auto ignored = ignore_in_git(folder, reports);
    if (!ignored) {
        print(ignored.error());
        return kFailure;
    }
    if (*ignored == Ignored::Now) {
        write_stderr(fmt::format("Added /{}/ to .gitignore.\n", reports));
    }
    return kSuccess;
}

}  // namespace

CLI::App* declare_init(CLI::App& program, Options& options) {
    const auto providers = names_of(kinds().providers);
    const auto frameworks = names_of(kinds().frameworks);
    auto* command = program.add_subcommand("init", "Write a commented offload.toml");
    command
        ->add_option("-p,--provider", options.init.provider,
                     fmt::format("Where tests run: {} (local)", listed(providers)))
        ->type_name("NAME")
        ->check(CLI::IsMember(providers));
    command
        ->add_option("-f,--framework", options.init.framework,
                     fmt::format("What runs them: {}; without it the folder decides, then pytest",
                                 listed(frameworks)))
        ->type_name("NAME")
        ->check(CLI::IsMember(frameworks));
    command->add_flag("--force", options.init.force, "Overwrite a file that is there already");
    command->add_flag("--from-xdist", options.init.from_xdist,
                      "Take over how the project has used pytest-xdist: workers, groups, reruns");
    command->footer(R"(
Examples:
  offload init
  offload init --from-xdist
  offload init -p default -f cargo
  offload init -c ci/offload.toml

Says what it found in the folder, and what the config still lacks there. In a git repository,
test-results is added to .gitignore, unless it is ignored already.

Exit status: 0 the file is written, 1 it is not: a file that exists is only replaced with --force.
)");
    return command;
}

int execute_init(const Options& options) {
    namespace fs = std::filesystem;
    process::prepare_this_process();
    const fs::path file = options.global.config;
    std::error_code ignored;
    if (!options.init.force && fs::exists(fs::symlink_status(file, ignored))) {
        print(Error{.message = fmt::format("{} exists already", file.string()),
                    .hint = "--force replaces it; -c PATH writes to another file"});
        return kFailure;
    }
    const fs::path folder = fs::current_path();
    const auto& name = options.init.framework;
    const auto& framework =
        name.empty() ? config::detect_framework(kinds(), folder) : *kinds().framework(name);
    if (options.init.from_xdist && framework.names.front() != "pytest") {
        print(Error{.message = fmt::format("--from-xdist is about pytest, and this is {}",
                                           framework.names.front()),
                    .hint = "-f pytest says so where the folder does not look like it"});
        return kFailure;
    }
    const auto draft = config::init_draft(*kinds().provider(options.init.provider), framework,
                                          name.empty() ? framework.names.front() : name, folder,
                                          options.init.from_xdist);
    if (auto written = write_file_atomically(file, draft.text); !written) {
        print(written.error());
        return kFailure;
    }
    auto notes = draft.notes;
    if (name.empty() && !(framework.detect && framework.detect(folder) > 0)) {
        notes.insert(notes.begin(), fmt::format("Nothing here says what runs the tests: {} is a "
                                                "guess, and -f names another.",
                                                framework.names.front()));
    }
    if (name.empty()) {
        for (const auto* other : config::also_detected(kinds(), framework, folder)) {
            notes.push_back(fmt::format(
                "It looks like a project with tests of {0}, too: `offload init -f {0} -c "
                "offload-{0}.toml` writes a config for these.",
                other->names.front()));
        }
    }
    tell(file, framework.names.front(), notes, draft.probes);
    return keep_out_of_git(folder);
}

}  // namespace offload::app
