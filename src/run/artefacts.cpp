#include "artefacts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "offload/base/glob.hpp"

namespace offload::run {

void Artefacts::fetched(BatchNumber batch, const Fetched& fetched) {
    if (fetched.trouble) {
        out_.warn(fmt::format("the files of batch {} could not be downloaded: {}", batch.value(),
                              fetched.trouble->to_string()));
        return;
    }
    tried_ = tried_ || fetched.tried;
    for (std::size_t i = 0; i < globs_.size(); ++i) {
        if (matched_[i]) continue;
        matched_[i] = std::ranges::any_of(
            fetched.files, [&](const auto& path) { return glob_match(globs_[i], path); });
        across_[i] = across_[i] || std::ranges::find(fetched.across_folders, globs_[i]) !=
                                       fetched.across_folders.end();
    }
}

void Artefacts::warn_of_idle_globs() {
    if (!tried_) return;
    for (std::size_t i = 0; i < globs_.size(); ++i) {
        if (matched_[i]) continue;
        out_.warn(across_[i]
                      ? fmt::format("[report] download_globs: {} matched files only where `*` "
                                    "crosses folders; say so with `**/`",
                                    globs_[i])
                      : fmt::format("[report] download_globs: {} matched no file of any batch",
                                    globs_[i]));
    }
}

}  // namespace offload::run
