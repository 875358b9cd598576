// Whether a run has something to put in the place of what earlier runs have left.
//
// Reports of earlier runs stand until then: a run that ends before its first test, or whose tests
// could not be found, replaces nothing (TRAPS 61). From then on nothing of theirs stands under a
// name that is this run's (TRAPS 4).
#pragma once

#include "offload/model/event.hpp"

namespace offload {

class Substance {
  public:
    // To be asked with every event, before anything else is done with it. True once: with the
    // event by which the run comes to have something, be it only that its tests cannot be run.
    bool comes_with(const Event& event);

    bool is_there() const { return there_; }

  private:
    bool planned_ = false;
    bool there_ = false;
};

}  // namespace offload
