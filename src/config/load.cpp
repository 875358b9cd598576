#include "offload/config/load.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

#include "expand.hpp"
#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "read_sections.hpp"
#include "reader.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

using Severity = Diagnostic::Severity;

// The table of a section; one that is something else is reported and reads as absent.
TableReader section(Reading& reading, const toml::table& root, std::string_view name) {
    const toml::node* node = root.get(name);
    if (node == nullptr) return {reading, std::string(name), nullptr, {1, 1}};
    const Place place = place_of(node->source());
    if (!node->is_table()) {
        reading.error(place, fmt::format("{} is {}; expected a table", name, describe(*node)),
                      fmt::format("begin the section with [{}]", name));
        return {reading, std::string(name), nullptr, place};
    }
    return {reading, std::string(name), node->as_table(), place};
}

void warn_of_unknown_sections(Reading& reading, const toml::table& root) {
    const auto known = known_sections();
    for (const auto& [key, value] : root) {
        const std::string name(key.str());
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        reading.warning(place_of(key.source()),
                        value.is_table()
                            ? fmt::format("unknown section [{}] is ignored", name)
                            : fmt::format("unknown key {} outside any section is ignored", name),
                        hint_for_unknown_key(reading.kinds, "", "", name));
    }
}

// A misspelt name would be a resource of its own, which nobody else holds.
void check_resources(TableReader& table, const Group& group,
                     const std::map<std::string, std::size_t>& resources) {
    std::vector<std::string> names;
    for (const auto& [name, units] : resources) names.push_back(name);
    for (const auto& wanted : group.resources) {
        if (resources.contains(wanted)) continue;
        const auto near = text::nearest(wanted, names);
        table.error_at("resources",
                       fmt::format("{} names \"{}\", which [resources] does not declare",
                                   table.full("resources"), wanted),
                       near.empty() ? fmt::format("say how many there are: [resources] with a line "
                                                  "\"{}\" = 1",
                                                  wanted)
                                    : fmt::format("did you mean \"{}\"?", near));
    }
}

// toml++ keeps tables sorted by key; users mean the order in which they wrote them.
std::vector<Group> read_groups(Reading& reading, const toml::table& root,
                               const std::map<std::string, std::size_t>& resources) {
    TableReader all = section(reading, root, "groups");
    const toml::table* table = all.present() ? root.get("groups")->as_table() : nullptr;
    struct Entry {
        std::string name;
        Place place;
        const toml::node* node;
    };
    std::vector<Entry> entries;
    if (table != nullptr) {
        for (const auto& [key, value] : *table) {
            entries.push_back({std::string(key.str()), place_of(key.source()), &value});
        }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
    });
    std::vector<Group> groups;
    for (const auto& entry : entries) {
        if (!entry.node->is_table()) {
            reading.error(
                entry.place,
                fmt::format("groups.{} is {}; expected a table", entry.name, describe(*entry.node)),
                fmt::format("a group has a name of its own: [groups.all], and its keys "
                            "below that line; {}",
                            hint_for_unknown_key(reading.kinds, "groups.NAME", "", entry.name)));
            continue;
        }
        TableReader group(reading, "groups." + entry.name, entry.node->as_table(),
                          place_of(entry.node->source()));
        groups.push_back(read_group(group, entry.name));
        check_resources(group, groups.back(), resources);
    }
    if (entries.empty() && (table != nullptr || root.get("groups") == nullptr)) {
        reading.error(all.place(), "there is no group; at least one is required",
                      "for all tests in one group, add the line [groups.all]");
    }
    return groups;
}

void flag_error(Loaded& loaded, std::string_view flag, std::string message, std::string hint) {
    loaded.diagnostics.push_back(
        {Severity::Error, std::string(flag), 0, 0, std::move(message), std::move(hint)});
}

void apply_env(Config& config, const std::vector<std::string>& texts, Loaded& loaded) {
    for (const auto& text : texts) {
        const auto equals = text.find('=');
        const std::string name = text.substr(0, equals);
        if (equals == std::string::npos || !shell::is_variable_name(name)) {
            flag_error(loaded, "--env",
                       fmt::format("\"{}\" is no assignment; expected KEY=VALUE",
                                   looks_secret(name) ? name : text),
                       "KEY is letters, digits and underscores, not beginning with a digit");
            continue;
        }
        config.extra_env[name] = text.substr(equals + 1);
        loaded.origins["env." + name] = "--env";
    }
}

