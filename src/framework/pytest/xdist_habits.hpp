// How a project has run its tests with pytest-xdist so far, for `init --from-xdist`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "offload/base/error.hpp"

namespace offload::framework {

struct XdistHabits {
    std::string file;                    // whose addopts these are; empty: no file has any
    std::string workers;                 // of -n: "auto", "4"; empty: none
    std::optional<std::size_t> most;     // of --maxprocesses
    std::string dist;                    // of --dist; empty: none
    std::optional<std::size_t> reruns;   // of pytest-rerunfailures
    std::string marks;                   // of -m
    std::optional<std::string> trouble;  // why the addopts could not be understood
};

// pytest's own order: the first of these files that has a section of pytest's decides.
// Files that cannot be read have none.
XdistHabits xdist_habits(const std::filesystem::path& folder);

// Of the text of `addopts`.
XdistHabits xdist_habits_of(std::string_view addopts);

}  // namespace offload::framework
