#include "command/substitution.hpp"

#include <algorithm>

#include "offload/base/shell.hpp"

namespace offload::provider {
namespace {

constexpr std::string_view kCached = "--cached";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// Where the flag stands as a word of its own.
std::size_t find_flag(std::string_view text) {
    for (auto at = text.find(kCached); at != std::string_view::npos;
         at = text.find(kCached, at + 1)) {
        const auto end = at + kCached.size();
        if ((at == 0 || is_blank(text[at - 1])) && (end == text.size() || is_blank(text[end]))) {
            return at;
        }
    }
    return std::string_view::npos;
}

}  // namespace

std::string substitute(std::string_view text, std::span<const Replacement> replacements) {
    std::string done;
    std::size_t at = 0;
    for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{', open)) {
        const auto match = std::ranges::find_if(replacements, [&](const Replacement& one) {
            const auto rest = text.substr(open + 1);
            return rest.starts_with(one.first) && rest.substr(one.first.size()).starts_with('}');
        });
        const bool of_the_shell = open > 0 && text[open - 1] == '$';
        if (match == replacements.end() || of_the_shell) {
            ++open;
            continue;
        }
        done += text.substr(at, open - at);
        done += match->second;
        open += match->first.size() + 2;
        at = open;
    }
    done += text.substr(at);
    return done;
}

std::string quote_id(std::string_view id) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";
    if (!id.empty() && id.find_first_not_of(kSafe) == std::string_view::npos) {
        return std::string(id);
    }
    return shell::quote(id);
}

std::string with_prepare_flags(std::string_view command, const PrepareFlags& flags) {
    std::string text(command);
    while (!text.empty() && is_blank(text.back())) text.pop_back();
    if (flags.no_cache) {
        for (auto at = find_flag(text); at != std::string::npos; at = find_flag(text)) {
            auto begin = at;
            while (begin > 0 && is_blank(text[begin - 1])) --begin;
            text.erase(begin, at + kCached.size() - begin);
        }
    } else if (flags.calls_bundled && find_flag(text) == std::string::npos) {
        text += " --cached";
    }
    for (const auto& copy : flags.copy_dirs) {
        text += " " + shell::quote("--copy-dir=" + copy.local + ":" + copy.remote);
    }
    if (flags.init && !flags.calls_bundled) {
        text += " " + shell::quote("--sandbox-init-cmd=" + *flags.init);
    }
    return text;
}

}  // namespace offload::provider
