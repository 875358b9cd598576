#include "sections.hpp"

namespace offload::config {
namespace {

constexpr std::size_t kMostParallel = 1'000'000;
constexpr std::size_t kMostSeconds = 1'000'000'000;

}  // namespace

OffloadSection read_offload(TableReader& table) {
    OffloadSection out;
    if (const auto value = table.integer("max_parallel", {1, kMostParallel})) {
        out.max_parallel = *value;
    }
    if (const auto value = table.integer("test_timeout_secs", {1, kMostSeconds})) {
        out.test_timeout = std::chrono::seconds(*value);
    }
    out.working_dir = table.text("working_dir");
    out.sandbox_project_root = table.text("sandbox_project_root");
    out.sandbox_repo_root = table.text("sandbox_repo_root");
    out.sandbox_init_cmd = table.text("sandbox_init_cmd", Expander::SandboxShell);
    out.post_patch_cmd = table.text("post_patch_cmd", Expander::SandboxShell);
    if (const auto value = table.flag("impatiently_requeue_batches")) {
        out.impatiently_requeue_batches = *value;
    }
    if (const auto value = table.integer("max_parallel_collection", {0, kMostParallel})) {
        out.max_parallel_collection = *value;
    }
    if (const auto value = table.integer("discovery_timeout_secs", {1, kMostSeconds})) {
        out.discovery_timeout = std::chrono::seconds(*value);
    }
    if (table.find("stream_output") != nullptr) {
        table.flag("stream_output");
        table.warning_at("stream_output", "offload.stream_output is deprecated and has no effect",
                         "remove it");
    }
    table.finish();
    return out;
}

}  // namespace offload::config
