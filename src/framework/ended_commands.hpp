// What those share who say why a command ended otherwise than it should have.
#pragma once

#include <cstddef>

namespace offload::framework {

// What a shell's exit status says of a command that it could not start: POSIX.1-2017, Shell Command
// Language, 2.8.2. What is greater tells of a signal.
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

// So much of a command's output stands in an error.
inline constexpr std::size_t kShownOutputLines = 20;

}  // namespace offload::framework
