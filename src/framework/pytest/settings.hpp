// Which settings of its own pytest has in a project, for what `init` suggests.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace offload::framework {

struct PytestSettings {
    std::string file;  // that has them; empty: there are none
    // What is set there: "testpaths". A list's words are quoted as for a shell; numbers and the
    // like are left empty.
    std::map<std::string, std::string> values;
};

// pytest's own order: the first of its files that has a section of pytest's decides. Files that
// cannot be read have none.
PytestSettings pytest_settings(const std::filesystem::path& folder);

}  // namespace offload::framework
