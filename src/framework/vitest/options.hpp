// What [framework] says of type "vitest".
#pragma once

#include <string>
#include <vector>

#include "environment.hpp"

namespace offload::framework {

struct VitestOptions final : RunnerEnvironment {
    std::vector<std::string> command = {"npx", "vitest"};
    std::vector<std::string> run_args;  // execution only

    void check(config::Section& section) override;
    void look_for_runner(config::Surroundings& surroundings) const override;
};

}  // namespace offload::framework
