// What happens in a run, in a line each, for people.
#pragma once

#include <string>

#include "offload/model/test_table.hpp"
#include "offload/run/action.hpp"
#include "offload/run/message.hpp"
#include "world.hpp"

namespace offload::simulation {

std::string line_of(const run::Action& action, const TestTable& tests);
std::string line_of(const run::Message& message);

// The world itself: groups, faults, what its tests do.
std::string describe(const World& world);

}  // namespace offload::simulation
