// Discovery of all groups, several at once, on threads of its own.
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

struct DiscoverySettings {
    const framework::Framework& framework;
    const config::Config& config;
    std::string working_folder;
    std::string run_id;
    std::string nonce;
    std::vector<GroupIndex> groups;  // which to discover
};

// Tells the inbox one GroupDiscovered for each group, in any order. Its files live as long as it.
class Discovery {
  public:
    // Error: no temporary folder could be made.
    static Result<std::unique_ptr<Discovery>> start(DiscoverySettings settings, Inbox& inbox);
    ~Discovery();  // cancels what still runs, and waits

    void cancel() { cancel_.cancel(); }

    // Of the run's own, on this machine, for as long as this lives.
    std::string folder() const { return folder_.path().string(); }

  private:
    Discovery(DiscoverySettings settings, TemporaryFolder folder, Inbox& inbox);
    void work();
    GroupDiscovered discover(GroupIndex group);

    DiscoverySettings settings_;
    TemporaryFolder folder_;
    Inbox& inbox_;
    process::CancelSource cancel_;
    std::atomic<std::size_t> next_{0};
    std::vector<std::jthread> threads_;
};

}  // namespace offload::engine
