// offload schema: what offload.toml may hold, for editors and for people.
#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/config/reference.hpp"

namespace offload::app {

CLI::App* declare_schema(CLI::App& program, Options& options) {
    auto* command =
        program.add_subcommand("schema", "Print the JSON schema of offload.toml, for editors");
    command->add_flag("--markdown", options.schema.markdown,
                      "Print the reference of all settings instead, in Markdown");
    command->footer(R"(
Editors that know JSON schemas for TOML (Even Better TOML, Taplo) complete and check a config whose
first line names one. `offload init` writes that line; beside such a file:
  offload schema > offload.schema.json

Exit status: 0 it is printed, 1 it is not.
)");
    return command;
}

int execute_schema(const Options& options) {
    const auto text =
        options.schema.markdown ? config::reference(kinds()) : config::json_schema(kinds());
    return write_stdout(text) ? kSuccess : kFailure;
}

}  // namespace offload::app
