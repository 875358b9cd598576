// offload cleanup: destroys sandboxes that a killed run left behind.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/provider.hpp"
#include "offload/report/leftovers.hpp"

namespace offload::app {
namespace {

constexpr std::chrono::seconds kDestroyLimit{120};

// A run that was killed while it made a sandbox of this machine never wrote its name down, which is
// known all the same. Elsewhere only the sandbox's maker could tell.
std::string name_of(const report::UnfinishedRun& run, const report::LeftoverSandbox& sandbox) {
    if (!sandbox.id.empty() || run.provider != "local") return sandbox.id;
    return fmt::format("local-{}-{}", run.run_id, sandbox.sandbox.value());
}

// Destroys what can be; true when nothing of the run is left.
bool clean(const report::UnfinishedRun& run, provider::Provider& provider) {
    if (run.in_progress) {
        print_warning(fmt::format("run {} still goes on: its sandboxes stay", run.run_id));
        return true;
    }
    if (run.provider != provider.name()) {
        print(Error{.message = fmt::format("run {} made its sandboxes with a {} provider, but the "
                                           "config names {}",
                                           run.run_id, run.provider, provider.name()),
                    .place = run.journal.string(),
                    .hint = "clean up with the config of that run: " + run.config_file});
        return false;
    }
    std::vector<SandboxNumber> destroyed;
    for (const auto& sandbox : run.sandboxes) {
        const auto id = name_of(run, sandbox);
        if (id.empty()) {
            print(Error{.message = fmt::format("run {} was killed while it created sandbox {}, "
                                               "whose ID is not known",
                                               run.run_id, sandbox.sandbox.value()),
                        .place = run.journal.string(),
                        .hint = "look for it where the provider lists its sandboxes"});
            continue;
        }
        const auto deadline = std::chrono::steady_clock::now() + kDestroyLimit;
        const auto done = provider.destroy_by_id(id, deadline);
        if (done) {
            destroyed.push_back(sandbox.sandbox);
            (void)write_stdout(fmt::format("destroyed {}\n", id));
        } else {
            print(done.error());
        }
    }
    if (const auto noted = report::note_destroyed(run, destroyed); !noted) print(noted.error());
    return destroyed.size() == run.sandboxes.size();
}

}  // namespace

CLI::App* declare_cleanup(CLI::App& program, Options& /*options*/) {
    auto* command =
        program.add_subcommand("cleanup", "Destroy sandboxes that a killed run left behind");
    command->footer(R"(
Works from the journals in the config's output_dir, with the config's provider. Sandboxes of a run
that still goes on are left alone.

Exit status: 0 nothing is left; 1 something could not be destroyed, or may be left.
)");
    return command;
}

int execute_cleanup(const Options& options) {
    const auto loaded = config::load(options.global.config, {}, config::process_environment());
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    process::prepare_this_process();
    const auto& config = *loaded.config;
    auto leftovers = report::find_leftovers(config.report.output_dir);
    if (!leftovers) {
        print(leftovers.error());
        return kFailure;
    }
    for (const auto& error : leftovers->unreadable) print(error);
    bool clean_all = leftovers->unreadable.empty();
    if (!leftovers->runs.empty()) {
        const auto folder = config::working_folder(config, std::filesystem::current_path());
        auto provider = provider::make_provider(config, folder.string());
        if (!provider) {
            print(provider.error());
            return kFailure;
        }
        for (const auto& run : leftovers->runs) clean_all = clean(run, **provider) && clean_all;
    } else if (clean_all) {
        (void)write_stdout("nothing was left behind\n");
    }
    return clean_all ? kSuccess : kFailure;
}

}  // namespace offload::app
