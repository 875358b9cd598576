// The words that a group's `filters` hold, sorted by what they mean to ctest. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "offload/base/error.hpp"

namespace offload::framework::ctest {

struct Arguments {
    std::vector<std::string> selection;  // which tests: for the listing alone
    std::vector<std::string> execution;  // how they run: for listing and batches
    bool allots_resources = false;       // --resource-spec-file is among them
};

// Error: an option that would take away from Offload what it decides (how many tests run at once,
// what is retried, where ctest looks), or that ctest does not have; it says what to write instead.
Result<Arguments> sort_arguments(std::span<const std::string> words);

}  // namespace offload::framework::ctest
