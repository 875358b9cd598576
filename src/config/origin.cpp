#include "origin.hpp"

#include <fmt/format.h>

namespace offload::config {

Place place_of_origin(const Loaded& loaded, const std::string& key) {
    return loaded.origins.contains(key) ? Place{} : loaded.config->place_of(key);
}

std::string origin_of(const Loaded& loaded, const std::string& key) {
    const auto elsewhere = loaded.origins.find(key);
    if (elsewhere != loaded.origins.end()) return elsewhere->second;
    const auto place = loaded.config->place_of(key);
    return place.line == 0 ? "default"
                           : fmt::format("{}:{}", loaded.config->file.string(), place.line);
}

}  // namespace offload::config
