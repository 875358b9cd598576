#pragma once

#include <string>

#include "offload/config/config.hpp"
#include "options.hpp"

namespace offload::app {

// Discovers and lists on stdout; the rest on stderr. Returns the exit status.
int list_tests(const config::Config& config, const GlobalOptions& global,
               const CollectOptions& collect);

// Unique among the runs on this machine: the time, for people, and random digits.
std::string make_run_id();

}  // namespace offload::app
