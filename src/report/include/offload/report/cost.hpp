// What the sandboxes of a run cost, roughly: their lifetimes, times what one of them has, times a
// rate. Start-up time that is not billed, discounts and minimum charges are left out.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "offload/base/time.hpp"
#include "offload/model/event.hpp"

namespace offload::report {

struct CostRates {
    double cores = 1;  // of one sandbox
    double gib = 0;
    double per_core_hour = 0;
    double per_gib_hour = 0;
};

// Adds up how long sandboxes have lived. What the provider knows as one counts once.
class SandboxLifetimes {
  public:
    void consume(const Event& event);
    std::size_t count() const { return count_; }
    // Those that still live count up to `now`, since the start of the run.
    Seconds total(Seconds now) const;

  private:
    struct Living {
        Seconds since{0};
        std::size_t places = 0;  // sandboxes of the run that are in it
    };
    std::map<std::string, Living> living_;  // by the provider's ID
    std::map<SandboxNumber, std::string> ids_;
    Seconds ended_{0};
    std::size_t count_ = 0;
};

double cost_of(Seconds lifetimes, const CostRates& rates);

// "about $0.21: 12 sandboxes with 2 cores and 4 GiB for 34m 05s in all"
std::string describe_cost(std::size_t sandboxes, Seconds lifetimes, const CostRates& rates);

}  // namespace offload::report
