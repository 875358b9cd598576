#include "offload/report/cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "offload/base/text.hpp"

namespace offload::report {

void SandboxLifetimes::consume(const Event& event) {
    if (const auto* ready = std::get_if<SandboxReady>(&event.body)) {
        auto& living = living_[ready->id];
        if (++living.places == 1) {
            living.since = event.since_start;
            ++count_;
        }
        ids_.emplace(ready->sandbox, ready->id);
    } else if (const auto* ended = std::get_if<SandboxEnded>(&event.body)) {
        const auto id = ids_.find(ended->sandbox);
        if (id == ids_.end()) return;
        const auto found = living_.find(id->second);
        if (--found->second.places == 0) {
            ended_ += std::max(Seconds{0}, event.since_start - found->second.since);
            living_.erase(found);
        }
        ids_.erase(id);
    }
}

Seconds SandboxLifetimes::total(Seconds now) const {
    Seconds total = ended_;
    for (const auto& [id, living] : living_) total += std::max(Seconds{0}, now - living.since);
    return total;
}

double cost_of(Seconds lifetimes, const CostRates& rates) {
    constexpr double kSecondsPerHour = 3600;
    return lifetimes.count() / kSecondsPerHour *
           (rates.cores * rates.per_core_hour + rates.gib * rates.per_gib_hour);
}

std::string describe_cost(std::size_t sandboxes, Seconds lifetimes, const CostRates& rates) {
    const double cost = cost_of(lifetimes, rates);
    const auto memory = rates.gib > 0 ? fmt::format(" and {:g} GiB", rates.gib) : std::string();
    return fmt::format("about ${:.{}f}: {} with {:g} {}{} for {} in all", cost, cost < 1 ? 4 : 2,
                       text::count(sandboxes, "sandbox", "sandboxes"), rates.cores,
                       rates.cores == 1 ? "core" : "cores", memory, text::duration(lifetimes));
}

}  // namespace offload::report
