// Setup scripts of cargo-nextest: the project's commands that prepare something for the tests.
//
// nextest runs them in each of its own runs, so once a batch. A configuration that is changed here
// has each of them behind a program of ours, which runs it once and repeats to later batches in the
// same place what came of it: its exit status and the variables that it gave to the tests. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offload::framework::nextest {

// The text of a nextest configuration whose setup scripts run once. `program`: the path of a file
// that holds once_program(). `state`: what the paths of its files begin with; whoever shares them
// shares the scripts' results.
//
// Nothing where the text has no setup script, or is not understood. A script whose program nextest
// looks for below the target folder, or gives variables to, is left as it is.
std::optional<std::string> with_setup_once(std::string_view config, const std::string& program,
                                           const std::string& state);

// Shell text: `sh PROGRAM STATE COMMAND…`.
std::string_view once_program();

// Whether a case of nextest's JUnit file is the result of a setup script, which is no test's.
bool is_setup_case(std::string_view name);

}  // namespace offload::framework::nextest
