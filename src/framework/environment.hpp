// What a project wants in the environment of its runner: [framework] env and prepend_path.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "offload/config/config.hpp"
#include "offload/config/kind.hpp"
#include "offload/config/surroundings.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework {

// Base of the options of kinds that have the two keys. `{root}` in a value is the folder in which
// the runner is started: where tests are discovered on this machine, OFFLOAD_ROOT elsewhere.
struct RunnerEnvironment : config::FrameworkOptions {
    config::Environment env;
    std::vector<std::string> prepend_path;  // folders, relative to that folder or absolute
    // No key: --env NAME=VALUE, which is stronger than what the file says of a variable.
    config::Environment stronger;

    void check(config::Section& section) override;
    // A warning where the program is in none of the folders that the runner's $PATH will have.
    void check_runner(config::Surroundings& surroundings, const std::string& key,
                      const std::string& name) const;
};

template <class Options>
config::Key env_key() {
    return config::key<Options, config::Environment>(
        "env", &Options::env, config::Era::V0_10,
        "Environment variables for discovery and for the tests. `{root}` in a value is the working "
        "folder on this machine, and `OFFLOAD_ROOT` in a sandbox.");
}

template <class Options>
config::Key prepend_path_key() {
    return config::key<Options, std::vector<std::string>>(
        "prepend_path", &Options::prepend_path, config::Era::V0_10,
        "Folders that are put before `PATH`, for discovery and for the tests; relative ones are "
        "below `{root}`.");
}

// For a POSIX shell that stands in the working folder already, in front of the runner's command:
// exports all of it. Empty where there is nothing to export.
std::string exports(const RunnerEnvironment& wanted, const RunContext& context);

}  // namespace offload::framework
