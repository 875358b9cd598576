// The one place that knows all kinds of providers and frameworks together, for the config.
#pragma once

#include <memory>

#include "offload/config/kind.hpp"
#include "offload/config/load.hpp"
#include "offload/provider/provider.hpp"
#include "options.hpp"

namespace offload::app {

const config::Kinds& kinds();

// The config that the command line names, with what it says on top.
config::Loaded load_config(const GlobalOptions& global, const config::Overrides& overrides = {});

// The provider that the config names, in the current folder.
Result<std::unique_ptr<provider::Provider>> make_provider(const config::Config& config);

}  // namespace offload::app
