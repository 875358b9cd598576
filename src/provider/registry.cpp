#include <fmt/format.h>

#include <variant>

#include "command/command.hpp"
#include "docker/docker.hpp"
#include "local/local.hpp"
#include "modal/modal.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {
namespace {

struct Maker {
    const config::Config& config;
    const std::string& working_folder;

    using Made = Result<std::unique_ptr<Provider>>;

    Made operator()(const config::LocalProvider&) const {
        return std::make_unique<LocalProvider>(config, working_folder);
    }
    Made operator()(const config::CommandProvider&) const {
        return CommandProvider::create_from(config);
    }
    Made operator()(const config::DockerProvider&) const {
        return docker::DockerProvider::create_from(config);
    }
    Made operator()(const config::ModalProvider&) const {
        return ModalProvider::create_from(config);
    }
};

}  // namespace

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
    return std::visit(Maker{config, working_folder}, config.provider);
}

}  // namespace offload::provider
