// offload.toml → Config, with every problem of the file named at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/config/config.hpp"

namespace offload::config {

struct Diagnostic {
    enum class Severity { Warning, Error };
    Severity severity = Severity::Error;
    std::string file;
    std::size_t line = 0;  // from 1; 0 where the file as a whole is meant
    std::size_t column = 0;
    std::string message;  // names the key and its value, and what was expected
    std::string hint;     // nearest key, where a key belongs, …; may be empty

    std::string to_string() const;  // "file:line:column: warning: message (hint)"
};

bool has_errors(const std::vector<Diagnostic>& diagnostics);

// Looks a variable up; nothing when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string&)>;
Lookup process_environment();

// What the command line says on top of the file.
struct Overrides {
    std::optional<std::size_t> max_parallel = {};
    std::vector<std::string> copy_dirs = {};  // LOCAL:REMOTE
    std::vector<std::string> env = {};        // KEY=VALUE
    std::vector<std::string> groups = {};     // only these; empty: all
    bool no_cache = false;
};

// A text of the file that refers to variables.
struct ReferringText {
    std::string text;   // as it stands there
    std::string value;  // what it came to
};

struct Loaded {
    std::optional<Config> config;         // absent when there is an error
    std::vector<Diagnostic> diagnostics;  // in the order of the file
    // Where settings come from that do not come from their keys: "offload.max_parallel" →
    // "--parallel".
    std::map<std::string, std::string> origins;
    // Values that ${VAR} took from variables with secret names: to be masked wherever shown.
    std::vector<std::string> secrets;
    std::map<std::string, ReferringText> references;  // by key: "provider.env.HOST", "report.x[0]"
};

// Never throws and never stops at the first problem. A file that cannot be read or parsed gives
// one error with its place.
Loaded load(const std::filesystem::path& file, const Kinds& kinds, const Overrides& overrides,
            const Lookup& lookup);
Loaded parse(std::string_view text, const std::filesystem::path& file, const Kinds& kinds,
             const Overrides& overrides, const Lookup& lookup);

// Of the effective value of "offload.max_parallel", for instance: "offload.toml:2", "--parallel" or
// "default".
std::string origin_of(const Loaded& loaded, const std::string& key);

// How texts that refer to variables are shown.
enum class Values { AsWritten, Expanded };

// Readable summary of the effective settings, each with its origin. Values of environment
// variables whose names look like secrets (TOKEN, KEY, SECRET, PASSWORD, …) are masked, whatever
// `values` says.
std::string summary(const Loaded& loaded, const Kinds& kinds, Values values);

// Warnings about what is missing outside the file: a Dockerfile, a tool, a copied folder, a
// variable that a command names. Never errors. `lookup` also says what $PATH is. `loaded` holds a
// config.
std::vector<Diagnostic> check_surroundings(const Loaded& loaded, const Lookup& lookup);

// Settings whose feature is not built: errors where the results would be others without it,
// warnings where they are the same. To be shown when a run starts. `loaded` holds a config.
std::vector<Diagnostic> unbuilt_features(const Loaded& loaded);

}  // namespace offload::config
