// Which tests have shared a process.
#pragma once

#include <string>
#include <vector>

#include "offload/model/test_table.hpp"
#include "record.hpp"
#include "world.hpp"

namespace offload::simulation {

// Each batch that holds tests of which one should have been without the other, in a sentence.
std::vector<std::string> ill_assorted_batches(const World& world, const Record& record,
                                              const TestTable& tests);

}  // namespace offload::simulation
