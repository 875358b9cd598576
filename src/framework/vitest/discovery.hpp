// What our reporter tells in a discovery → what exists. Pure.
#pragma once

#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"

namespace offload::framework::vitest {

// `shown`: the command for messages. Errors as Framework::read_discovery.
Result<Discovered> read_discovery(const std::string& shown, const std::string& nonce,
                                  const Ended& ended, std::string_view out, std::string_view err);

}  // namespace offload::framework::vitest
