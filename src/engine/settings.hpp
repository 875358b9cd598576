// What a run must know, of what the user wants and of what framework and provider can do.
#pragma once

#include "offload/engine/run.hpp"
#include "offload/framework/framework.hpp"
#include "offload/provider/provider.hpp"
#include "offload/run/settings.hpp"

namespace offload::engine {

// Whether tests are found where they run.
bool discovers_in_sandbox(const config::Config& config);

// Error: what is to run in one sandbox at the same time cannot.
Result<> check_places(const config::Config& config, const framework::Framework& framework);

// All three must outlive what this returns.
run::Settings settings_for(const RunRequest& request, const framework::Framework& framework,
                           const provider::Provider& provider);

// The part of it that discovery alone needs.
run::Settings settings_for(const RunRequest& request, const framework::Framework& framework);

}  // namespace offload::engine
