// What the session that concludes a run wrote → what the user is told of it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"

namespace offload::framework {

// A command that wrote nothing and exited with 0 had nothing to conclude.
Conclusion read_pytest_conclusion(const std::string& nonce, const Ended& ended,
                                  std::string_view out, std::string_view err);

}  // namespace offload::framework
