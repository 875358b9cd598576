// The CI system whose job this is, as config, command line and environment say.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "offload/config/config.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/ci.hpp"
#include "options.hpp"

namespace offload::app {

// --ci-system, for commands that have sinks.
void declare_ci_system(CLI::App& command, Options& options);

// `wish`: of the command line, over the config's. Null: no system, or none that is known.
const report::CiSystem* ci_system(const config::Config& config,
                                  const std::optional<std::string>& wish);

// The system that may take what this program prints for its own. Null also where it goes to a file.
const report::CiSystem* system_that_reads_stdout(const config::Config& config);

// `told_already`: see CiReportOptions. `system` is not null; `tests` must outlive the sink.
std::unique_ptr<Sink> make_ci_report(const config::Config& config, const report::CiSystem* system,
                                     bool told_already, const TestTable& tests);

}  // namespace offload::app
