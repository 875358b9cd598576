// The words with which users call a test runner, and command lines made of them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offload::framework {

using Words = std::vector<std::string>;

void append(Words& words, const Words& more);

// NAME=VALUE, as a shell takes it in front of a command.
bool is_assignment(std::string_view word);

// For a shell. `command = "DEBUG=1 pytest"`: leading assignments are the shell's, as the user meant
// them.
std::string invocation(const Words& prefix, const Words& arguments);

}  // namespace offload::framework
