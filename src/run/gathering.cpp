#include "offload/run/gathering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "offload/base/text.hpp"

namespace offload::run {
namespace {

constexpr std::size_t kShownLines = 30;

}  // namespace

std::string discovery_report(const std::string& command, const std::string& how,
                             std::initializer_list<std::string_view> outputs) {
    std::string report = fmt::format("$ {}\n  {}", command, how);
    for (const auto output : outputs) {
        const auto shown = text::last_lines(output, kShownLines);
        for (const auto line : text::lines(shown)) {
            // What stands in frames is told to us, and no word of the runner's.
            if (!line.starts_with('\x1e')) report += fmt::format("\n  | {}", line);
        }
    }
    return report;
}

Error discovery_timeout(const std::string& group, Seconds limit, const std::string& report) {
    return {
        .message = fmt::format("discovery did not end within {:g} s:\n{}", limit.count(), report),
        .place = fmt::format("group {}", group),
        .hint =
            "run the command by hand to see what it waits for, or raise [offload] "
            "discovery_timeout_secs"};
}

Gathering::Gathering(const Settings& settings)
    : settings_(settings), groups_(settings.groups.size()) {}

bool Gathering::may_discover_in_worker(const GroupSettings& group) const {
    const auto& abilities = settings_.abilities;
    if (in_sandboxes()) return true;
    return abilities.same_machine && abilities.passes_stdin && abilities.worker_discovers &&
           !group.alone && !group.apart;
}

// Makes the group a companion of the first one that may tell its tests. False: there is none.
bool Gathering::join(std::vector<Family>& families, GroupIndex group) const {
    const auto& together = settings_.abilities.discovers_together;
    if (!together) return false;
    const auto family = std::ranges::find_if(
        families, [&](const Family& each) { return together(each.group, group); });
    if (family == families.end()) return false;
    family->companions.push_back(group);
    return true;
}

std::vector<Family> Gathering::begin(std::size_t in_workers) {
    std::vector<Family> by_command;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        const auto& group = settings_.groups[i];
        if (!group.wanted) continue;
        ++owed_;
        const GroupIndex index(i);
        if (in_sandboxes()) {
            if (!join(awaiting_, index)) awaiting_.push_back({index});
        } else if (awaiting_.size() < in_workers && may_discover_in_worker(group)) {
            awaiting_.push_back({index});
        } else if (!join(awaiting_, index) && !join(by_command, index)) {
            by_command.push_back({index});
        }
    }
    return by_command;
}

Family Gathering::take_for_worker() {
    auto family = std::move(awaiting_.front());
    awaiting_.erase(awaiting_.begin());
    return family;
}

std::vector<Family> Gathering::take(GroupDiscovered message) {
    answered_ = true;
    std::vector<Companion> told;
    if (message.discovered) told = std::move(message.discovered->companions);
    std::vector<Family> untold;
    for (std::size_t i = 0; i < message.companions.size(); ++i) {
        const auto found = std::ranges::find(told, i, &Companion::position);
        if (found == told.end()) {
            untold.push_back({message.companions[i]});
            continue;
        }
        groups_[message.companions[i].value()] = {
            std::move(found->discovered),
            fmt::format("none of the tests that the discovery of group {} has collected",
                        settings_.groups[message.group.value()].name),
            message.duration};
    }
    groups_[message.group.value()] = {std::move(message.discovered), std::move(message.report),
                                      message.duration};
    if (abandoned_) untold.clear();
    owed_ -= 1 + message.companions.size() - untold.size();
    if (!in_sandboxes()) return untold;
    awaiting_.insert(awaiting_.end(), untold.begin(), untold.end());
    return {};
}

bool Gathering::await_again(const Family& family) {
    constexpr int kMostLosses = 3;
    if (!in_sandboxes() || abandoned_ || ++losses_[family.group] >= kMostLosses) return false;
    awaiting_.push_back(family);
    return true;
}

void Gathering::abandon() {
    abandoned_ = true;
    for (const auto& family : std::exchange(awaiting_, {})) owed_ -= family.size();
}

const Discovered* Gathering::found(GroupIndex group) const {
    const auto& discovered = groups_[group.value()].discovered;
    return discovered && *discovered ? &**discovered : nullptr;
}

std::shared_ptr<const Carry> Gathering::carry(GroupIndex group) const {
    const auto* discovered = found(group);
    return discovered != nullptr ? discovered->carry : nullptr;
}

void Gathering::forget_tests() {
    for (auto& group : groups_) {
        if (group.discovered && *group.discovered) (*group.discovered)->tests = {};
    }
}

}  // namespace offload::run
