#include "reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "expand.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

std::string_view with_article(toml::node_type type) {
    switch (type) {
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a float";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::table:
            return "a table";
        default:
            return "a date or time";
    }
}

std::string as_toml(const toml::node& node) {
    std::ostringstream out;
    if (const auto* value = node.as_date()) out << *value;
    if (const auto* value = node.as_time()) out << *value;
    if (const auto* value = node.as_date_time()) out << *value;
    return out.str();
}

nlohmann::json to_json(TableReader& reader, const toml::node& node, const std::string& name) {
    if (const auto* table = node.as_table()) {
        auto object = nlohmann::json::object();
        for (const auto& [key, value] : *table) {
            const std::string text(key.str());
            object[text] = to_json(reader, value, name + "." + text);
        }
        return object;
    }
    if (const auto* array = node.as_array()) {
        auto list = nlohmann::json::array();
        for (const auto& value : *array) list.push_back(to_json(reader, value, name));
        return list;
    }
    if (node.is_string()) return reader.value_of(node, name, Expander::Here).value_or("");
    if (const auto value = node.value_exact<std::int64_t>()) return *value;
    if (const auto value = node.value_exact<double>()) return *value;
    if (const auto value = node.value_exact<bool>()) return *value;
    return as_toml(node);
}

}  // namespace

Place place_of(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
}

void Reading::error(Place place, std::string message, std::string hint) {
    loaded.diagnostics.push_back({Diagnostic::Severity::Error, file, place.line, place.column,
                                  std::move(message), std::move(hint)});
}

void Reading::warning(Place place, std::string message, std::string hint) {
    loaded.diagnostics.push_back({Diagnostic::Severity::Warning, file, place.line, place.column,
                                  std::move(message), std::move(hint)});
}

std::string describe(const toml::node& node) {
    if (const auto value = node.value_exact<std::string>()) {
        return fmt::format("\"{}\" (a string)", text::shorten(*value, 80));
    }
    if (const auto value = node.value_exact<std::int64_t>()) {
        return fmt::format("{} (an integer)", *value);
    }
    if (const auto value = node.value_exact<double>()) return fmt::format("{} (a float)", *value);
    if (const auto value = node.value_exact<bool>()) return fmt::format("{} (a boolean)", *value);
    return std::string(with_article(node.type()));
}

