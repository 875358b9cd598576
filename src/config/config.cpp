#include "offload/config/config.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace offload::config {
namespace {

template <class Kind>
const Kind* named(const std::vector<const Kind*>& kinds, std::string_view name) {
    for (const auto* kind : kinds) {
        if (std::ranges::find(kind->names, name) != kind->names.end()) return kind;
    }
    return nullptr;
}

}  // namespace

const ProviderKind* Kinds::provider(std::string_view name) const { return named(providers, name); }

const FrameworkKind* Kinds::framework(std::string_view name) const {
    return named(frameworks, name);
}

Place Config::place_of(const std::string& key) const {
    const auto found = places.find(key);
    return found == places.end() ? Place{} : found->second;
}

std::string Config::where(const std::string& key) const {
    const auto [line, column] = place_of(key);
    return line == 0 ? file.string() : fmt::format("{}:{}:{}", file.string(), line, column);
}

std::size_t workers_in_a_sandbox(const Config& config) {
    if (config.provider.options->runs_here()) return 1;
    if (config.offload.workers_per_sandbox > 0) return config.offload.workers_per_sandbox;
    const auto size = config.provider.options->size();
    return size && size->cores >= 1 ? static_cast<std::size_t>(size->cores) : 1;
}

std::size_t most_workers(const Config& config) {
    return config.offload.max_parallel * workers_in_a_sandbox(config);
}

std::filesystem::path working_folder(const Config& config, const std::filesystem::path& cwd) {
    std::filesystem::path chosen;
    if (config.framework.working_dir) {
        chosen = *config.framework.working_dir;
    } else if (config.offload.working_dir) {
        chosen = *config.offload.working_dir;
    } else {
        chosen = config.provider.options->tests_folder().value_or("");
    }
    auto folder = (cwd / chosen).lexically_normal();
    return folder.has_filename() || folder == folder.root_path() ? folder : folder.parent_path();
}

}  // namespace offload::config
