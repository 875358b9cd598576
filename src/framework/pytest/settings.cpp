#include "pytest/settings.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;
using Values = std::map<std::string, std::string>;

// Nothing: there is no such section.
std::optional<Values> values_of_ini(std::string_view content, std::string_view section) {
    std::optional<Values> values;
    bool inside = false;
    std::string* last = nullptr;  // the value that an indented line goes on with
    for (const auto line : text::lines(content)) {
        const auto word = text::trim(line);
        if (word.empty() || word.starts_with('#') || word.starts_with(';')) continue;
        if (line.front() == '[') {
            inside = word == section;
            last = nullptr;
            if (inside && !values) values.emplace();
        } else if (inside && (line.front() == ' ' || line.front() == '\t')) {
            if (last != nullptr) *last += fmt::format(" {}", word);
        } else if (inside) {
            last = nullptr;
            const auto equals = word.find_first_of("=:");
            if (equals == std::string_view::npos) continue;
            last = &(*values)[std::string(text::trim(word.substr(0, equals)))];
            *last = text::trim(word.substr(equals + 1));
        }
    }
    return values;
}

std::string text_of(const toml::node& node) {
    if (const auto text = node.value<std::string>()) return *text;
    std::vector<std::string> words;
    if (const auto* list = node.as_array()) {
        for (const auto& each : *list) words.push_back(each.value_or(std::string()));
    }
    return shell::join(words);
}

std::optional<Values> values_of_pyproject(std::string_view content) {
    const toml::parse_result parsed = toml::parse(content);
    const auto* pytest = parsed.at_path("tool.pytest").as_table();
    if (pytest == nullptr) return std::nullopt;
    Values values;
    // The latter since pytest 9.
    for (const auto* table : {pytest->get_as<toml::table>("ini_options"), pytest}) {
        if (table == nullptr) continue;
        for (const auto& [key, value] : *table) values.emplace(key.str(), text_of(value));
    }
    return values;
}

std::optional<Values> values_in(const fs::path& file, std::string_view section) {
    const auto content = read_file(file);
    if (!content) return std::nullopt;
    if (!section.empty()) return values_of_ini(*content, section);
    try {
        return values_of_pyproject(*content);
    } catch (const toml::parse_error&) {
        return std::nullopt;
    }
}

}  // namespace

PytestSettings pytest_settings(const fs::path& folder) {
    struct Place {
        const char* file;
        std::string_view section;  // empty: TOML
    };
    constexpr std::array kPlaces{Place{"pytest.ini", "[pytest]"}, Place{".pytest.ini", "[pytest]"},
                                 Place{"pyproject.toml", ""}, Place{"tox.ini", "[pytest]"},
                                 Place{"setup.cfg", "[tool:pytest]"}};
    for (const auto& [file, section] : kPlaces) {
        if (auto values = values_in(folder / file, section)) return {file, *std::move(values)};
    }
    return {};
}

}  // namespace offload::framework
