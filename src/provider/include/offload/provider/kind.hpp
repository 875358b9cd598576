// A kind of provider: what the config must know of it, and how one is made. Each kind declares
// itself in its own folder, in kind.cpp; registry.cpp lists them.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/config/kind.hpp"

namespace offload::provider {

class Provider;

struct Kind {
    config::ProviderKind declared;
    // `config` names this kind. `working_folder`: absolute, see config::working_folder().
    Result<std::unique_ptr<Provider>> (*make)(const config::Config& config,
                                              const std::string& working_folder);
};

// All there are, in the order in which they are listed.
std::span<const Kind* const> kinds();

}  // namespace offload::provider
