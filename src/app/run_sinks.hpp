// Who is told of a run, as config and command line want it.
#pragma once

#include <memory>
#include <vector>

#include "durations.hpp"
#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"
#include "options.hpp"

namespace offload::app {

using Sinks = std::vector<std::unique_ptr<Sink>>;

// `progress_knows`: the durations from which the display foretells the end; null for a run that
// nobody watches, because it is over. Error: nothing could be reported, so the run is not to begin.
Result<Sinks> make_sinks(const config::Config& config, const Options& options,
                         const TestTable& tests, const KnownDurations* progress_knows);

}  // namespace offload::app
