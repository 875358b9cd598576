// Scripts that the binary carries, as commands name them: `@name.ext`.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "offload/base/error.hpp"

namespace offload::provider {

// `command` with each `@name.ext` that begins a word replaced by the quoted path of that script,
// which is written to the user's cache folder (XDG) unless it stands there already. Files are named
// by their content and only this user can use them.
// Error: a name that is not known (the message lists the known ones), or the folder is not
// writable.
Result<std::string> resolve_bundled(std::string_view command);

// The path of one script, as above.
Result<std::string> extract_bundled(std::string_view name);

// Whether resolve_bundled() would replace something, known or not.
bool calls_bundled(std::string_view command);

// $XDG_CACHE_HOME/offload, else $HOME/.cache/offload. Not made here.
Result<std::filesystem::path> cache_folder();

}  // namespace offload::provider
