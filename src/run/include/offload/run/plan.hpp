// From what the groups' discoveries found to the tests of this run. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "offload/model/discovered.hpp"
#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"
#include "offload/run/settings.hpp"

namespace offload::run {

// One group's discovery, as far as it is known.
struct GroupState {
    std::optional<Result<Discovered>> discovered;
    std::string report = {};
    Seconds duration{0};
};

struct Plan {
    std::vector<TestIndex> selected;                       // in table order
    std::vector<std::pair<TestIndex, TestResult>> broken;  // modules; in table order
    std::vector<Verdict> carried;                          // of earlier runs; in table order
    std::optional<ShardPlanned> shard;                     // where the selection asks for one
    std::vector<std::size_t> tests_of_group;               // owned tests, by group
    std::vector<std::string> warnings;
    std::vector<std::string> notes;
    std::vector<std::string> details;  // less than notes
    std::vector<Error> errors;         // the run cannot be carried out
};

// Fills `tests` in file order of the groups; a test that two groups select belongs to the first.
// Groups without a `discovered` take no part, except that where the selection carries results over,
// their tests are those that earlier runs have found.
Plan make_plan(const std::vector<GroupSettings>& settings, const std::vector<GroupState>& groups,
               const select::Selection& selection, TestTable& tests);

}  // namespace offload::run
