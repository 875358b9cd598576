// How long tests took the last time, from the report that it left.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/junit/read.hpp"

namespace offload::app {

using KnownDurations = std::vector<std::pair<std::string, Seconds>>;

// One entry per test that took time; of several results of one test a pass counts before anything
// else, then the last.
KnownDurations durations_of(const junit::Document& document);

// Nothing where there is no report or none that can be read: the run is only less well planned.
KnownDurations read_durations(const std::filesystem::path& junit_file);

}  // namespace offload::app
