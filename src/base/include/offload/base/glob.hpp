// Glob patterns over paths, as download_globs understands them.
#pragma once

#include <string_view>

namespace offload {

// `*` and `?` and `[…]` match within one path component, dot files included; `**/` matches zero or
// more components; a trailing `**` matches everything below. Both arguments use `/` and are
// relative; the whole path must match.
bool glob_match(std::string_view pattern, std::string_view path);

}  // namespace offload
