// What holds of every run, in whatever world.
#pragma once

#include <string>
#include <vector>

#include "offload/model/test_table.hpp"
#include "record.hpp"
#include "world.hpp"

namespace offload::simulation {

// Of a run that has been played: what does not hold, each in a sentence. The grammar of its events
// and the rules of play have been checked while it was played.
std::vector<std::string> broken_invariants(const World& world, const Record& record,
                                           const TestTable& tests);

}  // namespace offload::simulation
