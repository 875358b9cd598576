#include "pytest/xdist_habits.hpp"

#include <charconv>
#include <vector>

#include "offload/base/shell.hpp"
#include "pytest/settings.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

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
    const auto settings = pytest_settings(folder);
    if (settings.file.empty()) return {};
    const auto addopts = settings.values.find("addopts");
    auto habits = xdist_habits_of(addopts == settings.values.end() ? "" : addopts->second);
    habits.file = settings.file;
    return habits;
}

}  // namespace offload::framework
