#include "origin.hpp"

#include <fmt/format.h>

namespace offload::config {

Place place_of_origin(const Loaded& loaded, const std::string& key) {
    if (loaded.origins.contains(key)) return {};
    const auto found = loaded.config->places.find(key);
    return found == loaded.config->places.end() ? Place{} : found->second;
}

std::string origin_of(const Loaded& loaded, const std::string& key) {
    const auto elsewhere = loaded.origins.find(key);
    if (elsewhere != loaded.origins.end()) return elsewhere->second;
    const auto place = place_of_origin(loaded, key);
    return place.line == 0 ? "default"
                           : fmt::format("{}:{}", loaded.config->file.string(), place.line);
}

}  // namespace offload::config
