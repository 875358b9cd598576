#include "offload/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "selecting.hpp"

namespace offload::run {
namespace {

constexpr std::size_t kExamples = 3;

// Tests that two groups select, counted by pair of groups.
class Overlaps {
  public:
    void add(const Test& owned, GroupIndex also) {
        for (auto& overlap : overlaps_) {
            if (overlap.owner == owned.group && overlap.also == also) {
                ++overlap.count;
                if (overlap.examples.size() < kExamples) overlap.examples.push_back(owned.id);
                return;
            }
        }
        overlaps_.push_back({owned.group, also, 1, {owned.id}});
    }

    void report(const std::vector<GroupSettings>& groups,
                std::vector<std::string>& warnings) const {
        for (const auto& overlap : overlaps_) {
            warnings.push_back(fmt::format(
                "{} selected by group {} and by group {}: run once, as part of {} ({}{})",
                overlap.count == 1 ? "1 test is" : fmt::format("{} tests are", overlap.count),
                groups[overlap.owner.value()].name, groups[overlap.also.value()].name,
                groups[overlap.owner.value()].name, fmt::join(overlap.examples, ", "),
                overlap.count > overlap.examples.size() ? ", …" : ""));
        }
    }

  private:
    struct Overlap {
        GroupIndex owner;
        GroupIndex also;
        std::size_t count;
        std::vector<std::string> examples;
    };
    std::vector<Overlap> overlaps_;
};

void add_group(const GroupSettings& group, GroupIndex index, const Discovered& discovered,
               TestTable& tests, Overlaps& overlaps, Plan& plan) {
    for (const auto& warning : discovered.warnings) {
        plan.warnings.push_back(fmt::format("group {}: {}", group.name, warning));
    }
    const auto add_new = [](const std::vector<std::string>& texts, std::vector<std::string>& to) {
        for (const auto& text : texts) {
            if (std::ranges::count(to, text) == 0) to.push_back(text);
        }
    };
    add_new(discovered.notes, plan.notes);
    add_new(discovered.details, plan.details);
    for (const auto& item : discovered.tests) {
        const auto [test, is_new] =
            tests.add(item.id, index, item.file, TestKind::Test, item.bond, item.needs);
        if (is_new) {
            ++plan.tests_of_group[index.value()];
        } else if (test.group != index) {
            overlaps.add(test, index);
        }
    }
    for (const auto& broken : discovered.broken) {
        const auto [test, is_new] =
            tests.add(broken.id, index, broken.id, TestKind::CollectionError);
        if (is_new) plan.broken.emplace_back(test.index, broken.result);
    }
    if (discovered.tests.empty() && discovered.broken.empty()) {
        plan.notes.push_back(fmt::format("group {} has no tests", group.name));
    }
}

}  // namespace

Plan make_plan(const std::vector<GroupSettings>& settings, const std::vector<GroupState>& groups,
               const select::Selection& selection, TestTable& tests) {
    Plan plan;
    plan.tests_of_group.resize(groups.size());
    Overlaps overlaps;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto& state = groups[i];
        if (!state.discovered) continue;
        if (!*state.discovered) {
            auto error = state.discovered->error();
            if (error.place.empty()) error.place = fmt::format("group {}", settings[i].name);
            plan.errors.push_back(std::move(error));
            continue;
        }
        add_group(settings[i], GroupIndex(i), **state.discovered, tests, overlaps, plan);
    }
    overlaps.report(settings, plan.warnings);
    for (const auto& test : tests) {
        if (test.kind == TestKind::Test) plan.selected.push_back(test.index);
    }
    if (!selection.is_everything()) narrow(selection, settings, tests, plan);

    if (plan.errors.empty() && plan.selected.empty() && plan.broken.empty() &&
        plan.carried.empty() && !(plan.shard && !plan.shard->whole.empty())) {
        Error none{.message = "no tests found", .place = {}, .hint = {}};
        for (std::size_t i = 0; i < groups.size(); ++i) {
            if (!groups[i].discovered) continue;
            none.causes.push_back(
                {.message = groups[i].report, .place = fmt::format("group {}", settings[i].name)});
        }
        none.hint = "run these commands by hand; check paths and filters in the config";
        plan.errors.push_back(std::move(none));
    }
    return plan;
}

}  // namespace offload::run
