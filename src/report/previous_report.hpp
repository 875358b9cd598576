// What an earlier run has left under the name of a report.
#pragma once

#include <filesystem>

#include "offload/base/error.hpp"

namespace offload::report {

// Removes it, so that nobody takes it for this run's (TRAPS 4). Nothing there is no error.
Result<> remove_previous_report(const std::filesystem::path& path);

}  // namespace offload::report
