// What shells are told so that they complete the command line of this program.
#pragma once

#include <span>
#include <string_view>

namespace offload::app {

struct ShellScript {
    std::string_view shell;
    std::string_view script;
};

// Each hands the words to `offload __complete` (complete.hpp) and shows what it answers.
std::span<const ShellScript> completion_scripts();

}  // namespace offload::app
