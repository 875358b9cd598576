#include "placeholders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "offload/base/text.hpp"

namespace offload::config {
namespace {

// All that stand for something in some command.
constexpr std::array<std::string_view, 9> kAll{"filters",    "tests",     "result_file",
                                               "image_id",   "command",   "paths",
                                               "sandbox_id", "cpu_cores", "fetch"};
// What people write for them, and no distance of letters would find.
constexpr std::array<std::string_view, 7> kTakenFor{"sandbox", "results", "result", "test",
                                                    "cmd",     "image",   "filter"};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

bool is_meant(std::string_view word) {
    static const std::vector<std::string> all(kAll.begin(), kAll.end());
    return std::ranges::find(kAll, word) != kAll.end() ||
           std::ranges::find(kTakenFor, word) != kTakenFor.end() ||
           !text::nearest(word, all).empty();
}

}  // namespace

std::optional<std::string_view> misspelt_placeholder(std::string_view command,
                                                     const std::vector<std::string>& known) {
    for (auto open = command.find('{'); open != command.npos; open = command.find('{', open + 1)) {
        const auto* end = std::find_if_not(command.begin() + open + 1, command.end(), is_word);
        if (end == command.end() || *end != '}') continue;
        const auto close = static_cast<std::size_t>(end - command.begin());
        const char before = open > 0 ? command[open - 1] : ' ';
        const char after = close + 1 < command.size() ? command[close + 1] : ' ';
        if (before == '$' || before == '{' || after == '}') continue;
        const auto word = command.substr(open + 1, close - open - 1);
        if (std::ranges::find(known, word) == known.end() && is_meant(word)) return word;
    }
    return std::nullopt;
}

void check_placeholders(TableReader& table, std::string_view key, std::string_view command,
                        const std::vector<std::string>& known) {
    const auto word = misspelt_placeholder(command, known);
    if (!word) return;
    std::string list;
    for (const auto& each : known) list += fmt::format("{}{{{}}}", list.empty() ? "" : ", ", each);
    table.error_at(
        key, fmt::format("{} holds {{{}}}, which stands for nothing there", table.full(key), *word),
        fmt::format("what stands for something in it: {}", list));
}

}  // namespace offload::config