std::optional<CopyDir> parse_copy_dir(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return {};
    return CopyDir{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

TableReader::TableReader(Reading& reading, std::string section, const toml::table* table,
                         Place place)
    : reading_(reading), section_(std::move(section)), table_(table), place_(place) {}

const toml::node* TableReader::find(std::string_view key) {
    asked_.emplace(key);
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    if (node != nullptr) reading_.places[full(key)] = place_of(node->source());
    return node;
}

Place TableReader::place_of_key(std::string_view key) const {
    const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
    return node == nullptr ? place_ : place_of(node->source());
}

bool TableReader::given(std::string_view key) const {
    return table_ != nullptr && table_->contains(key);
}

void TableReader::comes_from(std::string_view key, std::string origin) {
    reading_.loaded.origins[full(key)] = std::move(origin);
}

void TableReader::error_at(std::string_view key, std::string message, std::string hint) {
    reading_.error(place_of_key(key), std::move(message), std::move(hint));
}

void TableReader::warning_at(std::string_view key, std::string message, std::string hint) {
    reading_.warning(place_of_key(key), std::move(message), std::move(hint));
}

void TableReader::missing(std::string_view key, std::string hint) {
    reading_.error(place_, fmt::format("{} is required and missing", full(key)), std::move(hint));
}

void TableReader::wrong_type(const toml::node& node, const std::string& name,
                             std::string_view expected) {
    reading_.error(place_of(node.source()),
                   fmt::format("{} is {}; expected {}", name, describe(node), expected));
}

std::optional<std::string> TableReader::value_of(const toml::node& node, const std::string& name,
                                                 Expander expander) {
    const auto raw = node.value_exact<std::string>();
    const Place place = place_of(node.source());
    if (!raw) {
        wrong_type(node, name, "a string");
        return {};
    }
    const auto complain_unset = [&](const std::string& variable) {
        reading_.error(
            place,
            fmt::format("{} refers to ${{{}}}, but that variable is not set", name, variable),
            expander == Expander::Here
                ? fmt::format("set it, or write ${{{}:-default}}, or $${{{}}} for the literal text",
                              variable, variable)
                : fmt::format("set it, assign it in the command, or write ${{{}:-default}}",
                              variable));
    };
    std::string value = *raw;
    bool good = true;
    if (expander == Expander::Here) {
        Expansion expansion = expand(*raw, reading_.lookup);
        for (const auto& variable : expansion.unset) complain_unset(variable);
        for (const auto& piece : expansion.malformed) {
            reading_.warning(place,
                             fmt::format("{} holds {}, which is no reference to a variable and "
                                         "stays as it is",
                                         name, piece),
                             "write ${VAR} or ${VAR:-default}, or $${ for a literal ${");
        }
        for (auto& secret : expansion.secrets) reading_.loaded.secrets.push_back(std::move(secret));
        good = expansion.unset.empty();
        value = std::move(expansion.text);
        if (value != *raw) reading_.loaded.references[name] = {.text = *raw, .value = value};
    } else if (expander == Expander::HostShell) {
        const auto unset = unset_in_shell_text(*raw, reading_.lookup);
        for (const auto& variable : unset) complain_unset(variable);
        good = unset.empty();
    }
    if (value.find('\0') != std::string::npos) {
        reading_.error(place, fmt::format("{} holds a NUL character, which no command and no "
                                          "environment can carry",
                                          name));
        return {};
    }
    if (!good) return {};
    return value;
}

std::optional<std::string> TableReader::text(std::string_view key, Expander expander) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    return value_of(*node, full(key), expander);
}

std::optional<std::string> TableReader::required_text(std::string_view key, Expander expander,
                                                      std::string_view example) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        missing(key, fmt::format("for example: {} = {}", key, example));
        return {};
    }
    auto value = value_of(*node, full(key), expander);
    if (value && text::trim(*value).empty()) {
        error_at(key, fmt::format("{} is empty", full(key)),
                 fmt::format("for example: {} = {}", key, example));
        return {};
    }
    return value;
}

std::optional<std::size_t> TableReader::integer(std::string_view key, Range range,
                                                std::string_view zero) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    if (!zero.empty() && node->value_exact<std::string_view>() == zero) return 0;
    const auto value = node->value_exact<std::int64_t>();
    if (!value) {
        wrong_type(*node, full(key),
                   fmt::format("an integer of at least {}{}", range.least,
                               zero.empty() ? "" : fmt::format(", or \"{}\"", zero)));
        return {};
    }
    if (*value < 0 || static_cast<std::uint64_t>(*value) < range.least ||
        static_cast<std::uint64_t>(*value) > range.most) {
        error_at(key, fmt::format("{} is {}; expected an integer from {} to {}", full(key), *value,
                                  range.least, range.most));
        return {};
    }
    return static_cast<std::size_t>(*value);
}

std::optional<double> TableReader::number(std::string_view key, double above) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    if (!node->is_number()) {
        wrong_type(*node, full(key), fmt::format("a number greater than {}", above));
        return {};
    }
    const double value = node->is_integer() ? static_cast<double>(**node->as_integer())
                                            : **node->as_floating_point();
    if (!std::isfinite(value) || value <= above) {
        error_at(key, fmt::format("{} is {}; expected a number greater than {}", full(key), value,
                                  above));
        return {};
    }
    return value;
}

std::vector<std::string> TableReader::keys() const {
    std::vector<std::string> keys;
    if (table_ == nullptr) return keys;
    for (const auto& [key, value] : *table_) keys.emplace_back(key.str());
    return keys;
}

std::optional<bool> TableReader::flag(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const auto value = node->value_exact<bool>();
    if (!value) wrong_type(*node, full(key), "true or false");
    return value;
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const auto* array = node->as_array();
    if (array == nullptr) {
        wrong_type(*node, full(key), "an array of strings");
        return {};
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        auto value = value_of((*array)[i], fmt::format("{}[{}]", full(key), i), Expander::Here);
        if (value) out.push_back(std::move(*value));
    }
    return out;
}

