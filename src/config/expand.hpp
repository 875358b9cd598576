// `${VAR}` in texts of the config, and what is left to a shell. Pure but for the lookup.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offload/config/load.hpp"

namespace offload::config {

struct Expansion {
    std::string text;
    std::vector<std::string> unset;      // variables without a value and without a default
    std::vector<std::string> malformed;  // "${" that begins no reference; left as it stands
    std::vector<std::string> secrets;    // values that came from variables with secret names
};

// ${VAR}, ${VAR:-default} (for a variable that is unset or empty, as in a shell; the default is
// expanded in its turn), $${ for a literal ${. Every other $ stays.
Expansion expand(std::string_view text, const Lookup& lookup);

// The ${VAR} of a shell's text that would be empty there: neither set nor assigned in that text.
// What single quotes or a backslash protect, and forms that say what to do without a value
// (${VAR:-x}, ${VAR:?x}, …), do not count.
std::vector<std::string> unset_in_shell_text(std::string_view text, const Lookup& lookup);

// The same for references without braces: $VAR.
std::vector<std::string> unset_plain_in_shell_text(std::string_view text, const Lookup& lookup);

// TOKEN, KEY, SECRET, PASSWORD, … anywhere in the name, in any case.
bool looks_secret(std::string_view name);

}  // namespace offload::config
