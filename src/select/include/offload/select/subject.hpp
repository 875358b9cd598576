// What a selection is asked about, and what earlier runs tell of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/result.hpp"

namespace offload::select {

struct Subject {
    std::string_view id;
    std::string_view group;
    std::string_view file;  // see Test::file; may be empty
};

// What a test came to when it was last among those that a run was to run.
struct PastResult {
    Status status = Status::NotRun;
    std::vector<Attempt> attempts = {};  // of that run; output of passes is left out
    std::string not_run_reason = {};
    std::string run_id = {};
    std::string group = {};
    std::string file = {};
    bool in_doubt = false;  // it passed in a batch whose runner said that something else was wrong
};

struct Past {
    std::unordered_map<std::string, PastResult> results;  // by ID
    std::unordered_map<std::string, Seconds> durations;   // likewise
    // Why the last run failed, where no test stands for it.
    std::string unexplained_failure = {};

    const PastResult* find(std::string_view id) const;
    // The same with its attempts, which are there no more afterwards: of a large suite nobody
    // should hold them twice. Status, group and file stay.
    std::optional<PastResult> take(std::string_view id);
};

// It failed, was not run, or there is no knowing: what `--failed` runs.
bool is_owed(const PastResult* result);

}  // namespace offload::select
