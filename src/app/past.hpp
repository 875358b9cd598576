// What the kept runs tell of each test, for `--failed` and `--filter`.
#pragma once

#include <filesystem>
#include <string>

#include "offload/select/subject.hpp"

namespace offload::app {

// Of each test the newest: of the last run that was to run it. Runs are read from the last one on,
// until one has told of all its tests. `config`: name of the config file; runs with another do not
// count. What a run that was killed had not finished was not run.
select::Past read_past(const std::filesystem::path& output_dir, const std::string& config);

}  // namespace offload::app
