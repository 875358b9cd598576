// The user's own commands around a run: setup_command and teardown_command, of the run and of its
// groups. They run on this machine, one after the other, in the folder in which tests are found.
//
// What a setup writes to the file $OFFLOAD_ENV, lines of KEY=VALUE, becomes part of the environment
// of what comes after it: of discovery, of the tests (a group's own only of that group's) and of
// the teardown.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "messages.hpp"
#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/config/config.hpp"
#include "offload/process/cancel.hpp"
#include "offload/process/child.hpp"

namespace offload::engine {

// Whether the config asks for any, for these groups (empty: all).
bool has_setup_commands(const config::Config& config, const std::vector<std::string>& only_groups);

struct SetupSettings {
    const config::Config& config;
    const std::vector<std::string>& only_groups;
    std::string working_folder;
    std::string run_id;
    std::string folder;     // for files of this run, while it lasts
    Variables environment;  // what the config sets for commands on this machine
};

class SetupCommands {
  public:
    // `settings` refers to what outlives it.
    SetupCommands(SetupSettings settings, Inbox& inbox);
    ~SetupCommands();  // cancels what still runs, and waits

    // The run's, then those of groups in the order of the file; the first that fails is the last.
    // Tells a run::SetUpOver in the end.
    void set_up();
    void cancel_setup() { setup_cancel_.cancel(); }

    // Of all whose setup was begun, however it ended, the last first, and all of them, whatever
    // becomes of one. Not cancellable: bounded by [offload] teardown_timeout_secs each. Tells a
    // run::TornDown in the end.
    void tear_down();

    // What a group's commands find in their environment. To be asked once setup is over.
    Variables variables_of(const config::Group& group) const;

    // What the one that runs has said last, since this was asked before; empty: nothing.
    std::string last_words();

  private:
    struct Step {
        const config::Group* group = nullptr;  // null: the run
        const std::optional<std::string>* setup = nullptr;
        const std::optional<std::string>* teardown = nullptr;
        Variables variables = {};
        bool begun = false;
    };
    struct Job {
        std::string_view key;  // "setup_command"
        const std::string& command;
        std::chrono::seconds limit;
        process::CancelToken cancel;
        std::string env_file;  // empty: nothing is asked of it
    };
    Result<> set_up(Step& step, std::size_t number);
    Result<> run(const Step& step, const Job& job);
    Variables environment_of(const Step& step) const;
    // With the key by its section, and where the config has it.
    Error trouble_of(const Step& step, std::string_view key, std::string what) const;

    SetupSettings settings_;
    Inbox& inbox_;
    std::vector<Step> steps_;  // the run's first
    process::CancelSource setup_cancel_;
    process::CancelSource teardown_cancel_;  // only where nobody waits for it any more
    std::mutex words_mutex_;
    std::string words_;
    std::jthread thread_;
};

}  // namespace offload::engine
