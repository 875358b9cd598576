#include "local/kind.hpp"

#include "local/local.hpp"
#include "local/options.hpp"
#include "offload/config/surroundings.hpp"

namespace offload::provider {
namespace {

using config::Era;
using config::key;

config::ProviderKind declare() {
    using S = LocalOptions;
    return {
        .names = {"local"},
        .doc = "Every sandbox is a process on this machine, in the project's folder.",
        .keys =
            {
                key("working_dir", &S::working_dir, Era::V0_4,
                    "The folder in which tests are found and run, where no other section says so.",
                    {.otherwise = "the current folder"}),
                key("env", &S::env, Era::V0_4,
                    "Environment variables for the tests; `${HOME}` and `${PORT:-8080}` are "
                    "expanded."),
                key("shell", &S::shell, Era::V0_4, "Runs the commands, as `SHELL -c COMMAND`.",
                    {.if_empty = "try \"/bin/sh\""}),
            },
        .fresh = [] { return std::make_shared<S>(); },
        .init =
            [](const config::InitRequest&) {
                return config::InitSection{.own = {{"env", "{ APP_ENV = \"test\" }", false}},
                                           .group = {}};
            },
    };
}

Result<std::unique_ptr<Provider>> make(const config::Config& config,
                                       const std::string& working_folder) {
    return std::make_unique<LocalProvider>(config, working_folder);
}

}  // namespace

void LocalOptions::look_around(config::Surroundings& surroundings) const {
    surroundings.check_tool("provider.shell", shell, surroundings.here());
}

const Kind& local_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::provider
