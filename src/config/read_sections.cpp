#include "read_sections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "offload/base/glob.hpp"
#include "offload/base/text.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

// `type = "pytest", "cargo" or "default"`: one name of each kind that can be recommended.
template <class Kind>
std::string example_types(const std::vector<const Kind*>& kinds) {
    std::vector<std::string> names;
    for (const auto* kind : kinds) {
        if (!kind->init) continue;
        const auto& name = kind->names.front();
        names.push_back(
            fmt::format("\"{}\"{}", name, name == "default" ? " (your own commands)" : ""));
    }
    const std::string last = names.empty() ? "" : names.back();
    if (names.size() < 2) return "type = " + last;
    names.pop_back();
    return fmt::format("type = {} or {}", fmt::join(names, ", "), last);
}

// The kind that the section names; null, and told, where it names none. `type`: as written.
template <class Kind>
const Kind* read_type(TableReader& table, const std::vector<const Kind*>& kinds,
                      std::string& type) {
    if (table.find("type") == nullptr) {
        table.missing("type", example_types(kinds));
        return nullptr;
    }
    std::vector<std::string> names;
    for (const auto* kind : kinds) {
        names.insert(names.end(), kind->names.begin(), kind->names.end());
    }
    const auto chosen = table.choice("type", names);
    if (!chosen) return nullptr;
    type = *chosen;
    for (const auto* kind : kinds) {
        for (const auto& name : kind->names) {
            if (name == type) return kind;
        }
    }
    return nullptr;
}

void check_test_id_format(TableReader& table, const Framework& framework,
                          const FrameworkKind& kind) {
    const auto& format = framework.test_id_format;
    if (!table.given("test_id_format")) {
        if (kind.test_id_format.empty() && framework.options->reads_junit()) {
            table.missing("test_id_format",
                          "how an ID is made of JUnit's attributes, for example "
                          "test_id_format = \"{classname}::{name}\"");
        }
        return;
    }
    if (format.find("{name}") != std::string::npos ||
        format.find("{classname}") != std::string::npos) {
        return;
    }
    table.error_at("test_id_format",
                   fmt::format("framework.test_id_format is \"{}\"; expected at least one of "
                               "{{name}} and {{classname}}",
                               format),
                   "without one, all tests would have the same ID");
}

void check_exactly_one(TableReader& table, const ExactlyOne& keys) {
    const bool one = table.given(keys.one);
    if (one != table.given(keys.other)) return;
    if (one) {
        table.error_at(keys.one,
                       fmt::format("{} and {} exclude each other", table.full(keys.one),
                                   table.full(keys.other)),
                       keys.if_both);
    } else {
        table.missing(keys.one, keys.if_neither);
    }
}

}  // namespace

void read_simple(TableReader& table, void* section) {
    table.read(keys_of(table.section()), section);
    table.finish();
}

bool read_provider(TableReader& table, Provider& provider) {
    std::string type;
    const auto* kind = read_type(table, table.reading().kinds.providers, type);
    if (kind == nullptr) return false;
    const auto options = kind->fresh();
    table.read(kind->keys, dynamic_cast<void*>(options.get()));
    if (kind->exactly_one) check_exactly_one(table, *kind->exactly_one);
    options->check(table);
    table.finish(type);
    provider = {kind->names.front(), options};
    return true;
}

std::shared_ptr<FrameworkOptions> read_framework(TableReader& table, Framework& framework) {
    const auto* kind = read_type(table, table.reading().kinds.frameworks, framework.type);
    if (kind == nullptr) return nullptr;
    const auto options = kind->fresh();
    table.read(kind->keys, dynamic_cast<void*>(options.get()));
    options->check(table);
    framework.options = options;
    // Where the file must say it, a value that cannot be read is one problem, not two.
    framework.test_id_format = kind->test_id_format.empty() ? "{name}" : kind->test_id_format;
    table.read(keys_of("framework"), &framework);
    check_test_id_format(table, framework, *kind);
    table.finish(framework.type);
    return options;
}

Group read_group(TableReader& table, std::string name) {
    Group out;
    out.name = std::move(name);
    table.read(keys_of("groups.NAME"), &out);
    // TRAPS 17: filters that do not split are an error here, before any sandbox exists.
    out.filter_words = table.split("filters", out.filters).value_or(std::vector<std::string>{});
    table.finish();
    return out;
}

std::map<std::string, std::size_t> read_resources(TableReader& table) {
    const Range range = declaration_of("resources").named->rule.range;
    std::map<std::string, std::size_t> out;
    for (const auto& name : table.keys()) {
        if (const auto units = table.integer(name, range)) out[name] = *units;
    }
    return out;
}

void check_globs(TableReader& table, const Report& report) {
    for (const auto& glob : report.download_globs) {
        if (stays_inside(glob)) continue;
        table.error_at(
            "download_globs",
            fmt::format("report.download_globs: \"{}\" leaves the folder of the tests", glob),
            "globs are relative to that folder and hold no `..`");
    }
}

void check_roots(Config& config, TableReader& offload) {
    auto& section = config.offload;
    if (!section.sandbox_project_root && section.sandbox_repo_root) {
        section.sandbox_project_root = section.sandbox_repo_root;
        offload.comes_from("sandbox_project_root", "sandbox_repo_root");
    }
    const auto& type = config.provider.type;
    if (!config.provider.options->runs_here()) {
        if (section.sandbox_project_root) return;
        offload.missing("sandbox_project_root",
                        fmt::format("a {} provider must know where the project is inside the "
                                    "sandbox: sandbox_project_root = \"/app\"",
                                    type));
        return;
    }
    for (const auto& [key, value] : {std::pair{"sandbox_init_cmd", &section.sandbox_init_cmd},
                                     std::pair{"post_patch_cmd", &section.post_patch_cmd}}) {
        if (!*value) continue;
        offload.warning_at(key,
                           fmt::format("offload.{} has no effect with a {} provider", key, type),
                           "it is a step of building a sandbox's image, and local runs have none");
    }
}

}  // namespace offload::config
