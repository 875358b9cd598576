// What discovery in a made-up world hands on to its batches.
#pragma once

#include "offload/model/discovered.hpp"

namespace offload::simulation {

struct GroupCarry : Carry {
    explicit GroupCarry(bool may_have_worker) : worker(may_have_worker) {}
    bool worker;
};

}  // namespace offload::simulation