void apply(Config& config, const Overrides& overrides, Loaded& loaded) {
    if (overrides.max_parallel) {
        if (*overrides.max_parallel == 0) {
            flag_error(loaded, "--parallel", "0 sandboxes cannot run anything", "give 1 or more");
        } else {
            config.offload.max_parallel = *overrides.max_parallel;
            loaded.origins["offload.max_parallel"] = "--parallel";
        }
    }
    for (const auto& text : overrides.copy_dirs) {
        if (auto pair = parse_copy_dir(text)) {
            config.extra_copy_dirs.push_back(std::move(*pair));
        } else {
            flag_error(loaded, "--copy-dir",
                       fmt::format("\"{}\" is no pair; expected LOCAL:REMOTE", text),
                       "for example: --copy-dir ./fixtures:/app/fixtures");
        }
    }
    apply_env(config, overrides.env, loaded);
    std::vector<std::string> names;
    for (const auto& group : config.groups) names.push_back(group.name);
    for (const auto& wanted : overrides.groups) {
        if (std::find(names.begin(), names.end(), wanted) != names.end()) continue;
        const auto near = text::nearest(wanted, names);
        std::string all;
        for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
        flag_error(loaded, "--group", fmt::format("there is no group \"{}\"", wanted),
                   near.empty() ? fmt::format("the groups are {}", all)
                                : fmt::format("did you mean \"{}\"?", near));
    }
    config.no_cache = overrides.no_cache;
    if (overrides.no_cache) loaded.origins["no_cache"] = "--no-cache";
}

void read_all(Reading& reading, const toml::table& root, const Overrides& overrides) {
    Loaded& loaded = reading.loaded;
    Config config;
    config.file = reading.file;
    warn_of_unknown_sections(reading, root);
    TableReader offload = section(reading, root, "offload");
    read_simple(offload, &config.offload);

    TableReader provider = section(reading, root, "provider");
    const bool has_provider = read_provider(provider, config.provider);
    TableReader framework_table = section(reading, root, "framework");
    const auto framework = read_framework(framework_table, config.framework);

    TableReader resources = section(reading, root, "resources");
    config.resources = read_resources(resources);
    config.groups = read_groups(reading, root, config.resources);
    TableReader report = section(reading, root, "report");
    read_simple(report, &config.report);
    check_globs(report, config.report);
    TableReader history = section(reading, root, "history");
    config.history.present = history.present();
    read_simple(history, &config.history);
    TableReader checkpoint = section(reading, root, "checkpoint");
    config.checkpoint.present = checkpoint.present();
    read_simple(checkpoint, &config.checkpoint);
    TableReader cost = section(reading, root, "cost");
    read_simple(cost, &config.cost);

    if (has_provider) {
        check_roots(config, offload);
        if (framework) {
            framework->complete(working_folder(config, std::filesystem::current_path()),
                                framework_table);
        }
    }
    const auto by_place = [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    };
    std::stable_sort(loaded.diagnostics.begin(), loaded.diagnostics.end(), by_place);
    apply(config, overrides, loaded);
    config.places = std::move(reading.places);
    if (!has_errors(loaded.diagnostics)) loaded.config = std::move(config);
}

}  // namespace

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
        return diagnostic.severity == Severity::Error;
    });
}

std::string Diagnostic::to_string() const {
    std::string out = file;
    if (line > 0) out += fmt::format(":{}", line);
    if (column > 0) out += fmt::format(":{}", column);
    out += severity == Severity::Error ? ": error: " : ": warning: ";
    out += message;
    if (!hint.empty()) out += fmt::format(" ({})", hint);
    return out;
}

Lookup process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return {};
        return value;
    };
}

Loaded parse(std::string_view text, const std::filesystem::path& file, const Kinds& kinds,
             const Overrides& overrides, const Lookup& lookup) {
    Loaded loaded;
    Reading reading{file.string(), kinds, lookup, loaded};
    try {
        const toml::table root = toml::parse(text, file.string());
        read_all(reading, root, overrides);
    } catch (const toml::parse_error& error) {
        reading.error(place_of(error.source()),
                      fmt::format("this is not valid TOML: {}", error.description()),
                      "nothing after this place has been looked at");
    } catch (const std::exception& error) {
        reading.error({}, fmt::format("cannot be read: {}", error.what()));
    }
    return loaded;
}

Loaded load(const std::filesystem::path& file, const Kinds& kinds, const Overrides& overrides,
            const Lookup& lookup) {
    const auto text = read_file(file);
    if (!text) {
        Loaded loaded;
        loaded.diagnostics.push_back(
            {Severity::Error, file.string(), 0, 0, text.error().message,
             "`offload init` writes a first config; `-c PATH` names another file"});
        return loaded;
    }
    return parse(*text, file, kinds, overrides, lookup);
}

}  // namespace offload::config
