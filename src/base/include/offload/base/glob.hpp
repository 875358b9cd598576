// Glob patterns over paths, as download_globs understands them.
#pragma once

#include <string_view>

namespace offload {

// `*` and `?` and `[…]` match within one path component, dot files included; `**/` matches zero or
// more components; a trailing `**` matches everything below. Both arguments use `/` and are
// relative; the whole path must match.
bool glob_match(std::string_view pattern, std::string_view path);

// Whether a path or a glob names something below the folder that it is relative to: it is not
// empty, not absolute and holds no `..`.
bool stays_inside(std::string_view relative);

}  // namespace offload
