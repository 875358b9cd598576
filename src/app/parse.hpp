// The command line → Options, or what to print instead. Pure: executes nothing.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "options.hpp"

namespace offload::app {

// Help, the version, or what is wrong with the command line.
struct Answer {
    std::string text;
    bool to_stdout = true;
    int exit_status = 0;
};

struct Chosen {
    const Command* command;
    Options options;
};

// `arguments` without the program's name. A command line that cannot be understood has exit status
// 1: 2 means flaky tests.
std::variant<Chosen, Answer> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace offload::app
