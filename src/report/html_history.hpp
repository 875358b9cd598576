// What the kept runs before a run tell of its tests: has this one failed, or been flaky, before?
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/result.hpp"

namespace offload::report {

struct EarlierRun {
    std::string id;
    SystemTime started;
    // By test of the run that is shown. Nothing: it was not decided then.
    std::vector<std::optional<Status>> statuses;
};

struct EarlierRuns {
    std::vector<EarlierRun> runs;  // the newest first
    std::size_t unread = 0;        // older ones that were left out for their size
};

// The run that is shown.
struct ShownRun {
    std::string id;
    std::string config_file;  // runs of other configs do not count
    SystemTime started;       // runs that began later do not count
    using TestsById = std::unordered_map<std::string_view, TestIndex>;
    std::function<TestsById()> tests;  // asked where there is anything to read
    std::size_t count = 0;             // every test's index is below it
};

// Reads the journals in that folder, the newest first, as long as they come to at most `most_bytes`
// together. Journals that cannot be read are passed over.
EarlierRuns read_earlier_runs(const std::filesystem::path& output_dir, const ShownRun& shown,
                              std::uintmax_t most_bytes);

}  // namespace offload::report
