// The small sections: groups, report, history, checkpoint, cost.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sections.hpp"

namespace offload::config {
namespace {

bool leaves_folder(const std::string& glob) {
    const std::filesystem::path path(glob);
    return path.is_absolute() || std::ranges::find(path, std::filesystem::path("..")) != path.end();
}

}  // namespace

Group read_group(TableReader& table, std::string name) {
    Group out;
    out.name = std::move(name);
    out.retry_count = table.integer("retry_count", {0, 1'000'000}).value_or(0);
    // TRAPS 17: filters that do not split are an error here, before any sandbox exists.
    if (auto filters = table.text("filters")) {
        out.filter_words = table.split("filters", *filters).value_or(std::vector<std::string>{});
        out.filters = std::move(*filters);
    }
    out.schedule_individual = table.flag("schedule_individual").value_or(false);
    out.resources = table.texts("resources").value_or(std::vector<std::string>{});
    out.max_parallel = table.integer("max_parallel", {1, 1'000'000});
    table.finish();
    return out;
}

std::map<std::string, std::size_t> read_resources(TableReader& table) {
    std::map<std::string, std::size_t> out;
    for (const auto& name : table.keys()) {
        if (const auto units = table.integer(name, {1, 1'000'000})) out[name] = *units;
    }
    return out;
}

Report read_report(TableReader& table) {
    Report out;
    for (const auto& [key, target] :
         {std::pair{"output_dir", &out.output_dir}, std::pair{"junit_file", &out.junit_file}}) {
        auto value = table.text(key);
        if (!value) continue;
        if (value->empty()) {
            table.error_at(key, fmt::format("report.{} is empty", key),
                           fmt::format("remove it for the default, \"{}\"", *target));
        }
        *target = std::move(*value);
    }
    out.junit = table.flag("junit").value_or(true);
    out.download_globs = table.texts("download_globs").value_or(std::vector<std::string>{});
    for (const auto& glob : out.download_globs) {
        if (!leaves_folder(glob)) continue;
        table.error_at(
            "download_globs",
            fmt::format("report.download_globs: \"{}\" leaves the folder of the tests", glob),
            "globs are relative to that folder and hold no `..`");
    }
    out.download_globs_failure_only = table.flag("download_globs_failure_only").value_or(false);
    table.finish();
    return out;
}

History read_history(TableReader& table) {
    History out;
    out.present = table.present();
    if (const auto value = table.choice("record_history", {"flag", "always"})) {
        out.record_history = *value == "always" ? RecordHistory::Always : RecordHistory::Flag;
    }
    if (auto value = table.text("path")) {
        if (value->empty()) {
            table.error_at("path", "history.path is empty",
                           "remove it for the default, \"offload-history.jsonl\"");
        }
        out.path = std::move(*value);
    }
    out.reservoir_size = table.integer("reservoir_size", {1, 1'000'000}).value_or(20);
    if (const auto value = table.number("default_duration_secs", 0)) {
        out.default_duration = Seconds{*value};
    }
    table.finish();
    return out;
}

Checkpoint read_checkpoint(TableReader& table) {
    Checkpoint out;
    out.present = table.present();
    out.build_inputs = table.texts("build_inputs").value_or(std::vector<std::string>{});
    table.finish();
    return out;
}

Cost read_cost(TableReader& table) {
    Cost out;
    out.per_core_hour = table.number("per_core_hour", 0).value_or(out.per_core_hour);
    out.per_gib_hour = table.number("per_gib_hour", 0).value_or(out.per_gib_hour);
    table.finish();
    return out;
}

}  // namespace offload::config
