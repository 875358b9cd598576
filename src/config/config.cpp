#include "offload/config/config.hpp"

namespace offload::config {

std::filesystem::path working_folder(const Config& config, const std::filesystem::path& cwd) {
    std::filesystem::path chosen;
    if (config.framework.working_dir) {
        chosen = *config.framework.working_dir;
    } else if (config.offload.working_dir) {
        chosen = *config.offload.working_dir;
    } else if (const auto* local = std::get_if<LocalProvider>(&config.provider);
               local != nullptr && local->working_dir) {
        chosen = *local->working_dir;
    }
    auto folder = (cwd / chosen).lexically_normal();
    return folder.has_filename() || folder == folder.root_path() ? folder : folder.parent_path();
}

std::string_view type_name(const Provider& provider) {
    if (std::holds_alternative<LocalProvider>(provider)) return "local";
    if (std::holds_alternative<CommandProvider>(provider)) return "default";
    if (std::holds_alternative<DockerProvider>(provider)) return "docker";
    return "modal";
}

}  // namespace offload::config
