// The command line as CLI11's tree of commands and options. Parsing, help, completions and man
// pages all read this one declaration.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace offload::app {

struct Declaration {
    std::unique_ptr<CLI::App> program;
    std::vector<CLI::App*> commands;  // in the order of commands()
    const CLI::App* help = nullptr;   // the command of that name, which has no options
    std::vector<std::string> help_about;
    const CLI::Option* config = nullptr;
};

// Bound to `options`, and into the returned object: both outlive the parsing.
std::unique_ptr<Declaration> declare(Options& options);

// The commands of `app` itself, in the order of their declaration.
std::vector<const CLI::App*> all_commands(const CLI::App& app);

// How the footer of each command begins: the flags that count everywhere.
inline constexpr std::string_view kEverywhere = "Everywhere: ";

// What an option or a positional argument takes.
enum class ValueKind { None, Choice, File, Folder, Group, Command, Other };
struct Value {
    ValueKind kind = ValueKind::Other;
    std::string name;                  // "PATH", as help shows it
    std::vector<std::string> choices;  // ValueKind::Choice
};
Value value_of(const CLI::Option& option);

}  // namespace offload::app
