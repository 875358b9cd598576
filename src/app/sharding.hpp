// From --shard to the part of the run that is this machine's.
#pragma once

#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/select/shard.hpp"
#include "options.hpp"

namespace offload::app {

// Reads the durations by which the tests are divided: only such as all machines have alike, which
// are those that --durations names, else the history that the config names. Error: no such part;
// no such durations; or the rest of the selection asks what only this machine knows.
Result<select::Sharding> make_sharding(const SelectionOptions& options,
                                       const config::Config& config);

}  // namespace offload::app
