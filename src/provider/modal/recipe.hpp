// All that makes a base image besides the checkpoint's tree, as the notes hold it.
//
// The shape is that of the Rust program's notes where the two have the same; a recipe of the one
// never equals one of the other, since their images differ.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "modal/options.hpp"
#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/git/repository.hpp"

namespace offload::provider {

struct Recipe {
    nlohmann::json json;
    // Of the current folder: what the Dockerfile copies and the commit does not have.
    std::vector<std::string> outside;
};

// `script` is the path of what builds the image. Files beyond the commit are read now; they count
// by what they hold. Error: one of them cannot be read, or cannot be keyed.
Result<Recipe> recipe_of(const git::Repository& repository, const std::string& commit,
                         const config::Config& config, const std::string& script);

}  // namespace offload::provider
