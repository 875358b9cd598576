// Discovery of groups, several at once, on threads of its own.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "messages.hpp"
#include "offload/base/file.hpp"
#include "offload/config/config.hpp"
#include "offload/framework/framework.hpp"
#include "offload/process/cancel.hpp"
#include "offload/run/action.hpp"

namespace offload::engine {

// So many groups are discovered at once.
std::size_t parallel_discoveries(const config::Config& config);

// Whether a selection of groups by name (empty: all) includes this one.
bool is_wanted(const config::Group& group, const std::vector<std::string>& only_groups);

framework::Groups groups_of(const std::vector<GroupIndex>& indices, const config::Config& config);

using VariablesOf = std::function<Variables(const config::Group&)>;

struct DiscoverySettings {
    const framework::Framework& framework;
    const config::Config& config;
    std::string working_folder;
    std::string run_id;
    std::string nonce;
    framework::Destination destination = framework::Destination::Here;
};

// Tells the inbox one run::GroupDiscovered for each family, in any order. Its files live as long as
// it.
class Discovery {
  public:
    // Error: no temporary folder could be made.
    static Result<std::unique_ptr<Discovery>> create(DiscoverySettings settings, Inbox& inbox);
    ~Discovery();  // cancels what still runs, and waits

    // What a group's commands find in their environment besides; to be said before add(), and asked
    // on any thread.
    void add_variables(VariablesOf variables) { variables_ = std::move(variables); }

    // Begins to discover these.
    void add(std::vector<run::Family> families);

    void cancel() { cancel_.cancel(); }

    // What one of its commands has told people last, since this was asked before; empty: nothing.
    std::string last_words();

    // Of the run's own, on this machine, for as long as this lives.
    std::string folder() const { return folder_.path().string(); }

  private:
    Discovery(DiscoverySettings settings, TemporaryFolder folder, Inbox& inbox);
    struct Round {
        std::vector<run::Family> families;
        std::atomic<std::size_t> next{0};
    };
    void work(Round& round);
    run::GroupDiscovered discover(const run::Family& family);

    DiscoverySettings settings_;
    TemporaryFolder folder_;
    Inbox& inbox_;
    VariablesOf variables_;
    std::mutex words_mutex_;
    std::string words_;
    process::CancelSource cancel_;
    std::vector<std::jthread> threads_;
};

}  // namespace offload::engine
