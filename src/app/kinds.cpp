#include "kinds.hpp"

#include <filesystem>

#include "offload/framework/kind.hpp"
#include "offload/provider/kind.hpp"

namespace offload::app {

const config::Kinds& kinds() {
    static const config::Kinds all = [] {
        config::Kinds out;
        for (const auto* kind : provider::kinds()) out.providers.push_back(&kind->declared);
        for (const auto* kind : framework::kinds()) out.frameworks.push_back(&kind->declared);
        return out;
    }();
    return all;
}

config::Loaded load_config(const GlobalOptions& global, const config::Overrides& overrides) {
    return config::load(global.config, kinds(), overrides, config::process_environment());
}

Result<std::unique_ptr<provider::Provider>> make_provider(const config::Config& config) {
    const auto folder = config::working_folder(config, std::filesystem::current_path());
    return provider::make_provider(config, folder.string());
}

}  // namespace offload::app
