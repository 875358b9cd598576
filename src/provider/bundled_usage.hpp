// What a config's own commands say to a bundled script, looked at before any of them runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offload::provider {

struct BundledMisuse {
    std::string what;  // "@modal_sandbox.py create knows no --cpus"
    std::string hint;
};

// The first thing in a shell's text that the script which it calls would refuse: a command or an
// option that there is not. Nothing where all is well, or where only the shell knows.
std::optional<BundledMisuse> misuse_of_bundled(std::string_view command);

}  // namespace offload::provider
