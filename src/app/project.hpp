// Which project is meant by one who has not named a config: the one whose offload.toml is here, or
// in the nearest folder above, as cargo and git find theirs.
#pragma once

#include <filesystem>
#include <optional>

#include "commands.hpp"
#include "offload/base/error.hpp"
#include "options.hpp"

namespace offload::app {

// The nearest folder at or above `from` (absolute) that holds an offload.toml. The way up ends
//  - below `home`: what lies there concerns all that its owner does;
//  - where another file system begins: what is above a mounted folder is somebody else's;
//  - below a folder in which everybody may write (/tmp): a config says what commands to run.
// Nothing: there is none on that way.
std::optional<std::filesystem::path> find_project(const std::filesystem::path& from,
                                                  const std::filesystem::path& home);

// `find_project` from the current folder, with the user's home.
std::optional<std::filesystem::path> find_project();

// Enters the project's folder, where the command is about a project, no config was named and there
// is none here, and says so on stderr. From then on all is as if the program had been called there:
// only paths on the command line, and names of tests that begin with one, are still those that the
// user sees, and are made to mean the same from there. Error: the folder cannot be entered.
Result<> enter_project(const Command& command, Options& options);

}  // namespace offload::app
