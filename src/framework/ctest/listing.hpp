// What `ctest --show-only=json-v1` tells of a build folder's tests. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/claim.hpp"

namespace offload::framework::ctest {

struct Entry {
    std::string name;
    std::size_t number = 0;            // ctest's own, from 1; 0: not known
    std::vector<std::string> command;  // empty: ctest found no executable
    std::string working_directory;
    std::vector<std::string> depends;
    std::vector<std::string> fixtures_setup;
    std::vector<std::string> fixtures_required;
    std::vector<std::string> fixtures_cleanup;
    std::vector<std::string> locks;
    std::size_t processors = 1;
    std::vector<std::string> environment;    // "NAME=VALUE"
    std::optional<double> timeout;           // seconds
    std::vector<std::string> skip_patterns;  // SKIP_REGULAR_EXPRESSION
    bool alone = false;                      // RUN_SERIAL
    bool allotted = false;  // RESOURCE_GROUPS: parts of what --resource-spec-file names
    std::vector<std::string> other_properties;  // names of those that change how it runs
};

// The tests in ctest's order. Error: the text holds no such listing, or a test's name holds a line
// break, so that nothing that ctest prints of it could be understood.
Result<std::vector<Entry>> read_listing(std::string_view text);

// Gives each of `selected` its number in `all`: ctest tells numbers in no listing, but in one of
// all tests they are positions. Error: a test is not among all.
Result<> number_entries(std::vector<Entry>& selected, const std::vector<Entry>& all);

// A unique ID for each of all tests, in their order: the name, which two folders may both use;
// then "NAME (FOLDER)", with the folder below `build`.
std::vector<std::string> ids_of(const std::vector<Entry>& all, std::string_view build);

// Tests that must run in one batch have the same name here, "" for none: those of one fixture
// (what one sets up another needs), and those that DEPENDS puts in an order.
std::vector<std::string> bonds_of(const std::vector<Entry>& all);

// What each of all tests holds while it runs, the same for all of a bond: RUN_SERIAL, RESOURCE_LOCK
// and, where tests run on one machine, PROCESSORS. Fixtures are locks, too: when tests of one run
// again, it is set up in no two batches at a time.
std::vector<Needs> needs_of(const std::vector<Entry>& all, const std::vector<std::string>& bonds,
                            bool one_machine);

}  // namespace offload::framework::ctest
