#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "command/kind.hpp"
#include "docker/kind.hpp"
#include "local/kind.hpp"
#include "modal/kind.hpp"
#include "offload/provider/kind.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

std::span<const Kind* const> kinds() {
    static const std::array all = {&local_kind(), &command_kind(), &docker::docker_kind(),
                                   &modal_kind()};
    return all;
}

std::unique_ptr<Sandbox> Provider::place_in(const std::string& /*id*/,
                                            const SandboxSpec& /*spec*/) {
    return nullptr;
}

Result<> Provider::destroy_by_id(const std::string& id, SteadyTime /*deadline*/) {
    return fail(fmt::format("a {} provider cannot destroy {} after its run", name(), id));
}

Result<std::string> Provider::unfinished_creation(const std::string& /*run_id*/,
                                                  SandboxNumber /*number*/,
                                                  SteadyTime /*deadline*/) {
    return fail(Error{.message = "the ID of the sandbox is not known",
                      .place = {},
                      .hint = "look for it where the provider lists its sandboxes"});
}

Result<std::unique_ptr<Provider>> make_provider(const config::Config& config,
                                                const std::string& working_folder) {
    for (const auto* kind : kinds()) {
        if (kind->declared.names.front() == config.provider.type) {
            return kind->make(config, working_folder);
        }
    }
    return fail(fmt::format("there is no provider of type \"{}\"", config.provider.type));
}

}  // namespace offload::provider
