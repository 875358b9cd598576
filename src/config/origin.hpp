#pragma once

#include <string>

#include "offload/config/load.hpp"

namespace offload::config {

// Of the setting in the file; 0:0 where its value comes from elsewhere.
Place place_of_origin(const Loaded& loaded, const std::string& key);

}  // namespace offload::config
