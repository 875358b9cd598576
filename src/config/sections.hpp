// One function per section of the file. Each reads its table to the end, whatever it finds there.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "offload/config/config.hpp"
#include "reader.hpp"

namespace offload::config {

OffloadSection read_offload(TableReader& table);

// Nothing when the type is missing or unknown.
std::optional<Provider> read_provider(TableReader& table);

// Likewise. Pytest's default paths are left to check_across().
std::optional<Framework> read_framework(TableReader& table);

Group read_group(TableReader& table, std::string name);
std::map<std::string, std::size_t> read_resources(TableReader& table);
Report read_report(TableReader& table);
History read_history(TableReader& table);
Checkpoint read_checkpoint(TableReader& table);
Cost read_cost(TableReader& table);

// What only two sections together can tell: roots in the sandbox, commands that a local provider
// has no use for, pytest's default paths.
void check_across(Config& config, TableReader& offload, TableReader& framework,
                  const std::filesystem::path& cwd);

}  // namespace offload::config
