#include "expand.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "offload/base/shell.hpp"

namespace offload::config {
namespace {

void add_once(std::vector<std::string>& list, std::string_view item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.emplace_back(item);
}

// Where the `}` stands that closes a default beginning at `at`; `${` opens another level.
std::size_t closing_brace(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    for (; at < text.size(); ++at) {
        if (text.substr(at, 2) == "${") {
            ++depth;
            ++at;
        } else if (text[at] == '}') {
            if (depth == 0) return at;
            --depth;
        }
    }
    return std::string_view::npos;
}

// Appends what the "${" at `at` stands for; returns the place behind it.
std::size_t expand_reference(std::string_view text, std::size_t at, const Lookup& lookup,
                             Expansion& out) {
    const std::string_view name = shell::variable_name_at(text, at + 2);
    const std::size_t after = at + 2 + name.size();
    const bool plain = !name.empty() && after < text.size() && text[after] == '}';
    const bool with_default = !name.empty() && text.substr(after, 2) == ":-";
    const std::size_t close =
        with_default ? closing_brace(text, after + 2) : (plain ? after : std::string_view::npos);
    if (close == std::string_view::npos) {
        const std::size_t end = std::min(text.find('}', at), text.size() - 1);
        add_once(out.malformed, text.substr(at, std::min<std::size_t>(end - at + 1, 40)));
        out.text += "${";
        return at + 2;
    }
    const auto value = lookup(std::string(name));
    if (value && !(with_default && value->empty())) {
        out.text += *value;
        if (looks_secret(name) && !value->empty()) add_once(out.secrets, *value);
    } else if (with_default) {
        Expansion inner = expand(text.substr(after + 2, close - after - 2), lookup);
        out.text += inner.text;
        for (const auto& item : inner.unset) add_once(out.unset, item);
        for (const auto& item : inner.malformed) add_once(out.malformed, item);
        for (const auto& item : inner.secrets) add_once(out.secrets, item);
    } else {
        add_once(out.unset, name);
    }
    return close + 1;
}

// What a POSIX shell sets by itself.
bool set_by_shell(std::string_view name) {
    constexpr std::array<std::string_view, 11> kNames = {"PWD",    "OLDPWD", "PPID",    "IFS",
                                                         "OPTIND", "OPTARG", "UID",     "EUID",
                                                         "LINENO", "RANDOM", "HOSTNAME"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
           name.starts_with("BASH");
}

bool ends_command(char c) { return c == ';' || c == '|' || c == '&' || c == '\n' || c == ')'; }

bool begins_word(std::string_view text, std::size_t at) {
    if (at == 0) return true;
    constexpr std::string_view kBefore = " \t\n;|&(){}`\"'";
    return kBefore.find(text[at - 1]) != std::string_view::npos;
}

// Names that the text itself gives a value: NAME=…, for NAME, read NAME …, ${NAME:=…}.
std::set<std::string, std::less<>> assigned_in(std::string_view text) {
    std::set<std::string, std::less<>> names;
    std::string_view taker;  // "read" and the like: the names after it are assigned
    for (std::size_t at = 0; at < text.size();) {
        if (ends_command(text[at])) taker = {};
        const std::string_view name = shell::variable_name_at(text, at);
        if (name.empty()) {
            ++at;
            continue;
        }
        const std::size_t after = at + name.size();
        const std::string_view rest = text.substr(after);
        const bool in_braces = at >= 2 && text.substr(at - 2, 2) == "${";
        if (in_braces && (rest.starts_with(":=") || rest.starts_with("="))) {
            names.emplace(name);
        } else if (!in_braces && begins_word(text, at)) {
            if (rest.starts_with("=") || rest.starts_with("+=")) {
                names.emplace(name);
            } else if (!taker.empty()) {
                names.emplace(name);
                if (taker == "for" || taker == "select") taker = {};
            } else if (name == "for" || name == "select" || name == "read" || name == "getopts") {
                taker = name;
            }
        }
        at = after;
    }
    return names;
}

enum class Reference { Braced, Plain };

std::vector<std::string> unset_references(std::string_view text, const Lookup& lookup,
                                          Reference wanted) {
    std::vector<std::string> unset;
    const auto assigned = assigned_in(text);
    const auto note = [&](std::string_view name) {
        if (name.empty() || set_by_shell(name) || assigned.contains(name)) return;
        if (!lookup(std::string(name))) add_once(unset, name);
    };
    bool in_double_quotes = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\') {
            ++at;
        } else if (c == '"') {
            in_double_quotes = !in_double_quotes;
        } else if (c == '\'' && !in_double_quotes) {
            at = std::min(text.find('\'', at + 1), text.size());
        } else if (c == '$' && at + 1 < text.size()) {
            if (text[at + 1] == '$') {
                ++at;
            } else if (text[at + 1] == '{') {
                const std::string_view name = shell::variable_name_at(text, at + 2);
                const std::size_t after = at + 2 + name.size();
                if (wanted == Reference::Braced && after < text.size() && text[after] == '}') {
                    note(name);
                }
            } else if (wanted == Reference::Plain) {
                note(shell::variable_name_at(text, at + 1));
            }
        }
    }
    return unset;
}

}  // namespace

Expansion expand(std::string_view text, const Lookup& lookup) {
    Expansion out;
    for (std::size_t at = 0; at < text.size();) {
        if (text.substr(at, 3) == "$${") {
            out.text += "${";
            at += 3;
        } else if (text.substr(at, 2) == "${") {
            at = expand_reference(text, at, lookup, out);
        } else {
            out.text += text[at++];
        }
    }
    return out;
}

std::vector<std::string> unset_in_shell_text(std::string_view text, const Lookup& lookup) {
    return unset_references(text, lookup, Reference::Braced);
}

std::vector<std::string> unset_plain_in_shell_text(std::string_view text, const Lookup& lookup) {
    return unset_references(text, lookup, Reference::Plain);
}

bool looks_secret(std::string_view name) {
    std::string upper(name);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    constexpr std::array<std::string_view, 10> kSigns = {
        "TOKEN",      "KEY",        "SECRET", "PASSWORD", "PASSWD",
        "PASSPHRASE", "CREDENTIAL", "AUTH",   "PRIVATE",  "COOKIE"};
    return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) {
        return upper.find(sign) != std::string::npos;
    });
}

}  // namespace offload::config
