// What tests share, watched as the events of a run tell who holds it.
#pragma once

#include <string>
#include <vector>

#include "offload/model/test_table.hpp"
#include "record.hpp"
#include "world.hpp"

namespace offload::simulation {

// Each moment in which batches held more than there is, in a sentence; and each batch whose tests
// do not need the same.
std::vector<std::string> overdrawn_resources(const World& world, const Record& record,
                                             const TestTable& tests);

}  // namespace offload::simulation
