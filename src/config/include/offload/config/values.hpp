// Values of the config that are more than a text or a number.
#pragma once

#include <map>
#include <string>

namespace offload::config {

using Environment = std::map<std::string, std::string>;

struct CopyDir {
    std::string local;
    std::string remote;
};

}  // namespace offload::config
