// One function per section of the file. Each reads its table to the end, whatever it finds there.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "offload/config/config.hpp"
#include "reader.hpp"

namespace offload::config {

// A section whose keys say all about it, into an object of its type.
void read_simple(TableReader& table, void* section);

// False where the type is missing or unknown.
bool read_provider(TableReader& table, Provider& provider);

// Null where the type is missing or unknown. The options are those of `framework`, for what is
// still to be completed.
std::shared_ptr<FrameworkOptions> read_framework(TableReader& table, Framework& framework);

Group read_group(TableReader& table, std::string name);

// Each name that the user has chosen, with its units.
std::map<std::string, std::size_t> read_resources(TableReader& table);

// Artefacts lie in the folder of the tests.
void check_globs(TableReader& table, const Report& report);

// What [offload] and [provider] together can tell: roots in the sandbox, commands that a provider
// of this machine has no use for.
void check_roots(Config& config, TableReader& offload);

}  // namespace offload::config
