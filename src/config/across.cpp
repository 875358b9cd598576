#include <fmt/format.h>

#include "sections.hpp"

namespace offload::config {

void check_across(Config& config, TableReader& offload, TableReader& framework,
                  const std::filesystem::path& cwd) {
    const bool local = std::holds_alternative<LocalProvider>(config.provider);
    auto& section = config.offload;
    if (!section.sandbox_project_root) {
        section.sandbox_project_root = section.sandbox_repo_root;
    }
    if (!local && !section.sandbox_project_root) {
        offload.missing("sandbox_project_root",
                        fmt::format("a {} provider must know where the project is inside the "
                                    "sandbox: sandbox_project_root = \"/app\"",
                                    type_name(config.provider)));
    }
    if (local) {
        for (const auto& [key, value] : {std::pair{"sandbox_init_cmd", &section.sandbox_init_cmd},
                                         std::pair{"post_patch_cmd", &section.post_patch_cmd}}) {
            if (!*value) continue;
            offload.warning_at(
                key, fmt::format("offload.{} has no effect with a local provider", key),
                "it is a step of building a sandbox's image, and local runs have none");
        }
    }
    auto* pytest = std::get_if<PytestFramework>(&config.framework.kind);
    if (pytest != nullptr && framework.find("paths") == nullptr &&
        framework.find("command") == nullptr) {
        std::error_code ignored;
        if (std::filesystem::is_directory(working_folder(config, cwd) / "tests", ignored)) {
            pytest->paths = {"tests"};
        }
    }
}

}  // namespace offload::config
