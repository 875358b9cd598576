#include "bundled_usage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::provider {
namespace {

constexpr std::string_view kScript = "@modal_sandbox.py";

struct Usage {
    std::string command;
    std::vector<std::string> options;   // that take a value
    std::vector<std::string> switches;  // that take none
};

// As the script's own arguments.py has them.
const std::vector<Usage>& usages() {
    static const std::vector<Usage> all = {
        {"prepare",
         {"--context-dir", "--include-dir", "--copy-dir", "--sandbox-init-cmd", "--from-base-image",
          "--patch-file", "--post-patch-cmd", "--sandbox-project-root"},
         {"--include-cwd", "--cached"}},
        {"create",
         {"--copy-dir", "--env", "--cpu", "--memory-gb", "--memory", "--experimental-options"},
         {}},
        {"exec", {}, {}},
        {"exec-and-fetch", {"--fetch"}, {}},
        {"download", {}, {}},
        {"destroy", {}, {}},
        {"destroy-many", {}, {}},
        {"run", {}, {}},
        {"serve", {}, {}},
    };
    return all;
}

// The words behind the script's name, as far as they are words of the same command.
std::vector<std::string> arguments_in(std::string_view command) {
    const auto at = command.find(kScript);
    if (at == std::string_view::npos) return {};
    auto words =
        shell::split(command.substr(at + kScript.size())).value_or(std::vector<std::string>{});
    const auto end = std::ranges::find_if(words, [](const std::string& word) {
        return word.find_first_of(";|&<>`") != std::string::npos && !word.starts_with("--");
    });
    words.erase(end, words.end());
    return words;
}

bool is_known(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

BundledMisuse unknown(std::string_view where, const std::string& word,
                      const std::vector<std::string>& known) {
    const auto near = text::nearest(word, known);
    return {fmt::format("{} knows no {}", where, word),
            !near.empty()   ? fmt::format("did you mean {}?", near)
            : known.empty() ? "it takes no options"
                            : fmt::format("it knows {}", fmt::join(known, ", "))};
}

}  // namespace

std::optional<BundledMisuse> misuse_of_bundled(std::string_view command) {
    const auto words = arguments_in(command);
    // What a shell has yet to put there is not known.
    if (words.empty() || words.front().find_first_of("${") != std::string::npos) return {};
    const auto usage = std::ranges::find(usages(), words.front(), &Usage::command);
    if (usage == usages().end()) {
        std::vector<std::string> names;
        for (const auto& each : usages()) names.push_back(each.command);
        return unknown(kScript, words.front(), names);
    }
    for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
        if (!words[i].starts_with("--")) continue;
        const auto equals = words[i].find('=');
        const auto name = words[i].substr(0, equals);
        if (is_known(usage->options, name)) {
            if (equals == std::string::npos) ++i;
        } else if (!is_known(usage->switches, name) && name != "--help") {
            auto known = usage->options;
            known.insert(known.end(), usage->switches.begin(), usage->switches.end());
            return unknown(fmt::format("{} {}", kScript, usage->command), name, known);
        }
    }
    return {};
}

}  // namespace offload::provider
