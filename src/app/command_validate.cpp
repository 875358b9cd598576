// offload validate: is the config right, and what does it mean?
#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/config/load.hpp"

namespace offload::app {

CLI::App* declare_validate(CLI::App& program, Options& options) {
    auto* command =
        program.add_subcommand("validate", "Check the config and show what it comes to");
    command->add_flag("--show-values", options.validate.show_values,
                      "Show what ${VAR} comes to, not how it is written");
    command->footer(R"(
Problems go to stderr, each with file:line:column. The effective settings go to stdout, each with
its value and where it comes from. ${VAR} is shown as it is written; --show-values shows its value,
but never that of a variable whose name looks like a secret's (TOKEN, KEY, PASSWORD). What is
missing outside the file (a Dockerfile, a tool) is a warning.

Exit status: 0 the config is right, 1 it is not.
)");
    return command;
}

int execute_validate(const Options& options) {
    const auto loaded = load_config(options.global);
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    auto unbuilt = config::unbuilt_features(loaded);
    for (auto& diagnostic : unbuilt) {
        if (diagnostic.severity == config::Diagnostic::Severity::Error) {
            diagnostic.severity = config::Diagnostic::Severity::Warning;
            diagnostic.message = "offload run will refuse this config: " + diagnostic.message;
        }
    }
    print(unbuilt);
    print(config::check_surroundings(loaded, config::process_environment()));
    const auto values =
        options.validate.show_values ? config::Values::Expanded : config::Values::AsWritten;
    return write_stdout(config::summary(loaded, kinds(), values)) ? kSuccess : kFailure;
}

}  // namespace offload::app
