// Drives a run::Run: performs its actions, brings it messages and the time.
#pragma once

#include "emitter.hpp"
#include "messages.hpp"
#include "offload/engine/run.hpp"
#include "offload/framework/framework.hpp"
#include "offload/provider/provider.hpp"

namespace offload::engine {

// From the first action until the last sandbox has gone. All arguments are borrowed for that long.
// Error: no temporary folder could be made, and nothing was begun.
Result<RunSummary> drive(const RunRequest& request, const framework::Framework& framework,
                         provider::Provider& provider, TestTable& tests, Emitter& emitter,
                         Inbox& inbox);

}  // namespace offload::engine
