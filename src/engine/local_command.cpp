#include "local_command.hpp"

#include <variant>

#include "offload/base/file.hpp"

namespace offload::engine {

Result<process::Captured> run_here(const framework::DiscoveryCommand& command,
                                   const std::string& working_folder, const std::string& run_id,
                                   const process::Limits& limits,
                                   const process::OutputHandler& watch) {
    for (const auto& file : command.files) {
        OFFLOAD_CHECK(write_file_atomically(file.path, file.content, 0600));
    }
    process::Command child{.argv = {"/bin/sh", "-c", command.command},
                           .env = command.env,
                           .working_folder = working_folder};
    child.env.emplace_back("OFFLOAD_RUN_ID", run_id);
    return process::capture(child, limits, {}, watch);
}

framework::Ended ended_from(const process::End& end) {
    framework::Ended ended{std::nullopt, end.describe()};
    if (const auto* exited = std::get_if<process::Exited>(&end.how);
        exited != nullptr && !end.timed_out && !end.cancelled) {
        ended.exit_status = exited->status;
    }
    return ended;
}

}  // namespace offload::engine
