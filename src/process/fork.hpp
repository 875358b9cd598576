// A child that another process forks for us.
#pragma once

#include <optional>

#include "groups.hpp"
#include "offload/process/child.hpp"
#include "spawn.hpp"

namespace offload::process {

// As spawn(). Nothing where nobody answers within `limits`, or with something else than a child of
// ours: then it has to be started in the ordinary way.
std::optional<Started> fork_elsewhere(const Fork& fork, const Streams& streams,
                                      const Limits& limits, std::optional<ListedGroup>& group);

}  // namespace offload::process
