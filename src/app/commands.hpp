// The commands. Each has its file, command_NAME.cpp, with how it is declared and what it does; a
// further one is such a file, its two functions here and its row in commands.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string_view>

#include "options.hpp"

namespace offload::app {

// Whether a command is about the project whose config is found here or above (see project.hpp).
enum class Place { Project, Here };

struct Command {
    std::string_view name;
    Place place;
    // Adds the subcommand with its flags, bound to `options`.
    CLI::App* (*declare)(CLI::App& program, Options& options);
    // Does it; returns the exit status.
    int (*execute)(const Options& options);
};

std::span<const Command> commands();

CLI::App* declare_run(CLI::App& program, Options& options);
CLI::App* declare_collect(CLI::App& program, Options& options);
CLI::App* declare_doctor(CLI::App& program, Options& options);
CLI::App* declare_cleanup(CLI::App& program, Options& options);
CLI::App* declare_build(CLI::App& program, Options& options);
CLI::App* declare_checkpoint_status(CLI::App& program, Options& options);
CLI::App* declare_validate(CLI::App& program, Options& options);
CLI::App* declare_init(CLI::App& program, Options& options);
CLI::App* declare_schema(CLI::App& program, Options& options);
CLI::App* declare_completions(CLI::App& program, Options& options);
CLI::App* declare_man(CLI::App& program, Options& options);
CLI::App* declare_logs(CLI::App& program, Options& options);
CLI::App* declare_merge(CLI::App& program, Options& options);
CLI::App* declare_report(CLI::App& program, Options& options);
CLI::App* declare_history(CLI::App& program, Options& options);

int execute_run(const Options& options);
int execute_collect(const Options& options);
int execute_doctor(const Options& options);
int execute_cleanup(const Options& options);
int execute_build(const Options& options);
int execute_checkpoint_status(const Options& options);
int execute_validate(const Options& options);
int execute_init(const Options& options);
int execute_schema(const Options& options);
int execute_completions(const Options& options);
int execute_man(const Options& options);
int execute_logs(const Options& options);
int execute_merge(const Options& options);
int execute_report(const Options& options);
int execute_history(const Options& options);

std::string_view version();

// One argument for each time the flag is given, never more: what follows is a test ID.
CLI::Option* one_each(CLI::Option* option);

}  // namespace offload::app
