// The runs into one output folder whose journals are still there: the last one's is
// `journal.ndjson`, those before it are `runs/RUN_ID.ndjson`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"

namespace offload::report {

inline constexpr std::size_t kKeptRuns = 10;
inline constexpr std::string_view kRunsFolder = "runs";

struct KeptRun {
    std::filesystem::path journal;
    std::string run_id;
    std::string config_file;  // as in RunStarted
    SystemTime started;
};

// The newest first, at most kKeptRuns of them. Runs that had nothing to tell are none.
std::vector<KeptRun> kept_runs(const std::filesystem::path& output_dir);

// `which`: "1" is the last run, "2" the one before it; else a run's ID, or the beginning of one
// only. Error: there is no such run; it names those that there are.
Result<KeptRun> find_run(const std::filesystem::path& output_dir, std::string_view which);

}  // namespace offload::report
