#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "expand.hpp"
#include "offload/base/shell.hpp"
#include "offload/config/load.hpp"
#include "origin.hpp"

namespace offload::config {
namespace {

namespace fs = std::filesystem;

class Surroundings {
  public:
    Surroundings(const Loaded& loaded, const Lookup& lookup)
        : loaded_(loaded), config_(*loaded.config), lookup_(lookup) {}

    std::vector<Diagnostic> check();

  private:
    // The line of a setting, taken from its origin; the whole file where it has none.
    void warn(const std::string& key, std::string message, std::string hint) {
        Diagnostic diagnostic{Diagnostic::Severity::Warning,
                              config_.file.string(),
                              0,
                              0,
                              std::move(message),
                              std::move(hint)};
        diagnostic.line = line_of_origin(loaded_, key);
        out_.push_back(std::move(diagnostic));
    }

    bool exists(const fs::path& path) const {
        std::error_code ignored;
        return fs::exists(path, ignored);
    }

    bool has_tool(const std::string& name, const fs::path& folder) const;
    void check_tool(const std::string& key, const std::string& name, const fs::path& folder);
    void check_command(const std::string& key, const std::string& command, const fs::path& folder);
    void check_copy_dirs(const std::string& key, const std::vector<CopyDir>& pairs);
    void check_provider();
    void check_framework(const fs::path& folder);

    const Loaded& loaded_;
    const Config& config_;
    const Lookup& lookup_;
    const fs::path cwd_ = fs::current_path();
    std::vector<Diagnostic> out_;
};

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
        if (equals != std::string::npos && is_variable_name(word.substr(0, equals))) continue;
        if (word.find_first_of("$@{*?~") != std::string::npos) return "";
        if (std::find(kNotPrograms.begin(), kNotPrograms.end(), word) != kNotPrograms.end()) {
            return "";
        }
        return word;
    }
    return "";
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
        if (exists(cwd_ / pair.local)) continue;
        warn(key, fmt::format("{} names {}, which does not exist", key, pair.local),
             "nothing can be copied from there");
    }
}

void Surroundings::check_provider() {
    if (const auto* local = std::get_if<LocalProvider>(&config_.provider)) {
        check_tool("provider.shell", local->shell, cwd_);
    } else if (const auto* command = std::get_if<CommandProvider>(&config_.provider)) {
        const fs::path folder = cwd_ / command->working_dir.value_or("");
        if (!exists(folder)) {
            warn("provider.working_dir",
                 fmt::format("provider.working_dir is {}, which does not exist",
                             *command->working_dir),
                 "the lifecycle commands cannot run there");
        }
        check_command("provider.create_command", command->create_command, folder);
        check_command("provider.exec_command", command->exec_command, folder);
        check_command("provider.destroy_command", command->destroy_command, folder);
        if (command->prepare_command) {
            check_command("provider.prepare_command", *command->prepare_command, folder);
        }
        if (command->download_command) {
            check_command("provider.download_command", *command->download_command, folder);
        }
        check_copy_dirs("provider.copy_dirs", command->copy_dirs);
    } else if (const auto* modal = std::get_if<ModalProvider>(&config_.provider)) {
        if (modal->dockerfile && !exists(cwd_ / *modal->dockerfile)) {
            warn("provider.dockerfile",
                 fmt::format("provider.dockerfile is {}, which does not exist", *modal->dockerfile),
                 "the image cannot be built without it");
        }
        if (!has_tool("uv", cwd_) && !has_tool("python3", cwd_)) {
            warn("provider.type", "a modal provider needs uv or python3, and neither is in $PATH",
                 "install uv: it brings the Modal client along");
        }
        check_copy_dirs("provider.copy_dirs", modal->copy_dirs);
    } else if (const auto* docker = std::get_if<DockerProvider>(&config_.provider)) {
        if (docker->dockerfile && !exists(cwd_ / *docker->dockerfile)) {
            warn(
                "provider.dockerfile",
                fmt::format("provider.dockerfile is {}, which does not exist", *docker->dockerfile),
                "the image cannot be built without it");
        }
        if (!has_tool(docker->engine, cwd_)) {
            warn("provider.engine", fmt::format("the program {} is not in $PATH", docker->engine),
                 "images are built and pulled with it; containers need none");
        }
        check_copy_dirs("provider.copy_dirs", docker->copy_dirs);
    }
    for (const auto& pair : config_.extra_copy_dirs) {
        if (exists(cwd_ / pair.local)) continue;
        out_.push_back({Diagnostic::Severity::Warning, "--copy-dir", 0, 0,
                        fmt::format("{} does not exist", pair.local),
                        "nothing can be copied from there"});
    }
}

void Surroundings::check_framework(const fs::path& folder) {
    if (const auto* pytest = std::get_if<PytestFramework>(&config_.framework.kind)) {
        const auto named = loaded_.origins.find("framework.command");
        const bool command = named != loaded_.origins.end() && named->second != "default";
        check_tool(command ? "framework.command" : "framework.python", pytest->prefix.front(),
                   folder);
        for (const auto& path : pytest->paths) {
            // node IDs are paths, too
            const std::string file = path.substr(0, path.find("::"));
            if (file.find_first_of("*?[") != std::string::npos || exists(folder / file)) continue;
            warn("framework.paths",
                 fmt::format("framework.paths names {}, which does not exist in {}", file,
                             folder.string()),
                 "pytest will refuse to collect");
        }
    } else if (std::holds_alternative<CargoFramework>(config_.framework.kind)) {
        if (!has_tool("cargo", folder)) {
            warn("framework.type", "cargo is not in $PATH", "install Rust from rustup.rs");
        } else if (!has_tool("cargo-nextest", folder) &&
                   !exists(fs::path(lookup_("CARGO_HOME")
                                        .value_or(lookup_("HOME").value_or("") + "/.cargo")) /
                           "bin/cargo-nextest")) {
            warn("framework.type", "cargo-nextest is not in $PATH",
                 "cargo install cargo-nextest --locked");
        }
    } else if (const auto* ctest = std::get_if<CtestFramework>(&config_.framework.kind)) {
        check_tool("framework.type", "ctest", folder);
        if (!exists(folder / ctest->build_dir / "CTestTestfile.cmake")) {
            warn("framework.build_dir",
                 fmt::format("framework.build_dir is {}, which holds no CTestTestfile.cmake",
                             ctest->build_dir),
                 "configure and build the project before a run");
        }
    } else if (const auto* commands = std::get_if<CommandFramework>(&config_.framework.kind)) {
        check_command("framework.discover_command", commands->discover_command, folder);
    }
}

std::vector<Diagnostic> Surroundings::check() {
    const fs::path folder = working_folder(config_, cwd_);
    if (!exists(folder)) {
        const char* key = config_.framework.working_dir ? "framework.working_dir"
                          : config_.offload.working_dir ? "offload.working_dir"
                                                        : "provider.working_dir";
        warn(key, fmt::format("{} is {}, which does not exist", key, folder.string()),
             "tests cannot be discovered there");
    } else {
        check_framework(folder);
    }
    check_provider();
    return std::move(out_);
}

}  // namespace

std::vector<Diagnostic> check_surroundings(const Loaded& loaded, const Lookup& lookup) {
    return Surroundings(loaded, lookup).check();
}

}  // namespace offload::config
