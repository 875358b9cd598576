// The commented offload.toml that `offload init` writes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "offload/config/kind.hpp"

namespace offload::config {

// What the folder looks like; the first kind where none recognises it.
const FrameworkKind& detect_framework(const Kinds& kinds, const std::filesystem::path& folder);

// What `init` has to write, and to say.
struct Draft {
    std::string text;
    std::vector<std::string>
        notes;  // sentences: what of the project has gone into it, what it lacks
    std::vector<Probe> probes;
};

// Kinds besides `chosen` that the folder shows plain signs of: a project may have tests in two
// languages. A CMakeLists.txt or a Makefile is none, which many have for other ends.
std::vector<const FrameworkKind*> also_detected(const Kinds& kinds, const FrameworkKind& chosen,
                                                const std::filesystem::path& folder);

// A file that loads without a warning, works at once where the framework does, and explains each
// setting. Looks into `folder` for what to suggest (paths, uv.lock, Dockerfile). Both kinds have an
// `init`; `framework_name` is the one of its names to write.
Draft init_draft(const ProviderKind& provider, const FrameworkKind& framework,
                 std::string_view framework_name, const std::filesystem::path& folder,
                 bool from_xdist = false);
std::string init_template(const ProviderKind& provider, const FrameworkKind& framework,
                          std::string_view framework_name, const std::filesystem::path& folder,
                          bool from_xdist = false);

// For what kinds suggest.
bool is_there(const std::filesystem::path& path);
bool is_in_path(std::string_view program);
std::string toml_text(std::string_view text);  // a basic TOML string
// The project's Dockerfile, relative to `folder`; "" where there is none.
std::string dockerfile_in(const std::filesystem::path& folder);

}  // namespace offload::config
