// offload cleanup: destroys sandboxes that a killed run left behind.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "folder_lock.hpp"
#include "kinds.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/provider.hpp"
#include "offload/report/leftovers.hpp"

namespace offload::app {
namespace {

constexpr std::chrono::seconds kDestroyLimit{120};

// What became of a leftover.
struct Cleaned {
    std::string id;  // empty: it never came to be
    Result<> result;
};

Cleaned clean(const report::UnfinishedRun& run, const report::LeftoverSandbox& sandbox,
              provider::Provider& provider) {
    const auto deadline = steady_now() + kDestroyLimit;
    std::string id = sandbox.id;
    if (id.empty()) {
        auto found = provider.unfinished_creation(run.run_id, sandbox.sandbox, deadline);
        if (!found) {
            Error error{.message = fmt::format("run {} was killed while it created sandbox {}, of "
                                               "which something may be left",
                                               run.run_id, sandbox.sandbox.value()),
                        .place = run.journal.string(),
                        .hint = {},
                        .causes = {std::move(found).error()}};
            return {{}, fail(std::move(error))};
        }
        id = *std::move(found);
        if (id.empty()) return {};
    }
    auto result = provider.destroy_by_id(id, deadline);
    if (!result && sandbox.destroying) {
        result = fail(Error{
            .message = fmt::format("{} was being destroyed when run {} was killed, and is probably "
                                   "gone: it could not be destroyed once more",
                                   id, run.run_id),
            .place = run.journal.string(),
            .hint = "if your provider does not know it any more, `offload cleanup --forget` "
                    "forgets it",
            .causes = {std::move(result).error()}});
    }
    return {std::move(id), std::move(result)};
}

// What the program itself had for the run on this machine. Processes first: they may still write
// into the folders.
void clear_this_machine(const std::string& run_id) {
    if (run_id.empty()) return;
    process::end_strays("OFFLOAD_RUN_ID", run_id);
    std::error_code error;
    const auto place = std::filesystem::temp_directory_path(error);
    if (error) return;
    const auto prefix = fmt::format("offload-{}-", run_id);
    std::vector<std::filesystem::path> folders;
    for (std::filesystem::directory_iterator entry(place, error), end; !error && entry != end;
         entry.increment(error)) {
        struct stat status{};
        if (entry->path().filename().string().starts_with(prefix) &&
            ::lstat(entry->path().c_str(), &status) == 0 && status.st_uid == ::geteuid()) {
            folders.push_back(entry->path());
        }
    }
    for (const auto& folder : folders) std::filesystem::remove_all(folder, error);
}

// One of the provider's sandboxes. Several of a run's may be places in it.
struct Leftover {
    report::LeftoverSandbox sandbox;  // the last of them
    std::vector<SandboxNumber> places;
};

std::vector<Leftover> leftovers_of(const report::UnfinishedRun& run) {
    std::vector<Leftover> leftovers;
    std::map<std::string, std::size_t> known;  // by ID
    for (const auto& sandbox : run.sandboxes) {
        const auto [found, is_new] = known.emplace(sandbox.id, leftovers.size());
        if (is_new || sandbox.id.empty()) {
            leftovers.push_back({sandbox, {sandbox.sandbox}});
        } else {
            auto& leftover = leftovers[found->second];
            leftover.sandbox = sandbox;
            leftover.places.push_back(sandbox.sandbox);
        }
    }
    return leftovers;
}

// Several at once.
std::vector<Cleaned> clean_each(const report::UnfinishedRun& run,
                                const std::vector<Leftover>& leftovers,
                                provider::Provider& provider) {
    std::vector<Cleaned> cleaned(leftovers.size());
    std::atomic<std::size_t> next{0};
    std::vector<std::jthread> threads;
    const auto bound = std::min(leftovers.size(), provider.traits().concurrent_destructions);
    for (std::size_t i = 0; i < bound; ++i) {
        threads.emplace_back([&] {
            for (auto at = next.fetch_add(1); at < cleaned.size(); at = next.fetch_add(1)) {
                cleaned[at] = clean(run, leftovers[at].sandbox, provider);
            }
        });
    }
    threads.clear();
    return cleaned;
}

// Destroys what can be; true when nothing of the run is left.
bool clean(const report::UnfinishedRun& run, provider::Provider& provider,
           const CleanupOptions& options) {
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
    const auto leftovers = leftovers_of(run);
    const auto cleaned = clean_each(run, leftovers, provider);
    std::vector<SandboxNumber> destroyed;
    for (std::size_t i = 0; i < cleaned.size(); ++i) {
        const auto& [id, result] = cleaned[i];
        if (!result) {
            print(result.error());
            if (!options.forget) continue;
            print_warning("forgotten, as --forget says");
        }
        const auto& places = leftovers[i].places;
        destroyed.insert(destroyed.end(), places.begin(), places.end());
        if (result && !id.empty()) (void)write_stdout(fmt::format("destroyed {}\n", id));
    }
    if (const auto noted = report::note_destroyed(run, destroyed); !noted) print(noted.error());
    if (destroyed.size() != run.sandboxes.size()) return false;
    provider.forget_run(run.run_id);
    clear_this_machine(run.run_id);
    return true;
}

// Destroys what only the provider remembers; true when nothing of it is left.
bool clean_abandoned(const report::Leftovers& leftovers, provider::Provider& provider,
                     std::size_t& destroyed) {
    const auto found = provider.abandoned(steady_now() + kDestroyLimit);
    if (!found) {
        print(found.error());
        return false;
    }
    bool clean_all = true;
    for (const auto& sandbox : *found) {
        const auto goes_on = [&](const report::UnfinishedRun& run) {
            return run.in_progress && run.run_id == sandbox.run_id;
        };
        if (std::ranges::any_of(leftovers.runs, goes_on)) continue;
        const auto result = provider.destroy_by_id(sandbox.id, steady_now() + kDestroyLimit);
        if (!result) {
            print(result.error());
            clean_all = false;
            continue;
        }
        ++destroyed;
        clear_this_machine(sandbox.run_id);
        (void)write_stdout(fmt::format("destroyed {}\n", sandbox.id));
    }
    return clean_all;
}

}  // namespace

CLI::App* declare_cleanup(CLI::App& program, Options& options) {
    auto* command =
        program.add_subcommand("cleanup", "Destroy sandboxes that a killed run left behind");
    command->add_flag("--forget", options.cleanup.forget,
                      "Take what cannot be destroyed to be gone");
    command->footer(R"(
Works from the journals in the config's output_dir, with the config's provider; a docker provider
finds its containers without them, too. Sandboxes of a run that still goes on are left alone.

Exit status: 0 nothing is left; 1 something could not be destroyed, or may be left.
)");
    return command;
}

int execute_cleanup(const Options& options) {
    const auto loaded = load_config(options.global);
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    process::prepare_this_process();
    const auto& config = *loaded.config;
    // What another has destroyed by then is not asked for again.
    const FolderLock alone(config.report.output_dir, [](const std::string& owner) {
        print_warning(
            fmt::format("another `offload cleanup` is at work here ({}): waiting for it", owner));
    });
    auto leftovers = report::find_leftovers(config.report.output_dir);
    if (!leftovers) {
        print(leftovers.error());
        return kFailure;
    }
    for (const auto& error : leftovers->unreadable) print(error);
    auto provider = make_provider(config);
    for (const auto& run_id : leftovers->over) {
        clear_this_machine(run_id);
        if (provider) (*provider)->forget_run(run_id);
    }
    auto over = leftovers->over;
    bool clean_all = leftovers->unreadable.empty();
    if (!leftovers->runs.empty()) {
        if (!provider) {
            print(provider.error());
            return kFailure;
        }
        for (const auto& run : leftovers->runs) {
            const bool clean_now = clean(run, **provider, options.cleanup);
            if (clean_now && !run.in_progress) over.push_back(run.run_id);
            clean_all = clean_now && clean_all;
        }
    }
    report::forget_over(config.report.output_dir, over);
    std::size_t abandoned = 0;
    if (provider) clean_all = clean_abandoned(*leftovers, **provider, abandoned) && clean_all;
    if (leftovers->runs.empty() && abandoned == 0 && clean_all) {
        (void)write_stdout("nothing was left behind\n");
    }
    return clean_all ? kSuccess : kFailure;
}

}  // namespace offload::app
