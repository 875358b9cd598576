// Picks out the files that a command has made and copies them elsewhere on this machine.
#pragma once

#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

// The time as the file system stamps it, which may lag behind the precise clock by some
// milliseconds: what is written from now on is not older than this.
timespec file_time_now();

struct Harvest {
    std::filesystem::path from;
    std::filesystem::path to;
    std::vector<std::string> globs;  // relative to `from`
    timespec since{};                // last changed then or later,
    timespec before{};               // or before that; zero: those do not count
    // Where reports are written. Not searched, unless a glob begins with its name; and never that
    // part of it to which `to` belongs: copies are not copied again.
    std::filesystem::path reports;
    SteadyTime deadline;
};

// Says what was copied. Folders behind symbolic links are not
// searched, files behind them are taken only where they lie below `from`. What cannot be read, or
// vanishes meanwhile, is left out.
// Error: a glob that is absolute or holds `..`; writing failed; the deadline passed.
Result<Artefacts> harvest(const Harvest& wanted);

}  // namespace offload::provider
