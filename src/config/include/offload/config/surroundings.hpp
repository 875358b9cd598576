// What a config needs outside the file: folders, tools, variables. Each thing that is missing
// becomes a warning with the line of its setting.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "offload/config/load.hpp"

namespace offload::config {

class Surroundings {
  public:
    // `loaded` holds a config. `lookup` also says what $PATH is.
    Surroundings(const Loaded& loaded, const Lookup& lookup);

    // Where this program was called, and where tests are discovered; both absolute.
    const std::filesystem::path& here() const { return here_; }
    const std::filesystem::path& tests_folder() const { return tests_folder_; }
    std::optional<std::string> variable(const std::string& name) const { return lookup_(name); }
    // Whether the file sets a key: "framework.command".
    bool given(const std::string& key) const;

    static bool exists(const std::filesystem::path& path);
    // A program by its name, or by its path from `folder`.
    bool has_tool(const std::string& name, const std::filesystem::path& folder) const;

    void warn(const std::string& key, std::string message, std::string hint);
    void check_tool(const std::string& key, const std::string& name,
                    const std::filesystem::path& folder);
    // The program that a shell command plainly calls, and the variables that it names.
    void check_command(const std::string& key, const std::string& command,
                       const std::filesystem::path& folder);
    void check_copy_dirs(const std::string& key, const std::vector<CopyDir>& pairs);
    // A file or folder that the config names.
    void check_exists(const std::string& key, const std::string& path, std::string hint);

    std::vector<Diagnostic> check() &&;

  private:
    const Loaded& loaded_;
    const Config& config_;
    const Lookup& lookup_;
    std::filesystem::path here_;
    std::filesystem::path tests_folder_;
    std::vector<Diagnostic> out_;
};

}  // namespace offload::config
