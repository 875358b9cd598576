// Discovery of groups, several at once, on threads of its own.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "messages.hpp"
#include "offload/base/file.hpp"
#include "offload/config/config.hpp"
#include "offload/framework/framework.hpp"
#include "offload/process/cancel.hpp"
#include "plan.hpp"

namespace offload::engine {

// The command, how it ended, and the end of its output, for people.
std::string discovery_report(const std::string& command, const std::string& how,
                             std::initializer_list<std::string_view> outputs);

// Discovery of this group took too long.
Error discovery_timeout(const config::Config& config, const config::Group& group,
                        const std::string& report);

// So many groups are discovered at once.
std::size_t parallel_discoveries(const config::Config& config);

// Whether a selection of groups by name (empty: all) includes this one.
bool is_wanted(const config::Group& group, const std::vector<std::string>& only_groups);

// Groups whose tests one command tells, as far as it can.
struct Family {
    GroupIndex group;
    std::vector<GroupIndex> companions = {};

    std::size_t size() const { return 1 + companions.size(); }
};

// Makes the group a companion of the first one that may tell its tests. False: there is none.
bool join(std::vector<Family>& families, GroupIndex group, const framework::Framework& framework,
          const config::Config& config);

framework::Groups groups_of(const std::vector<GroupIndex>& indices, const config::Config& config);

// Keeps what a discovery found. Returns the companions of which it told nothing: each of them needs
// a discovery of its own.
std::vector<Family> keep(GroupDiscovered& message, const config::Config& config,
                         std::vector<GroupState>& groups);

struct DiscoverySettings {
    const framework::Framework& framework;
    const config::Config& config;
    std::string working_folder;
    std::string run_id;
    std::string nonce;
};

// Tells the inbox one GroupDiscovered for each family, in any order. Its files live as long as it.
class Discovery {
  public:
    // Error: no temporary folder could be made.
    static Result<std::unique_ptr<Discovery>> create(DiscoverySettings settings, Inbox& inbox);
    ~Discovery();  // cancels what still runs, and waits

    // Begins to discover these.
    void add(std::vector<Family> families);

    void cancel() { cancel_.cancel(); }

    // Of the run's own, on this machine, for as long as this lives.
    std::string folder() const { return folder_.path().string(); }

  private:
    Discovery(DiscoverySettings settings, TemporaryFolder folder, Inbox& inbox);
    struct Round {
        std::vector<Family> families;
        std::atomic<std::size_t> next{0};
    };
    void work(Round& round);
    GroupDiscovered discover(const Family& family);

    DiscoverySettings settings_;
    TemporaryFolder folder_;
    Inbox& inbox_;
    process::CancelSource cancel_;
    std::vector<std::jthread> threads_;
};

}  // namespace offload::engine
