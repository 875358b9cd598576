#include "cargo/archive.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework::nextest {

namespace fs = std::filesystem;

std::vector<std::string> archived_words(const Arguments& arguments) {
    auto words = arguments.config;
    if (arguments.config_file) append(words, {"--config-file", *arguments.config_file});
    if (arguments.profile) append(words, {"--profile", *arguments.profile});
    append(words, arguments.build);
    return words;
}

std::string archive_path(const std::string& folder, const std::string& name) {
    return fmt::format("{}/{}.tar.zst", folder, name);
}

std::string archive_command(const Arguments& arguments, const std::string& path) {
    std::vector<std::string> words = {"cargo", "nextest",          "archive", "--color",
                                      "never", "--archive-format", "tar-zst"};
    append(words, archived_words(arguments));
    // Two groups may do so at once: either's is as good, and one that is there is not replaced.
    return fmt::format(
        "offload_archive={0}\n"
        "if ! [ -s \"$offload_archive\" ]; then\n"
        "{1} --archive-file \"$offload_archive.$$\" >&2 || exit\n"
        "ln \"$offload_archive.$$\" \"$offload_archive\" 2>/dev/null\n"
        "rm -f \"$offload_archive.$$\"\n"
        "fi\n"
        "offload_root=$(cargo locate-project --workspace --message-format plain {2}) || exit\n"
        "printf '%s\\n%s\\n%s\\n' $(($(wc -c < \"$offload_archive\"))) \"${{offload_root%/*}}\" "
        "\"$(pwd -P)\"\n",
        shell::quote(path), shell::join(words), shell::join(arguments.manifest));
}

std::optional<Archive> read_archive(std::string_view text) {
    const auto lines = text::lines(text);
    if (lines.size() < 3) return std::nullopt;
    Archive archive;
    const auto size = lines[0];
    const auto [end, error] =
        std::from_chars(size.data(), size.data() + size.size(), archive.bytes);
    if (error != std::errc{} || end != size.data() + size.size()) return std::nullopt;
    archive.workspace = fs::path(lines[1]).lexically_relative(fs::path(lines[2])).string();
    if (archive.workspace.empty()) return std::nullopt;
    return archive;
}

std::string unpack_once(const Arguments& arguments, const std::string& base,
                        const std::string& workspace) {
    // It has no command that unpacks and does nothing else.
    std::vector<std::string> list = {"list", "--list-type", "binaries-only", "--message-format",
                                     "json", "--color",     "never"};
    append(list, arguments.config);
    if (arguments.config_file) append(list, {"--config-file", *arguments.config_file});
    return fmt::format(
        "{3}() {{\n"
        "if command -v cargo > /dev/null 2>&1; then cargo nextest \"$@\"\n"
        "else cargo-nextest nextest \"$@\"; fi\n"
        "}}\n"
        "offload_build={0}\n"
        "if ! [ -d \"$offload_build\" ]; then\n"
        "rm -rf \"$offload_build.new\"; mkdir \"$offload_build.new\" || exit\n"
        "{3} {1} --archive-file \"$offload_build.tar.zst\" --extract-to \"$offload_build.new\""
        " --workspace-remap {2} > /dev/null || exit\n"
        "mv \"$offload_build.new\" \"$offload_build\" || exit\n"
        "rm -f \"$offload_build.tar.zst\"\n"
        "fi\n"
        "set -- --workspace-remap {2} --target-dir-remap \"$offload_build/target\""
        " --cargo-metadata \"$offload_build/target/nextest/cargo-metadata.json\""
        " --binaries-metadata \"$offload_build/target/nextest/binaries-metadata.json\"\n",
        shell::quote(base), shell::join(list), shell::quote(workspace), kUnpackedNextest);
}

}  // namespace offload::framework::nextest
