#include "origin.hpp"

#include <charconv>

namespace offload::config {

std::size_t line_of_origin(const Loaded& loaded, const std::string& key) {
    std::size_t line = 0;
    const auto found = loaded.origins.find(key);
    if (found == loaded.origins.end()) return line;
    const std::string& origin = found->second;
    if (const auto colon = origin.rfind(':'); colon != std::string::npos) {
        std::from_chars(origin.data() + colon + 1, origin.data() + origin.size(), line);
    }
    return line;
}

}  // namespace offload::config
