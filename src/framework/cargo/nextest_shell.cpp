#include "cargo/nextest_shell.hpp"

#include <fmt/format.h>

#include "offload/base/shell.hpp"

namespace offload::framework::nextest {

std::string find_config(const Arguments& arguments) {
    if (arguments.config_file) {
        return fmt::format("offload_config={}", shell::quote(*arguments.config_file));
    }
    return fmt::format(
        "offload_config=$(cargo locate-project --workspace --message-format plain {}) && "
        "offload_config=\"${{offload_config%/*}}/.config/nextest.toml\"",
        shell::join(arguments.manifest));
}

std::string metadata_command(const Arguments& arguments, std::string_view path) {
    std::vector<std::string> metadata = {"cargo", "metadata", "--format-version", "1",
                                         "--all-features"};
    append(metadata, arguments.manifest);
    append(metadata, arguments.metadata);
    const std::string host = R"sh("$(cargo -vV | sed -n 's/^host: //p')")sh";
    const auto platform = arguments.target ? shell::quote(*arguments.target) : host;
    return fmt::format("{0} --filter-platform {1} > {2} 2>/dev/null || rm -f {2}\n",
                       shell::join(metadata), platform, path);
}

std::string build_once(const Arguments& arguments, const std::string& base) {
    std::vector<std::string> list = {"cargo",       "nextest",       "list",
                                     "--list-type", "binaries-only", "--message-format",
                                     "json",        "--color",       "never"};
    append(list, arguments.config);
    if (arguments.config_file) append(list, {"--config-file", *arguments.config_file});
    append(list, arguments.build);
    return fmt::format(
        "offload_build={0}\n"
        "if ! [ -s \"$offload_build.binaries.json\" ]; then\n"
        "{1} > \"$offload_build.new\" || exit\n"
        "{2}"
        "mv \"$offload_build.new\" \"$offload_build.binaries.json\" || exit\n"
        "fi\n"
        "if [ -s \"$offload_build.cargo-metadata.json\" ]; then\n"
        "set -- --binaries-metadata \"$offload_build.binaries.json\""
        " --cargo-metadata \"$offload_build.cargo-metadata.json\"\n"
        "else\n"
        "set -- {3}\n"
        "fi\n",
        shell::quote(base), shell::join(list),
        metadata_command(arguments, "\"$offload_build.cargo-metadata.json\""),
        shell::join(arguments.build));
}

std::string run_text(const std::vector<std::string>& words) {
    return fmt::format(
        "trap : HUP INT TERM\n"
        "offload_run() {{ {} \"$@\"; }}\n"
        "offload_run --message-format libtest-json-plus --message-format-version 0.1 \"$@\" || {{\n"
        "offload_status=$?\n"
        "case $offload_status in\n"
        "2 | 95 | 96) offload_run --message-format human \"$@\" ;;\n"
        "*) exit \"$offload_status\" ;;\n"
        "esac\n"
        "}}\n",
        shell::join(words));
}

}  // namespace offload::framework::nextest
