// What the patterns of download_globs mean, for every sort of sandbox.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

// Without `./`, doubled slashes and the like, in the same order. Error: one is empty, is absolute
// or holds `..`.
Result<std::vector<std::string>> normal_globs(const std::vector<std::string>& globs);

// `some` of the `normal` ones, as the user has written them.
std::vector<std::string> as_written(std::span<const std::string> globs,
                                    std::span<const std::string> normal,
                                    std::span<const std::string> some);

// The folder in which all matches lie: the components before the first that is a pattern. Empty:
// the working folder itself.
std::string literal_folder(std::string_view glob);

// The same folders without those that lie in another of them.
std::vector<std::string> literal_folders(std::span<const std::string> globs);

// A pattern of `find -path` (POSIX fnmatch without a flag) that lets at least everything through
// that the glob could match in one of its meanings. Begins with `./`.
std::string find_pattern(std::string_view glob);

// Those that match none of `paths`, though they are patterns.
std::vector<std::string> idle_patterns(std::span<const std::string> globs,
                                       std::span<const std::string> paths);

// As `find -path` takes it: `*`, `?` and `[…]` match a `/`, too.
bool matches_across_folders(const std::string& glob, const std::string& path);

// What is wanted of `paths`: what a glob matches, and of a pattern that matches nothing, what it
// does across folders.
Artefacts choose(std::span<const std::string> globs, std::span<const std::string> paths);

// Those of `patterns` that match one of `paths` across folders.
std::vector<std::string> matching_across_folders(std::span<const std::string> patterns,
                                                 std::span<const std::string> paths);

}  // namespace offload::provider
