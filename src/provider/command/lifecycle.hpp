// Runs the user's lifecycle commands on this machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/process/cancel.hpp"
#include "offload/process/child.hpp"
#include "offload/provider/provider.hpp"
#include "remote/script.hpp"

namespace offload::provider {

struct Lifecycle {
    std::string_view key;  // as in the config, for messages: "create_command"
    std::string text;      // for sh -c
    std::string working_folder;
    Variables env;
    SteadyTime deadline;
    process::CancelToken cancel;
    bool ends_by_timeout_secs = false;  // the deadline is what the config says
};

// The arguments with which a text that is meant for `sh -c` is run: the program itself where no
// shell is needed, which saves one.
std::vector<std::string> arguments_for(const std::string& text);

// What a shell would see to besides: $PWD, where it is exported but not right. Empty `folder`: this
// process's own.
Variables environment_in(const std::string& folder);

// process::run() of such a text in `command`, whose `argv` does not count.
process::End run_text(const std::string& text, process::Command command,
                      const process::Limits& limits, const process::OutputHandler& output,
                      const ScriptInput& input = {});

// Its stdout. `progress` may be empty; else it gets the output as it comes.
// Error: it did not exit with 0; the message has the status and the end of its output.
Result<std::string> run_lifecycle(const Lifecycle& command, const OutputHandler& progress = {});

// "KEY failed: exit status 3", with the last lines of what it said.
Error lifecycle_error(const Lifecycle& command, const process::End& end, std::string_view out,
                      std::string_view err);

}  // namespace offload::provider
