// From a world in which a run fails to a smaller one in which it still does.
#pragma once

#include <functional>

#include "world.hpp"

namespace offload::simulation {

// Takes out tests, groups' peculiarities and faults, one by one or many at once, for as long as
// `fails` holds of what is left.
World shrink(World world, const std::function<bool(const World&)>& fails);

}  // namespace offload::simulation
