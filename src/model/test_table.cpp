#include "offload/model/test_table.hpp"

#include <utility>

namespace offload {

TestTable::Added TestTable::add(std::string id, GroupIndex group, std::string file, TestKind kind,
                                const std::string& bond, Needs needs) {
    if (const Test* known = find(id)) return {*known, false};
    const auto next = static_cast<std::uint32_t>(bonds_.size() + 1);
    const auto number = bond.empty() ? 0 : bonds_.try_emplace(bond, next).first->second;
    const TestIndex index(tests_.size());
    const Test& test = tests_.emplace_back(
        Test{index, std::move(id), group, std::move(file), kind, number, std::move(needs)});
    by_id_.emplace(test.id, index);
    return {test, true};
}

const Test* TestTable::find(std::string_view id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &tests_[found->second.value()];
}

}  // namespace offload
