// Which tests the command line names, for all commands that take them.
#pragma once

#include <CLI/CLI.hpp>

#include "durations.hpp"
#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/select/selection.hpp"
#include "options.hpp"

namespace offload::app {

void declare_selection(CLI::App& command, SelectionOptions& selection);

// --shard and what goes with it: for commands that run tests, or say which would run.
void declare_shard(CLI::App& command, SelectionOptions& selection);

// Without what earlier runs tell. Error: the filter or the list makes no sense.
Result<select::Selection> parse_selection(const SelectionOptions& options,
                                          const config::Config& config);

// With what earlier runs tell, as far as the selection asks for it.
Result<select::Selection> make_selection(const SelectionOptions& options,
                                         const config::Config& config,
                                         const KnownDurations& durations);

}  // namespace offload::app
