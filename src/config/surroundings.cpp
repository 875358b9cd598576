#include "offload/config/surroundings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "expand.hpp"
#include "offload/base/shell.hpp"
#include "origin.hpp"

namespace offload::config {
namespace {

namespace fs = std::filesystem;

// The first word of a shell command, where that is plainly a program.
std::string program_of(const std::string& command) {
    constexpr std::array<std::string_view, 34> kNotPrograms = {
        "cd",     "if",    "for",    "while", "until",   "case", "set",   "export", "test",
        "[",      "[[",    "echo",   "true",  "false",   "eval", "exec",  "exit",   ".",
        "source", "{",     "(",      "!",     "unset",   "trap", "umask", "ulimit", "wait",
        "read",   "local", "printf", "pwd",   "command", ":",    "alias"};
    const std::string head = command.substr(0, command.find_first_of("\n;|&()<>`"));
    const auto words = shell::split(head);
    if (!words) return "";
    for (const auto& word : *words) {
        const auto equals = word.find('=');
        if (equals != std::string::npos && shell::is_variable_name(word.substr(0, equals)))
            continue;
        if (word.find_first_of("$@{*?~") != std::string::npos) return "";
        if (std::find(kNotPrograms.begin(), kNotPrograms.end(), word) != kNotPrograms.end()) {
            return "";
        }
        return word;
    }
    return "";
}

}  // namespace

Surroundings::Surroundings(const Loaded& loaded, const Lookup& lookup)
    : loaded_(loaded),
      config_(*loaded.config),
      lookup_(lookup),
      here_(fs::current_path()),
      tests_folder_(working_folder(config_, here_)) {}

bool Surroundings::given(const std::string& key) const {
    return origin_of(loaded_, key) != "default";
}

bool Surroundings::exists(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

void Surroundings::warn(const std::string& key, std::string message, std::string hint) {
    const auto [line, column] = place_of_origin(loaded_, key);
    out_.push_back({Diagnostic::Severity::Warning, config_.file.string(), line, column,
                    std::move(message), std::move(hint)});
}

bool Surroundings::has_tool(const std::string& name, const fs::path& folder) const {
    if (name.find('/') != std::string::npos) return ::access((folder / name).c_str(), X_OK) == 0;
    const std::string path = lookup_("PATH").value_or("/usr/bin:/bin");
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        const fs::path candidate = fs::path(path.substr(at, end - at)) / name;
        std::error_code ignored;
        if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

void Surroundings::check_tool(const std::string& key, const std::string& name,
                              const fs::path& folder) {
    if (name.empty() || has_tool(name, folder)) return;
    const bool path = name.find('/') != std::string::npos;
    warn(key,
         path ? fmt::format("{} calls {}, which is no program in {}", key, name, folder.string())
              : fmt::format("{} calls {}, which is not in $PATH", key, name),
         "install it, or correct the setting");
}

void Surroundings::check_command(const std::string& key, const std::string& command,
                                 const fs::path& folder) {
    check_tool(key, program_of(command), folder);
    for (const auto& name : unset_plain_in_shell_text(command, lookup_)) {
        warn(key, fmt::format("{} refers to ${}, but that variable is not set", key, name),
             "it will be empty unless something sets it before the command runs");
    }
}

void Surroundings::check_copy_dirs(const std::string& key, const std::vector<CopyDir>& pairs) {
    for (const auto& pair : pairs) {
        if (exists(here_ / pair.local)) continue;
        warn(key, fmt::format("{} names {}, which does not exist", key, pair.local),
             "nothing can be copied from there");
    }
}

void Surroundings::check_exists(const std::string& key, const std::string& path, std::string hint) {
    if (exists(here_ / path)) return;
    warn(key, fmt::format("{} is {}, which does not exist", key, path), std::move(hint));
}

std::vector<Diagnostic> Surroundings::check() && {
    if (!exists(tests_folder_)) {
        const char* key = config_.framework.working_dir ? "framework.working_dir"
                          : config_.offload.working_dir ? "offload.working_dir"
                                                        : "provider.working_dir";
        warn(key, fmt::format("{} is {}, which does not exist", key, tests_folder_.string()),
             "tests cannot be discovered there");
    } else {
        const auto& framework = *config_.framework.options;
        if (framework.discover_in == DiscoverIn::Here) framework.look_for_runner(*this);
        framework.look_around(*this);
    }
    config_.provider.options->look_around(*this);
    for (const auto& pair : config_.extra_copy_dirs) {
        if (exists(here_ / pair.local)) continue;
        out_.push_back({Diagnostic::Severity::Warning, "--copy-dir", 0, 0,
                        fmt::format("{} does not exist", pair.local),
                        "nothing can be copied from there"});
    }
    return std::move(out_);
}

std::vector<Diagnostic> check_surroundings(const Loaded& loaded, const Lookup& lookup) {
    return Surroundings(loaded, lookup).check();
}

}  // namespace offload::config