std::optional<std::vector<std::string>> TableReader::words(std::string_view key) {
    const auto value = text(key);
    if (!value) return {};
    return split(key, *value);
}

std::optional<std::vector<std::string>> TableReader::split(std::string_view key,
                                                           std::string_view value) {
    auto words = shell::split(value);
    if (!words) {
        error_at(key,
                 fmt::format("{} is \"{}\", which does not split into shell words: {}", full(key),
                             text::shorten(value, 200), words.error().message),
                 "balance the quotes; '…' and \"…\" keep blanks together");
        return {};
    }
    return *std::move(words);
}

std::optional<std::vector<CopyDir>> TableReader::copy_dirs(std::string_view key) {
    const auto list = texts(key);
    if (!list) return {};
    std::vector<CopyDir> out;
    for (std::size_t i = 0; i < list->size(); ++i) {
        if (auto pair = parse_copy_dir((*list)[i])) {
            out.push_back(std::move(*pair));
        } else {
            error_at(key, fmt::format("{}[{}] is \"{}\"; expected \"LOCAL:REMOTE\"", full(key), i,
                                      (*list)[i]));
        }
    }
    return out;
}

std::optional<Environment> TableReader::environment(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const auto* table = node->as_table();
    if (table == nullptr) {
        wrong_type(*node, full(key), "a table of variables, as in env = { NAME = \"value\" }");
        return {};
    }
    Environment out;
    for (const auto& [variable, value] : *table) {
        const std::string name(variable.str());
        const std::string path = full(key) + "." + name;
        reading_.places[path] = place_of(variable.source());
        if (!shell::is_variable_name(name)) {
            reading_.error(place_of(variable.source()),
                           fmt::format("\"{}\" in [{}] is no name for an environment variable",
                                       name, full(key)),
                           "letters, digits and underscores, not beginning with a digit");
            continue;
        }
        if (value.is_string()) {
            if (auto text = value_of(value, path, Expander::Here)) out[name] = std::move(*text);
        } else if (value.is_integer() || value.is_boolean() || value.is_floating_point()) {
            std::string text = value.is_integer() ? fmt::format("{}", **value.as_integer())
                               : value.is_boolean()
                                   ? fmt::format("{}", **value.as_boolean())
                                   : fmt::format("{}", **value.as_floating_point());
            const std::string shown = looks_secret(name) ? "…" : text;
            reading_.warning(place_of(value.source()),
                             fmt::format("{} is {}; it is passed on as the text \"{}\"", path,
                                         with_article(value.type()), shown),
                             fmt::format("quote it: {} = \"{}\"", name, shown));
            out[name] = std::move(text);
        } else {
            wrong_type(value, path, "a string");
        }
    }
    return out;
}

std::optional<std::string> TableReader::json_table(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    if (!node->is_table()) {
        wrong_type(*node, full(key), "a table");
        return {};
    }
    return to_json(*this, *node, full(key)).dump();
}

std::optional<std::string> TableReader::choice(std::string_view key,
                                               const std::vector<std::string>& choices) {
    auto value = text(key);
    if (!value) return {};
    for (const auto& known : choices) {
        if (known == *value) return value;
    }
    std::vector<std::string> quoted;
    for (const auto& known : choices) quoted.push_back('"' + known + '"');
    const auto near = text::nearest(*value, choices);
    error_at(
        key,
        fmt::format("{} is \"{}\"; expected one of {}", full(key), *value, fmt::join(quoted, ", ")),
        near.empty() ? "" : fmt::format("did you mean \"{}\"?", near));
    return {};
}

void TableReader::finish(std::string_view type) {
    if (table_ == nullptr) return;
    std::string_view section = section_;
    if (section.starts_with("groups.")) section = "groups.NAME";
    for (const auto& [key, value] : *table_) {
        if (asked_.contains(key.str())) continue;
        reading_.warning(place_of(key.source()),
                         fmt::format("unknown key {} in [{}] is ignored", key.str(), section_),
                         hint_for_unknown_key(reading_.kinds, section, type, key.str()));
    }
}

}  // namespace offload::config
