// What discovery has told so far, and what it still owes.
//
// Each group that is wanted has one answer in the end, be it an error. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "offload/run/action.hpp"
#include "offload/run/message.hpp"
#include "offload/run/plan.hpp"
#include "offload/run/settings.hpp"

namespace offload::run {

// The command, how it ended, and the end of its output, for people.
std::string discovery_report(const std::string& command, const std::string& how,
                             std::initializer_list<std::string_view> outputs);

// Discovery of this group took longer than `limit`.
Error discovery_timeout(const std::string& group, Seconds limit, const std::string& report);

class Gathering {
  public:
    explicit Gathering(const Settings& settings);

    // Divides the wanted groups into families. Those that this returns are to be discovered by
    // commands of their own; at most `in_workers` wait for a worker.
    std::vector<Family> begin(std::size_t in_workers);

    // The worker that was to discover it was lost, and another one may do it. False: it was lost
    // too often, or this is nothing that only a worker can do.
    bool await_again(const Family& family);

    // Families for which a worker is still to be found.
    std::size_t awaiting_worker() const { return awaiting_.size(); }
    Family take_for_worker();
    // All of these: there will be none.
    std::vector<Family> take_for_commands() { return std::exchange(awaiting_, {}); }

    // Keeps what came. Returns the companions of which nothing was told: each of them needs a
    // discovery of its own, and is owed.
    std::vector<Family> take(GroupDiscovered message);

    // Nothing more is wanted: what is under way still answers, and asks for nothing.
    void abandon();

    bool over() const { return owed_ == 0; }
    bool any_answer() const { return answered_; }
    const std::vector<GroupState>& groups() const { return groups_; }
    // Null where the group's discovery is not over, or failed.
    const Discovered* found(GroupIndex group) const;
    std::shared_ptr<const Carry> carry(GroupIndex group) const;

    // The test table has them now.
    void forget_tests();

  private:
    bool join(std::vector<Family>& families, GroupIndex group) const;
    bool in_sandboxes() const { return settings_.abilities.discovers_in_sandbox; }
    bool may_discover_in_worker(const GroupSettings& group) const;

    const Settings& settings_;
    std::vector<GroupState> groups_;
    std::vector<Family> awaiting_;
    std::map<GroupIndex, int> losses_;  // of workers that were to discover it
    std::size_t owed_ = 0;
    bool answered_ = false;
    bool abandoned_ = false;
};

}  // namespace offload::run
