#pragma once

#include <string>

#include "offload/config/load.hpp"

namespace offload::config {

// The line of the file from which a setting comes; 0 where it comes from elsewhere.
std::size_t line_of_origin(const Loaded& loaded, const std::string& key);

}  // namespace offload::config
