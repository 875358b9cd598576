#include "pytest/invocation.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace offload::framework::pytest {
namespace {

std::string_view program_name(std::string_view word) { return word.substr(word.rfind('/') + 1); }

bool is_pytest(std::string_view word) {
    const auto name = program_name(word);
    return name == "pytest" || name == "py.test";
}

// `uv run` and its kin only choose the environment, the same for all.
bool only_chooses_environment(std::string_view word) {
    constexpr std::string_view kNames[] = {"uv", "poetry", "pdm", "pipenv", "hatch"};
    return std::ranges::find(kNames, program_name(word)) != std::end(kNames);
}

}  // namespace

Words without_selectors(const Words& words) {
    Words rest;
    for (auto word = words.begin(); word != words.end(); ++word) {
        if (!word->starts_with("-k") && !word->starts_with("-m")) {
            rest.push_back(*word);
        } else if (word->size() == 2 && std::next(word) != words.end()) {
            ++word;
        }
    }
    return rest;
}

bool starts_pytest_itself(const Words& prefix) { return std::ranges::any_of(prefix, is_pytest); }

bool starts_python_itself(const Words& prefix) {
    auto word = std::ranges::find_if_not(prefix, is_assignment);
    if (word != prefix.end() && only_chooses_environment(*word)) {
        if (++word == prefix.end() || *word != "run") return false;
        word = std::find_if_not(std::next(word), prefix.end(),
                                [](const std::string& each) { return each.starts_with('-'); });
    }
    if (word == prefix.end()) return false;
    if (is_pytest(*word)) return true;
    if (!program_name(*word).starts_with("python")) return false;
    const auto module = std::find(word, prefix.end(), "-m");
    const auto is_script = [](const std::string& each) { return each.ends_with(".py"); };
    return module != prefix.end() && std::next(module) != prefix.end() &&
           *std::next(module) == "pytest" && std::none_of(word, module, is_script);
}

}  // namespace offload::framework::pytest
