// What those share who say why a command ended otherwise than it should have.
#pragma once

#include <cstddef>

namespace offload::framework {

// So much of a command's output stands in an error.
inline constexpr std::size_t kShownOutputLines = 20;

}  // namespace offload::framework
