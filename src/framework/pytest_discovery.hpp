// What pytest's discovery wrote → what exists. Pure.
#pragma once

#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"

namespace offload::framework {

// How the group's batches must run; Discovered::carry of pytest.
struct PytestCarry {
    bool plain = false;         // the plugin could not be loaded
    std::string bytecode = {};  // on this machine: where discovery left compiled test modules
    std::string coverage = {};  // likewise: where batches leave coverage data
};

// `shown`: the command for messages. `carry` goes with what the plugin told. Errors as
// Framework::read_discovery.
Result<Discovered> read_pytest_discovery(const std::string& shown, const std::string& nonce,
                                         PytestCarry carry, const Ended& ended,
                                         std::string_view out, std::string_view err);

}  // namespace offload::framework
