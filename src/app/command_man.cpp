// offload man: the manual, for man(1).
#include <fmt/format.h>

#include <filesystem>

#include "commands.hpp"
#include "console.hpp"
#include "declaration.hpp"
#include "exit_status.hpp"
#include "manual.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::app {
namespace {

Result<> write_all(const CLI::App& program, const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(system_error(fmt::format("cannot make {}", folder.string()), error.value()));
    }
    OFFLOAD_CHECK(
        write_file_atomically(folder / "offload.1", manual_of_program(program, version())));
    for (const auto* command : all_commands(program)) {
        OFFLOAD_CHECK(
            write_file_atomically(folder / fmt::format("offload-{}.1", command->get_name()),
                                  manual_of_command(*command, program, version())));
    }
    return {};
}

Result<> print_page(const CLI::App& program, const std::string& about) {
    if (about.empty()) return write_stdout(manual_of_program(program, version()));
    std::vector<std::string> names;
    for (const auto* command : all_commands(program)) {
        if (command->get_name() == about) {
            return write_stdout(manual_of_command(*command, program, version()));
        }
        names.push_back(command->get_name());
    }
    const auto near = text::nearest(about, names);
    return fail(Error{.message = fmt::format("there is no command {}", about),
                      .hint = near.empty() ? "`offload --help` lists the commands"
                                           : fmt::format("did you mean {}?", near)});
}

}  // namespace

CLI::App* declare_man(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("man", "Print the manual of a command, for man(1)");
    command->add_option("COMMAND", options.man.about, "The command (the program as a whole)");
    command->add_option("--dir", options.man.dir, "Write all pages into this folder instead")
        ->type_name("DIR");
    command->footer(R"(
What it prints is for man; `offload help COMMAND` says the same in short.

Examples:
  offload man run | man -l -
  offload man --dir ~/.local/share/man/man1

Exit status: 0 printed or written, 1 there is no such command, or a file could not be written.
)");
    return command;
}

int execute_man(const Options& options) {
    Options unused;
    const auto declared = declare(unused);
    const auto& man = options.man;
    const auto done = man.dir.empty() ? print_page(*declared->program, man.about)
                                      : write_all(*declared->program, man.dir);
    if (done) return kSuccess;
    print(done.error());
    return kFailure;
}

}  // namespace offload::app
