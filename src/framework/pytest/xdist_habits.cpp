#include "pytest/xdist_habits.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <array>
#include <charconv>
#include <vector>

#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// Nothing: the file has no such section. Empty: it has, but no addopts.
std::optional<std::string> addopts_of_ini(std::string_view content, std::string_view section) {
    std::optional<std::string> found;
    bool inside = false;
    bool continued = false;
    for (const auto line : text::lines(content)) {
        const auto word = text::trim(line);
        if (word.empty() || word.starts_with('#') || word.starts_with(';')) continue;
        if (line.front() == '[') {
            inside = word == section;
            continued = false;
            if (inside && !found) found.emplace();
        } else if (inside && (line.front() == ' ' || line.front() == '\t')) {
            if (continued) *found += fmt::format(" {}", word);
        } else if (inside) {
            const auto equals = word.find_first_of("=:");
            continued =
                equals != std::string_view::npos && text::trim(word.substr(0, equals)) == "addopts";
            if (continued) *found = std::string(text::trim(word.substr(equals + 1)));
        }
    }
    return found;
}

std::optional<std::string> addopts_of_pyproject(std::string_view content) {
    const toml::parse_result parsed = toml::parse(content);
    const auto pytest = parsed.at_path("tool.pytest");
    if (!pytest.is_table()) return std::nullopt;
    const auto older = pytest["ini_options"]["addopts"];
    const auto addopts = older ? older : pytest["addopts"];  // the latter since pytest 9
    if (const auto text = addopts.value<std::string>()) return *text;
    Words words;
    if (const auto* list = addopts.as_array()) {
        for (const auto& each : *list) words.push_back(each.value_or(std::string()));
    }
    return shell::join(words);
}

std::optional<std::string> addopts_in(const fs::path& file, std::string_view section) {
    const auto content = read_file(file);
    if (!content) return std::nullopt;
    if (!section.empty()) return addopts_of_ini(*content, section);
    try {
        return addopts_of_pyproject(*content);
    } catch (const toml::parse_error&) {
        return std::nullopt;
    }
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (trouble != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The value of an option at `at`, which moves on to its last word: `--long V`, `--long=V`, `-s V`
// and `-sV`.
std::optional<std::string> value_of(const Words& words, std::size_t& at, std::string_view name) {
    const std::string& word = words[at];
    if (!word.starts_with(name)) return std::nullopt;
    const bool is_long = name.starts_with("--");
    auto rest = std::string_view(word).substr(name.size());
    if (rest.empty()) return at + 1 < words.size() ? words[++at] : std::string();
    if (is_long && rest.front() != '=') return std::nullopt;
    if (rest.front() == '=') rest.remove_prefix(1);
    return std::string(rest);
}

}  // namespace

XdistHabits xdist_habits_of(std::string_view addopts) {
    XdistHabits habits;
    const auto words = shell::split(addopts);
    if (!words) {
        habits.trouble = words.error().message;
        return habits;
    }
    for (std::size_t at = 0; at < words->size(); ++at) {
        if ((*words)[at] == "-p") {
            ++at;
        } else if (auto workers = value_of(*words, at, "--numprocesses")) {
            habits.workers = *std::move(workers);
        } else if (auto most = value_of(*words, at, "--maxprocesses")) {
            habits.most = number(*most);
        } else if (auto dist = value_of(*words, at, "--dist")) {
            habits.dist = *std::move(dist);
        } else if (auto reruns = value_of(*words, at, "--reruns")) {
            habits.reruns = number(*reruns);
        } else if (auto count = value_of(*words, at, "-n")) {
            habits.workers = *std::move(count);
        } else if (auto marks = value_of(*words, at, "-m")) {
            habits.marks = *std::move(marks);
        }
    }
    return habits;
}

XdistHabits xdist_habits(const fs::path& folder) {
    struct Place {
        const char* file;
        std::string_view section;  // empty: TOML
    };
    constexpr std::array kPlaces{Place{"pytest.ini", "[pytest]"}, Place{".pytest.ini", "[pytest]"},
                                 Place{"pyproject.toml", ""}, Place{"tox.ini", "[pytest]"},
                                 Place{"setup.cfg", "[tool:pytest]"}};
    for (const auto& [file, section] : kPlaces) {
        const auto addopts = addopts_in(folder / file, section);
        if (!addopts) continue;
        auto habits = xdist_habits_of(*addopts);
        habits.file = file;
        return habits;
    }
    return {};
}

}  // namespace offload::framework
