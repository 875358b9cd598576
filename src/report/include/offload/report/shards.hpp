// Journals of shards → one run: what `offload merge` tells the sinks.
//
// Does not write anything itself, and does not decide what the exit status is.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/journal_reader.hpp"

namespace offload::report {

// What one journal tells. Outputs stay in the file, which has to stay as it is.
struct ShardJournal {
    std::filesystem::path journal;
    RunStarted started;
    ShardPlanned shard;
    bool refused = false;               // none of its tests were run
    std::vector<TestDiscovered> tests;  // by its own TestIndex
    std::vector<TestIndex> selected;
    RunSummary summary;     // of a run that was killed: what had been decided
    bool finished = false;  // it was not killed
    std::size_t batches = 0;
    std::size_t sandboxes = 0;
    std::vector<std::pair<SystemTime, LinePlace>> lines;  // that the whole run tells as well
    SystemTime began{};
    SystemTime ended{};
};

// Error: no journal, or none of a shard; names the journal and what it is instead.
Result<ShardJournal> read_shard(const std::filesystem::path& journal);

// Sorts them by their numbers. Error: they are not parts of one run, be it because one is there
// twice, because commit, config, tests or division differ, or because two have run the same test.
Result<> fit_together(std::vector<ShardJournal>& shards);

// Numbers of those that are not there, from 1; `shards` fit together.
std::vector<std::size_t> missing_shards(std::span<const ShardJournal> shards);

struct MergeRequest {
    std::string run_id;
    std::string version;
    std::function<int(const RunSummary&)> exit_status;
};

// Tells all events of a run that has run the tests of all shards, in the order of time. Batch 7 of
// shard 2 is 2007 then, or 20007 where there are very many. `tests` is empty before, and holds a
// test before any event names it. What a missing shard was to run is not run.
RunSummary merge_shards(std::span<const ShardJournal> shards, const MergeRequest& request,
                        TestTable& tests, const std::function<void(const Event&)>& tell);

}  // namespace offload::report
