// Which settings of its own pytest has in a project, for what `init` suggests.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace offload::framework {

struct PytestSettings {
    std::string file;            // that has them; empty: there are none
    std::set<std::string> keys;  // that are set there: "testpaths"
};

// pytest's own order: the first of its files that has a section of pytest's decides. Files that
// cannot be read have none.
PytestSettings pytest_settings(const std::filesystem::path& folder);

}  // namespace offload::framework
