// What [framework] says of type "pytest".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "../environment.hpp"
#include "offload/config/kind.hpp"

namespace offload::framework {

// What a pytest process collects before it runs tests.
enum class PytestCollect {
    Auto,   // what might make a difference
    All,    // all that discovery collects
    Files,  // the files of its own tests
};

// Whether workers on this machine are forks of the process that has collected.
enum class PytestFork {
    Auto,  // where nothing speaks against it
    Off,
};

struct PytestOptions final : RunnerEnvironment {
    std::vector<std::string> paths;
    std::vector<std::string> run_args;        // execution only
    std::vector<std::string> discovery_args;  // discovery only
    std::optional<std::string> markers;       // -m, only for groups without filters
    std::vector<std::string> command = {"python", "-m", "pytest"};
    std::string python = "python";
    std::vector<std::string> extra_args;
    PytestCollect collect = PytestCollect::Auto;
    PytestFork fork = PytestFork::Auto;
    config::Isolation isolated = config::Isolation::Worker;
    bool as_xdist = true;  // workers and batches present themselves as workers of pytest-xdist's

    // The words before pytest's own arguments: `command`, or of python and extra_args.
    std::vector<std::string> prefix = {"python", "-m", "pytest"};

    void check(config::Section& section) override;
    void complete(const std::filesystem::path& folder, config::Section& section) override;
    void look_for_runner(config::Surroundings& surroundings) const override;
    void look_around(config::Surroundings& surroundings) const override;
    std::vector<config::DerivedLine> derived() const override;
    config::Isolation isolation() const override { return isolated; }
};

}  // namespace offload::framework
