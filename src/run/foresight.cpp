#include "foresight.hpp"

#include <algorithm>
#include <vector>

namespace offload::run {
namespace {

constexpr Seconds kForecastInterval{1};

}  // namespace

void Foresight::add(GroupIndex group, const Discovered& discovered) {
    // Which tests fall to this machine is known when all groups have answered.
    if (settings_.selection.sharding) return;
    std::vector<TestIndex> fresh;
    for (const auto& item : discovered.tests) {
        if (!selector_.selects({item.id, settings_.groups[group.value()].name, item.file}))
            continue;
        const auto added =
            tests_.add(item.id, group, item.file, TestKind::Test, item.bond, item.needs);
        if (added.is_new) fresh.push_back(added.test.index);
    }
    intake_.add(fresh, tests_, scheduler_);
}

std::size_t Foresight::batches() const {
    if (settings_.selection.sharding) return 0;  // it may be that none does
    return std::max(least_, scheduler_.startable(settings_.slots));
}

std::optional<Forecast> Foresight::forecast(const schedule::Scheduler& scheduler, Seconds now) {
    if (now < next_forecast_) return std::nullopt;
    next_forecast_ = now + kForecastInterval;
    const auto left = scheduler.remaining(now);
    if (!left) return std::nullopt;
    return Forecast{*left};
}

}  // namespace offload::run
