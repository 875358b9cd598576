// Files on this machine: handing them to a command, fetching its result, copying trees.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "offload/base/error.hpp"

namespace offload::provider {

// True for `folder` itself, too. Both are taken as they are written: no links are resolved.
bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder);

// Writes a file that only this user can read, and makes the folders above it. Not flushed to disk:
// it is for the command that follows at once.
Result<> hand_over(const std::filesystem::path& path, std::string_view content);

// The whole of a regular file; nothing when there is none. Never waits for a pipe or a device that
// stands in its place, but for a while where this process has no descriptor left.
// Error: it has more than kMostResultBytes (ErrorKind::TooLong).
Result<std::optional<std::string>> fetch(const std::filesystem::path& path);

// The same, but never an error: of a larger file the last kKeptOutput bytes.
std::optional<std::string> fetch_end(const std::filesystem::path& path);

// Removes a file or a link, whatever it leads to; that there is none is no error. A folder is.
Result<> remove_file(const std::filesystem::path& path);

// Copies what is below `from` to below `to`, links as links. What vanishes, changes or cannot be
// read meanwhile is left out; so are sockets and devices, and folders whose names begin with
// `left_out` (this run's own sandboxes, which may lie inside the tree).
// Error: `from` is no folder, or writing failed.
Result<> copy_tree(const std::filesystem::path& from, const std::filesystem::path& to,
                   std::string_view left_out);

}  // namespace offload::provider
