// What this process has changed about itself and must not hand on to its children.
#pragma once

#include <sys/resource.h>

#include <optional>

namespace offload::process {

// The soft limit of open files from before prepare_this_process(); nothing when it was not changed.
std::optional<rlim_t> original_file_limit();

}  // namespace offload::process
