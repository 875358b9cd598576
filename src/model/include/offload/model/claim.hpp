// What a test needs for itself while it runs, besides the sandbox in which it does.
#pragma once

#include <compare>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace offload {

// So many units of a named resource, which all sandboxes share.
struct Claim {
    std::string resource;
    std::size_t units = 1;

    auto operator<=>(const Claim&) const = default;
};

struct Needs {
    static constexpr std::size_t kAllSlots = std::numeric_limits<std::size_t>::max();

    std::size_t slots = 1;  // of as many as sandboxes may work at once; kAllSlots: it runs alone
    std::vector<Claim> claims = {};

    bool operator==(const Needs&) const = default;
};

}  // namespace offload
