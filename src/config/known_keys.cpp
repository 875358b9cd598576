#include "known_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "offload/base/text.hpp"

namespace offload::config {
namespace {

struct KnownKey {
    std::string_view section;
    std::string_view type;  // "" where every type of the section has it
    std::string_view key;
};

constexpr KnownKey kKnownKeys[] = {
    {"offload", "", "max_parallel"},
    {"offload", "", "test_timeout_secs"},
    {"offload", "", "working_dir"},
    {"offload", "", "sandbox_project_root"},
    {"offload", "", "sandbox_repo_root"},
    {"offload", "", "sandbox_init_cmd"},
    {"offload", "", "post_patch_cmd"},
    {"offload", "", "impatiently_requeue_batches"},
    {"offload", "", "max_parallel_collection"},
    {"offload", "", "discovery_timeout_secs"},
    {"offload", "", "stream_output"},
    {"provider", "", "type"},
    {"provider", "", "env"},
    {"provider", "local", "working_dir"},
    {"provider", "local", "shell"},
    {"provider", "default", "prepare_command"},
    {"provider", "default", "create_command"},
    {"provider", "default", "exec_command"},
    {"provider", "default", "destroy_command"},
    {"provider", "default", "download_command"},
    {"provider", "default", "working_dir"},
    {"provider", "default", "timeout_secs"},
    {"provider", "default", "exec_stdin"},
    {"provider", "default", "copy_dirs"},
    {"provider", "default", "cpu_cores"},
    {"provider", "modal", "dockerfile"},
    {"provider", "modal", "include_cwd"},
    {"provider", "modal", "copy_dirs"},
    {"provider", "modal", "cpu_cores"},
    {"provider", "modal", "memory_gb"},
    {"provider", "modal", "experimental_options"},
    {"provider", "docker", "engine"},
    {"provider", "docker", "host"},
    {"provider", "docker", "image"},
    {"provider", "docker", "dockerfile"},
    {"provider", "docker", "context"},
    {"provider", "docker", "build_args"},
    {"provider", "docker", "include_cwd"},
    {"provider", "docker", "copy_dirs"},
    {"provider", "docker", "cpu_cores"},
    {"provider", "docker", "memory_gb"},
    {"provider", "docker", "network"},
    {"provider", "docker", "user"},
    {"provider", "docker", "run_args"},
    {"framework", "", "type"},
    {"framework", "", "test_id_format"},
    {"framework", "", "working_dir"},
    {"framework", "", "worker"},
    {"framework", "pytest", "paths"},
    {"framework", "pytest", "python"},
    {"framework", "pytest", "extra_args"},
    {"framework", "pytest", "markers"},
    {"framework", "pytest", "command"},
    {"framework", "pytest", "run_args"},
    {"framework", "pytest", "discovery_args"},
    {"framework", "pytest", "collect"},
    {"framework", "pytest", "as_xdist"},
    {"framework", "cargo", "package"},
    {"framework", "cargo", "features"},
    {"framework", "cargo", "bin"},
    {"framework", "cargo", "include_ignored"},
    {"framework", "ctest", "build_dir"},
    {"framework", "ctest", "config"},
    {"framework", "default", "discover_command"},
    {"framework", "default", "run_command"},
    {"framework", "default", "result_file"},
    {"framework", "vitest", "command"},
    {"framework", "vitest", "run_args"},
    {"groups.NAME", "", "retry_count"},
    {"groups.NAME", "", "filters"},
    {"groups.NAME", "", "schedule_individual"},
    {"groups.NAME", "", "resources"},
    {"groups.NAME", "", "max_parallel"},
    {"report", "", "output_dir"},
    {"report", "", "junit"},
    {"report", "", "junit_file"},
    {"report", "", "download_globs"},
    {"report", "", "download_globs_failure_only"},
    {"history", "", "record_history"},
    {"history", "", "path"},
    {"history", "", "reservoir_size"},
    {"history", "", "default_duration_secs"},
    {"checkpoint", "", "build_inputs"},
    {"cost", "", "per_core_hour"},
    {"cost", "", "per_gib_hour"},
};

bool belongs(const KnownKey& known, std::string_view section, std::string_view type) {
    return known.section == section && (known.type.empty() || known.type == type);
}

}  // namespace

std::vector<std::string> known_sections() {
    return {"offload", "provider", "framework",  "groups", "resources",
            "report",  "history",  "checkpoint", "cost"};
}

std::string hint_for_unknown_key(std::string_view section, std::string_view type,
                                 std::string_view key) {
    if (type == "nextest") type = "cargo";
    std::vector<std::string> here;
    std::vector<std::string> homes;
    for (const auto& known : kKnownKeys) {
        if (belongs(known, section, type)) {
            here.emplace_back(known.key);
        } else if (known.key == key) {
            homes.push_back(known.type.empty()
                                ? fmt::format("[{}]", known.section)
                                : fmt::format("[{}] of type \"{}\"", known.section, known.type));
        }
    }
    if (!homes.empty()) {
        return fmt::format("{} belongs to {}", key, fmt::join(homes, " or "));
    }
    if (section.empty()) {
        here = known_sections();
    }
    if (const auto near = text::nearest(key, here); !near.empty()) {
        return section.empty() ? fmt::format("did you mean [{}]?", near)
                               : fmt::format("did you mean {}?", near);
    }
    std::vector<std::string> elsewhere;
    for (const auto& known : kKnownKeys) elsewhere.emplace_back(known.key);
    if (const auto near = text::nearest(key, elsewhere); !near.empty()) {
        const auto* home = std::find_if(std::begin(kKnownKeys), std::end(kKnownKeys),
                                        [&](const KnownKey& known) { return known.key == near; });
        return fmt::format("did you mean {}? It belongs to [{}]", near, home->section);
    }
    return section.empty() ? fmt::format("the sections are {}", fmt::join(here, ", "))
                           : fmt::format("[{}] knows {}", section, fmt::join(here, ", "));
}

}  // namespace offload::config
