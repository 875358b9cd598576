// Files compiled into the binary: the pytest plugin, vitest's reporter, the bundled scripts.
//
// The list is in assets/CMakeLists.txt. This module only holds the bytes; writing them to disk
// is for those who need them there.
#pragma once

#include <span>
#include <string_view>

namespace offload::assets {

struct Asset {
    std::string_view name;     // the file's name, e.g. "offload_pytest.py"
    std::string_view content;  // lives as long as the program
};

std::span<const Asset> all();

}  // namespace offload::assets
