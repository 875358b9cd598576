// The image that sandboxes are made of: pulled, or built from the user's Dockerfile, and with the
// project's files on top where that is wanted. The engine's own build cache makes what has not
// changed cost nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine.hpp"
#include "offload/config/config.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider::docker {

struct WantedImage {
    std::optional<std::string> image = {};  // this, or else a Dockerfile
    std::string dockerfile = {};
    std::string context = ".";
    std::vector<std::pair<std::string, std::string>> build_args = {};
    std::optional<std::string> network = {};  // while it is built, too
    std::optional<std::string> user = {};     // who is to own the project's files

    std::filesystem::path folder = {};  // absolute: the project's, what paths are relative to
    bool include_cwd = false;
    std::string root = {};  // where the project goes in the image, and where relative copies do
    std::vector<config::CopyDir> copies = {};
    std::vector<std::string> commands = {};  // run in `root` last
    std::vector<std::string> excluded = {};  // from the tree
    std::string project = {};                // names it; earlier images of it go
    bool no_cache = false;
};

// The image's ID.
Result<std::string> make_image(const Engine& engine, const WantedImage& wanted,
                               const process::CancelToken& cancel, const OutputHandler& progress);

// The Dockerfile of the layer that brings the project's files. `owner` may be empty.
std::string tree_dockerfile(const std::string& base, const std::string& root,
                            const std::string& owner);

// A path in the build context and one in the image.
struct Copied {
    std::string from = {};
    std::string to = {};
};
// Removes `paths`, with nothing but `rm`.
std::string deleting_script(const std::vector<std::string>& paths);

// The Dockerfile of the last layer. `script`: in the context, one that runs in `root` first; empty:
// none.
std::string last_dockerfile(const std::string& base, const WantedImage& wanted,
                            const std::vector<Copied>& copies, const std::string& script,
                            const std::string& owner);

}  // namespace offload::provider::docker
