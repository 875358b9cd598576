// Sandboxes that earlier runs may have left behind, as their journals tell: what
// `offload cleanup` works from. Destroys nothing itself.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/event.hpp"

namespace offload::report {

struct LeftoverSandbox {
    SandboxNumber sandbox;
    std::string id;    // the provider's name; empty when the run ended while it was being created
    SystemTime since;  // of the request to create it
    bool destroying = false;  // the run had begun to destroy it: probably it is gone
};

struct UnfinishedRun {
    std::filesystem::path journal;
    std::string run_id;
    std::string provider;  // as in RunStarted
    std::string config_file;
    bool in_progress = false;  // its process still runs: its sandboxes are not ours to destroy
    std::vector<LeftoverSandbox> sandboxes;
};

struct Leftovers {
    std::vector<UnfinishedRun> runs;  // oldest first
    // IDs of runs that are over and have no sandbox left. Whatever ended them may have done so
    // before they had cleared away files of theirs.
    std::vector<std::string> over;
    std::vector<Error> unreadable;  // journals that could not be read: sandboxes may hide in them
};

// All runs into `output_dir` that still go on, or have sandboxes that were asked for and, as far as
// their journals know, not destroyed. No folder or no journal there: none. Waits a second for a run
// that may just be ending.
Result<Leftovers> find_leftovers(const std::filesystem::path& output_dir);

// Writes into the run's journal that these are destroyed, so that they are not found again.
Result<> note_destroyed(const UnfinishedRun& run, std::span<const SandboxNumber> destroyed);

// Nothing is left of these runs, not even files: their journals need be kept for that no longer.
void forget_over(const std::filesystem::path& output_dir, std::span<const std::string> run_ids);

}  // namespace offload::report
