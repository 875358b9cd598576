// The files of a project as an image is to have them, copied into a folder of their own, so that
// nothing that changes meanwhile harms the building of the image.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/process/cancel.hpp"

namespace offload::provider::docker {

struct StagedTree {
    // Of git's files, those that are no longer there: an image that has them must lose them.
    std::vector<std::string> deleted;
};

// Copies the files of the working tree `from` into `to`: under git, tracked ones and those that git
// does not ignore, as they are now; elsewhere all but caches and what version control keeps. What
// vanishes or cannot be read meanwhile is left out. `excluded`: paths relative to `from`.
// Error: writing failed.
Result<StagedTree> stage_tree(const std::filesystem::path& from, const std::filesystem::path& to,
                              const std::vector<std::string>& excluded,
                              const process::CancelToken& cancel);

// One file or link, with its mode and time. That it has vanished is no error.
Result<> stage_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace offload::provider::docker
