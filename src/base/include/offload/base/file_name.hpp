// Names from outside as names of files.
#pragma once

#include <string>
#include <string_view>

namespace offload {

// A name that stays in its folder and that every file system takes: of up to 100 letters, digits
// and
// `._:@-`. `name` itself where it is one; otherwise what can be kept of it, behind `prefix`, which
// has to tell it from others that are alike then.
std::string safe_file_name(std::string_view name, std::string_view prefix);

}  // namespace offload
