// The folder of reports, kept out of the project's git repository.
#pragma once

#include <filesystem>
#include <string>

#include "offload/base/error.hpp"

namespace offload::app {

enum class Ignored {
    No,       // it is no folder of a git repository, or there is no git
    Already,  // by whatever rule
    Now       // by a line at the end of .gitignore
};

// Has git ignore `name`, a folder in `folder`, of which nothing else in .gitignore changes.
// Error: the file cannot be written.
Result<Ignored> ignore_in_git(const std::filesystem::path& folder, const std::string& name);

}  // namespace offload::app
