#include "pytest/settings.hpp"

#include <toml++/toml.h>

#include <array>
#include <optional>
#include <string_view>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;
using Keys = std::optional<std::set<std::string>>;

Keys keys_of_ini(std::string_view content, std::string_view section) {
    Keys keys;
    bool inside = false;
    for (const auto line : text::lines(content)) {
        const auto word = text::trim(line);
        if (word.empty() || word.starts_with('#') || word.starts_with(';')) continue;
        if (word.starts_with('[')) {
            inside = word == section;
            if (inside && !keys) keys.emplace();
            continue;
        }
        const bool continued = line.front() == ' ' || line.front() == '\t';
        const auto equals = word.find_first_of("=:");
        if (!inside || continued || equals == std::string_view::npos) continue;
        keys->emplace(text::trim(word.substr(0, equals)));
    }
    return keys;
}

Keys keys_of_pyproject(std::string_view content) {
    const toml::parse_result parsed = toml::parse(content);
    const auto* pytest = parsed.at_path("tool.pytest").as_table();
    if (pytest == nullptr) return std::nullopt;
    Keys keys{std::in_place};
    for (const auto* table : {pytest, pytest->get_as<toml::table>("ini_options")}) {
        if (table == nullptr) continue;
        for (const auto& [key, value] : *table) keys->emplace(key.str());
    }
    return keys;
}

Keys keys_in(const fs::path& file, std::string_view section) {
    const auto content = read_file(file);
    if (!content) return std::nullopt;
    if (!section.empty()) return keys_of_ini(*content, section);
    try {
        return keys_of_pyproject(*content);
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
        if (auto keys = keys_in(folder / file, section)) return {file, *std::move(keys)};
    }
    return {};
}

}  // namespace offload::framework
