// What a Dockerfile takes from its context. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offload::provider {

// The paths that COPY and ADD name, normalised; empty also where one of them may be anything (a
// pattern, a variable, the whole context). The same as copy_sources() of
// assets/modal_sandbox/dockerfile.py.
std::vector<std::string> copied_paths(std::string_view dockerfile);

}  // namespace offload::provider
