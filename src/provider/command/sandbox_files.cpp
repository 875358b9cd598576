// Files out of a sandbox through the user's download_command.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "command/sandbox.hpp"
#include "command/substitution.hpp"
#include "files.hpp"
#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"

namespace offload::provider {

namespace fs = std::filesystem;

std::optional<std::string> CommandSandbox::second_way(const std::string& path,
                                                      SteadyTime deadline) {
    if (!shared_->commands.download_command) return std::nullopt;
    const auto folder = TemporaryFolder::create("offload-result-");
    if (!folder) return std::nullopt;
    const auto remote = fs::path(root_) / path;
    const auto local = folder->path() / "result";
    const auto id = quote_id(id_);
    const auto pair = shell::quote(remote.string()) + ":" + shell::quote(local.string());
    const std::array<Replacement, 2> replacements{Replacement{"sandbox_id", id},
                                                  Replacement{"paths", pair}};
    const auto command =
        shared_->lifecycle("download_command",
                           substitute(*shared_->commands.download_command, replacements), deadline);
    if (!run_lifecycle(command)) return std::nullopt;
    return fetch(local).value_or(std::nullopt);
}

Result<> CommandSandbox::download_files(const std::vector<std::string>& paths,
                                        const std::string& target, SteadyTime deadline) {
    if (!shared_->commands.download_command) {
        return RemoteSandbox::download_files(paths, target, deadline);
    }
    for (const auto& path : paths) {
        OFFLOAD_CHECK(make_folder((fs::path(target) / path).parent_path()));
    }
    // The command may run in another folder than this program does.
    std::error_code ignored;
    const auto local = fs::absolute(target, ignored);
    std::string pairs;
    for (const auto& path : paths) {
        pairs += fmt::format("{}{}:{}", pairs.empty() ? "" : " ",
                             shell::quote((fs::path(root_) / path).string()),
                             shell::quote((local / path).string()));
    }
    const auto id = quote_id(id_);
    const std::array<Replacement, 2> replacements{Replacement{"sandbox_id", id},
                                                  Replacement{"paths", pairs}};
    OFFLOAD_CHECK(run_lifecycle(shared_->lifecycle(
        "download_command", substitute(*shared_->commands.download_command, replacements),
        deadline)));
    return {};
}

}  // namespace offload::provider
