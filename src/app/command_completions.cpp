// offload completions: what a shell is told so that it completes this program's command line.
#include <algorithm>

#include "commands.hpp"
#include "completion_scripts.hpp"
#include "console.hpp"
#include "exit_status.hpp"

namespace offload::app {

CLI::App* declare_completions(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("completions", "Print what makes a shell complete this");
    std::vector<std::string> shells;
    for (const auto& each : completion_scripts()) shells.emplace_back(each.shell);
    command->add_option("SHELL", options.completions.shell, "Which one: bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember(shells));
    command->footer(R"(
Commands, flags, their values, files and the names of the config's groups are completed.

For bash, in ~/.bashrc:
  source <(offload completions bash)
For zsh, in ~/.zshrc behind compinit:
  source <(offload completions zsh)
For fish, once:
  offload completions fish > ~/.config/fish/completions/offload.fish

Exit status: 0 it is printed, 1 it is not.
)");
    return command;
}

int execute_completions(const Options& options) {
    const auto scripts = completion_scripts();
    const auto script = std::ranges::find(scripts, options.completions.shell, &ShellScript::shell);
    return write_stdout(script->script) ? kSuccess : kFailure;
}

}  // namespace offload::app
