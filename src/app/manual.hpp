// Man pages of the command line, made of its declaration. Pure.
//
// Written for man(7), the macros that every man understands.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace offload::app {

// offload(1). `version`: "1.0.0".
std::string manual_of_program(const CLI::App& program, std::string_view version);

// offload-COMMAND(1), for a command of `program`.
std::string manual_of_command(const CLI::App& command, const CLI::App& program,
                              std::string_view version);

}  // namespace offload::app
