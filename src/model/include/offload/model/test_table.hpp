// Which tests exist, and in which group. Append-only.
//
// Owned and changed on the thread that drives the run alone. A Test's address never changes, so a
// pointer to one may be handed to other threads through a mailbox.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "offload/model/claim.hpp"
#include "offload/model/ids.hpp"

namespace offload {

enum class TestKind {
    Test,             // can be run
    CollectionError,  // a module that could not be collected; errored from the start, never run
    RunnerFailure,    // a batch whose runner says that something besides its tests is wrong
};

struct Test {
    TestIndex index;
    std::string id;  // exactly as discovery printed it
    GroupIndex group;
    std::string file;  // what the test shares fixtures with (pytest: the module); may be empty
    TestKind kind = TestKind::Test;
    std::uint32_t bond = 0;  // tests of one bond need each other; 0: of none
    Needs needs = {};        // as discovery told them; the group's own come to these
};

class TestTable {
  public:
    struct Added {
        const Test& test;  // the one that stands in the table now
        bool is_new;       // false: the ID was there already, and nothing changed
    };
    Added add(std::string id, GroupIndex group, std::string file = {},
              TestKind kind = TestKind::Test, const std::string& bond = {}, Needs needs = {});

    const Test& operator[](TestIndex index) const { return tests_[index.value()]; }
    const Test* find(std::string_view id) const;  // null when unknown
    std::size_t size() const { return tests_.size(); }
    auto begin() const { return tests_.begin(); }
    auto end() const { return tests_.end(); }

  private:
    std::deque<Test> tests_;
    std::unordered_map<std::string_view, TestIndex> by_id_;  // views into tests_
    std::unordered_map<std::string, std::uint32_t> bonds_;
};

}  // namespace offload
