// How long tests took before: from the report that the last run left, from what runs remember of
// each test, and from the history.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "offload/config/config.hpp"
#include "offload/history/history.hpp"
#include "offload/history/last_durations.hpp"
#include "offload/junit/read.hpp"
#include "offload/model/known_duration.hpp"

namespace offload::app {

using KnownDurations = std::vector<KnownDuration>;

// One entry per test that took time; of several results of one test a pass counts before anything
// else, then the last.
KnownDurations durations_of(const junit::Document& document);

// What a JUnit report tells, and when its run began ("2026-11-23T11:02:03.456Z", or empty).
struct LastRun {
    KnownDurations durations;
    std::string began;
    std::vector<std::int64_t> measured_ms = {};  // each of them, since 1970; empty: at `began`
};

// Nothing where there is no report or none that can be read: the run is only less well planned.
LastRun read_last_run(const std::filesystem::path& junit_file);

// LastRun::began of a report without reading the rest of it.
std::string read_beginning(const std::filesystem::path& junit_file);

// Of each test what is newer.
LastRun with_remembered(LastRun last_run, history::LastDurations remembered);

// All together: of each test the newer evidence counts, and the history says how far its durations
// deviate from that. `config`: name of the config file.
KnownDurations newest_durations(LastRun last_run, const history::History& history,
                                const std::string& config);

// newest_durations() of what the config names. What of the history cannot be read is warned of.
// What a run that was killed has measured is remembered first.
KnownDurations known_durations(const config::Config& config);

}  // namespace offload::app
