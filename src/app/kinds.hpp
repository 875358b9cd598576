// The one place that knows all kinds of providers and frameworks together, for the config.
#pragma once

#include "offload/config/kind.hpp"
#include "offload/config/load.hpp"
#include "options.hpp"

namespace offload::app {

const config::Kinds& kinds();

// The config that the command line names, with what it says on top.
config::Loaded load_config(const GlobalOptions& global, const config::Overrides& overrides = {});

}  // namespace offload::app
