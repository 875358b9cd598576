// Which keys there are, and where they belong: what a misspelt or misplaced key is compared with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offload::config {

// What to say of a key that [section] does not know; `type` is the section's `type`, or "".
// Groups are asked for as "groups.NAME", keys outside every section as "".
std::string hint_for_unknown_key(std::string_view section, std::string_view type,
                                 std::string_view key);

std::vector<std::string> known_sections();

}  // namespace offload::config
