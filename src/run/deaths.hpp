// Batches that died without a test that could be blamed for it: which of them nothing explains.
//
// The tests of such a batch run again in smaller ones. Where one of them fails there, takes its
// runner down or never runs, that says enough. Where all of them come to a good end, the death
// would be forgotten, although the framework's own runner would have ended in it.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "offload/model/ids.hpp"

namespace offload::run {

class Deaths {
  public:
    struct Death {
        BatchNumber batch;
        GroupIndex group;
        std::string how;
        std::string last_output;
        std::vector<TestIndex> tests;  // that had no result yet
    };

    void add(Death death) { deaths_.push_back(std::move(death)); }

    // `ended_well`: whether a test passed or was skipped, at its first attempt.
    template <class Predicate>
    std::vector<Death> take_unexplained(Predicate ended_well) {
        std::erase_if(deaths_, [&](const Death& death) {
            return !std::ranges::all_of(death.tests, ended_well);
        });
        return std::exchange(deaths_, {});
    }

  private:
    std::vector<Death> deaths_;
};

}  // namespace offload::run
