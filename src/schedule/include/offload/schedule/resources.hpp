// Who may hold what: slots and named resources, of which there are so many units. Pure.
//
// Needs are interned: what is equal has the same number. All that one holder needs it takes at
// once or not at all, so that no two can wait for each other.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "offload/model/claim.hpp"

namespace offload::schedule {

using Capacities = std::map<std::string, std::size_t>;

class Resources {
  public:
    // A resource without a capacity has one unit. A need of more than there is takes all of it.
    Resources(std::size_t slots, Capacities capacities);

    // Number 0 are the needs of a test that needs nothing but its slot.
    std::size_t intern(const Needs& needs);

    static bool is_plain(std::size_t needs) { return needs == 0; }
    // Whether one more holder can have these now.
    bool free(std::size_t needs) const;
    void take(std::size_t needs);
    void give_back(std::size_t needs);

    // How many more holders named resources leave room for.
    std::size_t room(std::size_t needs) const;
    // It takes all slots: nothing else runs meanwhile.
    bool is_alone(std::size_t needs) const;

  private:
    struct Resource {
        std::size_t capacity = 1;
        std::size_t held = 0;
    };
    struct Known {
        std::size_t slots = 1;
        std::vector<std::pair<std::size_t, std::size_t>> units;  // by resource

        auto operator<=>(const Known&) const = default;
    };

    std::size_t slots_;
    Capacities capacities_;
    std::vector<Resource> resources_;
    std::unordered_map<std::string, std::size_t> names_;
    std::vector<Known> needs_;
    std::map<Known, std::size_t> numbers_;
    std::size_t slots_held_ = 0;
    std::size_t wide_held_ = 0;  // holders of more than one slot
};

}  // namespace offload::schedule
