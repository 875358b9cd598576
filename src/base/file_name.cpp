#include "offload/base/file_name.hpp"

#include <algorithm>
#include <cctype>

namespace offload {

std::string safe_file_name(std::string_view name, std::string_view prefix) {
    constexpr std::size_t kLongest = 100;
    std::string safe(name.substr(0, kLongest));
    std::ranges::replace_if(
        safe,
        [](unsigned char c) {
            return std::isalnum(c) == 0 &&
                   std::string_view("._:@-").find(char(c)) == std::string_view::npos;
        },
        '_');
    if (safe == name && !safe.empty() && !safe.starts_with('.')) return safe;
    return std::string(prefix) + safe;
}

}  // namespace offload
