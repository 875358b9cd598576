#include "company.hpp"

#include <fmt/format.h>

#include <ranges>

namespace offload::simulation {
namespace {

bool may_share(const run::GroupSettings& group, run::Way way, const offload::Test& one,
               const offload::Test& other) {
    if (group.apart && run::is_worker(way)) return true;  // it has a process for each
    if (group.by_file) {
        return one.bond == other.bond && (one.bond != 0 || one.file == other.file);
    }
    return !group.alone && !group.apart;
}

}  // namespace

std::vector<std::string> ill_assorted_batches(const World& world, const Record& record,
                                              const TestTable& tests) {
    std::vector<std::string> broken;
    for (const auto& [number, batch] : record.batches) {
        if (batch.tests.empty()) continue;
        const auto& first = tests[batch.tests.front().test];
        const auto& group = world.groups[first.group.value()].settings;
        for (const auto& each : batch.tests | std::views::drop(1)) {
            const auto& other = tests[each.test];
            if (may_share(group, batch.way, first, other)) continue;
            broken.push_back(fmt::format("batch {} holds {} and {}, which are to be apart",
                                         number.value(), first.id, other.id));
            break;
        }
    }
    return broken;
}

}  // namespace offload::simulation
