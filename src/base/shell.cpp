#include "offload/base/shell.hpp"

#include <algorithm>
#include <array>

namespace offload::shell {
namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "0123456789"
    "_@%+:,./-";

// '=' makes an assignment of a command's first word (and a path lookup in zsh), but not of an
// option, where it is common.
bool is_plain(std::string_view word) {
    if (word.empty()) return false;
    for (const char c : word) {
        if (c == '=' && word.front() == '-') continue;
        if (kPlain.find(c) == std::string_view::npos) return false;
    }
    return true;
}

bool is_name_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

bool is_name_char(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// POSIX shell grammar 2.2.3: within double quotes a backslash quotes only these.
bool is_special_in_double_quotes(char c) { return c == '$' || c == '`' || c == '"' || c == '\\'; }

tl::unexpected<Error> unterminated(std::string_view what, std::size_t offset) {
    return fail(std::string(what) + " at offset " + std::to_string(offset) + " is never closed");
}

tl::unexpected<Error> trailing_backslash(std::size_t offset) {
    return fail("the backslash at offset " + std::to_string(offset) + " quotes nothing");
}

// Reads one word from text[at]; leaves `at` behind it. False when a line continuation was all
// there was.
Result<bool> read_word(std::string_view text, std::size_t& at, std::string& word) {
    bool started = false;
    while (at < text.size() && !is_blank(text[at])) {
        const std::size_t begin = at;
        const char c = text[at++];
        if (c == '\'') {
            const std::size_t end = text.find('\'', at);
            if (end == std::string_view::npos) return unterminated("the single quote", begin);
            word += text.substr(at, end - at);
            at = end + 1;
        } else if (c == '"') {
            while (true) {
                if (at >= text.size()) return unterminated("the double quote", begin);
                char inner = text[at++];
                if (inner == '"') break;
                if (inner == '\\' && at < text.size()) {
                    if (text[at] == '\n') {
                        ++at;
                        continue;
                    }
                    if (is_special_in_double_quotes(text[at])) inner = text[at++];
                }
                word += inner;
            }
        } else if (c == '\\') {
            if (at >= text.size()) return trailing_backslash(begin);
            const char quoted = text[at++];
            if (quoted == '\n') continue;
            word += quoted;
        } else {
            word += c;
        }
        started = true;
    }
    return started;
}

// Outside of quotes: what some shell may expand, or take for an operator or a comment.
constexpr std::string_view kInterpreted = "$`|&;<>()*?[]#~{}!^\n";
// Within double quotes.
constexpr std::string_view kInterpretedInQuotes = "$`\\!";

// Reserved words, and what a shell in use may do by itself. Whatever lies in a folder is no
// builtin.
bool may_be_builtin(std::string_view name) {
    constexpr std::array kNames{
        ".",        ":",       "alias",   "bg",      "bind",     "break",    "builtin", "caller",
        "case",     "cd",      "chdir",   "command", "compgen",  "complete", "compopt", "continue",
        "coproc",   "declare", "dirs",    "disown",  "do",       "done",     "echo",    "elif",
        "else",     "enable",  "esac",    "eval",    "exec",     "exit",     "export",  "false",
        "fc",       "fg",      "fi",      "for",     "function", "getopts",  "hash",    "help",
        "history",  "if",      "in",      "jobs",    "kill",     "let",      "local",   "logout",
        "mapfile",  "popd",    "printf",  "print",   "pushd",    "pwd",      "read",    "readarray",
        "readonly", "return",  "select",  "set",     "shift",    "shopt",    "source",  "suspend",
        "test",     "then",    "time",    "times",   "trap",     "true",     "type",    "typeset",
        "ulimit",   "umask",   "unalias", "unset",   "until",    "wait",     "while"};
    return name.find('/') == std::string_view::npos &&
           std::ranges::find(kNames, name) != kNames.end();
}

// Whether quotes take everything out of a shell's hands that it would interpret.
bool is_literal(std::string_view text) {
    char quote = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quote == '\'') {
            if (c == quote) quote = 0;
        } else if (quote == '"') {
            if (kInterpretedInQuotes.find(c) != std::string_view::npos) return false;
            if (c == quote) quote = 0;
        } else if (c == '\\') {
            if (++at >= text.size() || text[at] == '\n') return false;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (kInterpreted.find(c) != std::string_view::npos) {
            return false;
        }
    }
    return quote == 0;
}

}  // namespace

std::string_view variable_name_at(std::string_view text, std::size_t at) {
    if (at >= text.size() || !is_name_start(text[at])) return {};
    std::size_t end = at;
    while (end < text.size() && is_name_char(text[end])) ++end;
    return text.substr(at, end - at);
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && variable_name_at(name, 0).size() == name.size();
}

std::string quote(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    quoted += '\'';
    return quoted;
}

std::string join(std::span<const std::string> words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += quote(word);
    }
    return line;
}

Result<std::vector<std::string>> split(std::string_view text) {
    std::vector<std::string> words;
    std::size_t at = 0;
    while (true) {
        while (at < text.size() && is_blank(text[at])) ++at;
        if (at >= text.size()) return words;
        std::string word;
        OFFLOAD_TRY(const bool started, read_word(text, at, word));
        if (started) words.push_back(std::move(word));
    }
}

std::optional<std::vector<std::string>> simple_command(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\n");
    if (end == std::string_view::npos) return std::nullopt;
    text = text.substr(0, end + 1);
    if (!is_literal(text)) return std::nullopt;
    auto words = split(text);
    if (!words || words->empty()) return std::nullopt;
    const auto& name = words->front();
    if (name.empty() || name.find('=') != std::string::npos || may_be_builtin(name)) {
        return std::nullopt;
    }
    return *std::move(words);
}

}  // namespace offload::shell
