#include <fmt/format.h>

#include <array>
#include <tuple>

#include "offload/config/load.hpp"
#include "origin.hpp"

namespace offload::config {

std::vector<Diagnostic> unbuilt_features(const Loaded& loaded) {
    using Severity = Diagnostic::Severity;
    const Config& config = *loaded.config;
    std::vector<Diagnostic> out;
    const auto add = [&](Severity severity, const std::string& key, std::string message,
                         std::string hint) {
        const auto [line, column] = place_of_origin(loaded, key);
        out.push_back(
            {severity, config.file.string(), line, column, std::move(message), std::move(hint)});
    };
    if (const auto complaint = config.framework.options->unbuilt()) {
        add(Severity::Error, "framework.type", complaint->message, complaint->hint);
    }
    // A provider of this machine has no image; that these steps are idle there is told at load.
    const auto& provider = *config.provider.options;
    if (!provider.runs_here()) {
        const auto& section = config.offload;
        const std::array keys{
            std::tuple{"sandbox_init_cmd", &section.sandbox_init_cmd,
                       provider.initialises_images()},
            std::tuple{"post_patch_cmd", &section.post_patch_cmd, provider.completes_images()}};
        for (const auto& [key, value, is_done] : keys) {
            if (!*value || is_done) continue;
            add(Severity::Error, fmt::format("offload.{}", key),
                fmt::format("offload.{} is not carried out by this version, and tests would run "
                            "in an image without its effect",
                            key),
                "do the same in the Dockerfile or in prepare_command, and remove the key");
        }
    }
    if (config.checkpoint.present && !provider.builds_layers()) {
        add(Severity::Warning, "checkpoint.build_inputs",
            "[checkpoint] has no effect with this provider; results are the same without it",
            "type = \"modal\" and @modal_sandbox.py build images in layers");
    }
    return out;
}

}  // namespace offload::config
