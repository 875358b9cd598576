// Which of ctest's entries are single cases of a GoogleTest program, as gtest_discover_tests() adds
// them, and which of these one process may run together. Pure.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "listing.hpp"

namespace offload::framework::ctest {

// What cases must have in common to run in one process.
struct Program {
    std::vector<std::string> command;  // without the filter
    std::string folder;                // its working directory
    std::vector<std::string> environment;
    std::optional<double> timeout;  // TIMEOUT: seconds that a case may take

    auto operator<=>(const Program&) const = default;
};

struct ProgramCase {
    Program program;
    std::string name;  // "Suite.Case", as its filter says it
};

// Nothing: no such entry, or one with a property that says something of the process as a whole.
std::optional<ProgramCase> program_case_of(const Entry& entry);

}  // namespace offload::framework::ctest
