#include <fmt/format.h>

#include "offload/config/load.hpp"
#include "origin.hpp"

namespace offload::config {
std::vector<Diagnostic> unbuilt_features(const Loaded& loaded) {
    using Severity = Diagnostic::Severity;
    const Config& config = *loaded.config;
    std::vector<Diagnostic> out;
    const auto add = [&](Severity severity, const std::string& key, std::string message,
                         std::string hint) {
        out.push_back({severity, config.file.string(), line_of_origin(loaded, key), 0,
                       std::move(message), std::move(hint)});
    };
    if (std::holds_alternative<VitestFramework>(config.framework.kind)) {
        add(Severity::Error, "framework.type",
            "framework.type is \"vitest\", which this version cannot run",
            "type = \"default\" can: vitest list as discover_command, vitest run "
            "--reporter=junit as run_command");
    }
    // A local provider has no image; those of Modal and Docker do as they say, and so does Modal's
    // script.
    const auto* commands = std::get_if<CommandProvider>(&config.provider);
    const bool builds = std::holds_alternative<ModalProvider>(config.provider) ||
                        (commands != nullptr && commands->prepare_command &&
                         commands->prepare_command->find("@modal_sandbox.py") != std::string::npos);
    if (commands != nullptr && !builds) {
        const auto& section = config.offload;
        for (const auto& [key, value] : {std::pair{"sandbox_init_cmd", &section.sandbox_init_cmd},
                                         std::pair{"post_patch_cmd", &section.post_patch_cmd}}) {
            if (!*value) continue;
            add(Severity::Error, fmt::format("offload.{}", key),
                fmt::format("offload.{} is not carried out by this version, and tests would run "
                            "in an image without its effect",
                            key),
                "do the same in the Dockerfile or in prepare_command, and remove the key");
        }
    }
    if (config.checkpoint.present && !builds) {
        add(Severity::Warning, "checkpoint.build_inputs",
            "[checkpoint] has no effect with this provider; results are the same without it",
            "type = \"modal\" and @modal_sandbox.py build images in layers");
    }
    return out;
}

}  // namespace offload::config
