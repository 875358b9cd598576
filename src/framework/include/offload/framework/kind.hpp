// A kind of framework: what the config must know of it, and how one is made. Each kind declares
// itself in its own folder, in kind.cpp; registry.cpp lists them.
#pragma once

#include <memory>
#include <span>

#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/config/kind.hpp"

namespace offload::framework {

class Framework;

struct Kind {
    config::FrameworkKind declared;
    // `config` names this kind. Error: it is known, but not built.
    Result<std::unique_ptr<Framework>> (*make)(const config::Config& config);
};

// All there are, in the order in which they are listed.
std::span<const Kind* const> kinds();

}  // namespace offload::framework
