#include "failure_lines.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

using Wordings = std::initializer_list<std::string_view>;

bool begins(std::string_view line, Wordings words) {
    return std::ranges::any_of(words, [&](auto word) { return line.starts_with(word); });
}

bool holds(std::string_view line, Wordings words) {
    return std::ranges::any_of(
        words, [&](auto word) { return line.find(word) != std::string_view::npos; });
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::size_t indent(std::string_view line) {
    return std::min(line.find_first_not_of(" \t"), line.size());
}

// The lines that ExceptionGroups draw around what belongs to one of them.
std::string_view without_frame(std::string_view line) {
    const auto text = line.find_first_not_of(" |+");
    const bool drawn = line.substr(0, std::min(text, line.size())).find('|') != line.npos;
    return drawn && text != line.npos ? line.substr(text) : line;
}

// `  File "PATH", line N, in NAME`: the path.
std::string_view path_of_frame(std::string_view line) {
    constexpr std::string_view kFile = "File \"";
    line = text::trim(without_frame(line));
    if (!line.starts_with(kFile) || !holds(line, {"\", line "})) return {};
    line.remove_prefix(kFile.size());
    return line.substr(0, line.find('"'));
}

// Of Python: from its head to the exception that it ends with.
std::size_t rank_traceback(Lines lines, Ranks ranks, std::size_t at) {
    raise(ranks[at], LineRank::Related);
    auto rank = LineRank::Related;
    for (++at; at < lines.size(); ++at) {
        const auto line = without_frame(lines[at]);
        if (const auto path = path_of_frame(line); !path.empty()) {
            rank = is_foreign_python(path) ? LineRank::Frame : LineRank::Related;
        } else if (indent(line) == 0 && !line.empty()) {
            const bool another = holds(line, {"Traceback (most recent call last)"});
            raise(ranks[at],
                  another || line.starts_with("+") ? LineRank::Related : LineRank::Cause);
            return at;
        }
        ranks[at] = std::max(rank, ranks[at] == LineRank::Plain ? rank : ranks[at]);
    }
    return at;
}

void rank_python(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (holds(lines[at], {"Traceback (most recent call last)"})) {
            at = rank_traceback(lines, ranks, at);
        } else if (without_frame(lines[at]) != lines[at] &&
                   names_exception(without_frame(lines[at]))) {
            raise(ranks[at], LineRank::Cause);
        }
    }
}

bool is_foreign_frame(std::string_view line) {
    return holds(line, {"node_modules/",  "node:internal",   "(internal/",   "org.junit.",
                        "java.base/",     "jdk.internal.",   "sun.reflect.", "/usr/local/go/src/",
                        "/pkg/mod/",      "testing.tRunner", "runtime.",     "../sysdeps/",
                        "../csu/",        "(/lib/",          "(/usr/lib/",   "libasan.so",
                        "/libsanitizer/", "/googletest/",    "testing::",    "in _start "});
}

// "    at f (src/a.js:1:2)", "\tat com.shop.Cart.total(Cart.java:3)", "    #0 0x4f in main
// a.cpp:8".
bool is_frame(std::string_view line) {
    const auto words = text::trim(line);
    if (indent(line) == 0) return false;
    if (words.starts_with("at ")) return holds(words, {":", "("});
    return words.size() > 2 && words[0] == '#' && is_digit(words[1]) && holds(words, {" 0x"});
}

void rank_stacks(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (!is_frame(lines[at])) continue;
        const bool foreign = is_foreign_frame(lines[at]);
        if (foreign && ranks[at] == LineRank::Plain) ranks[at] = LineRank::Frame;
        if (!foreign) raise(ranks[at], LineRank::Related);
        const bool first = at == 0 || !is_frame(lines[at - 1]);
        if (!first || text::trim(lines[at]).starts_with("#")) continue;
        // A stack's head: the nearest line that names what was thrown.
        constexpr std::size_t kLongestMessage = 20;
        for (std::size_t back = 1; back <= std::min(at, kLongestMessage); ++back) {
            if (!names_exception(text::trim(lines[at - back]))) continue;
            for (std::size_t i = at - back; i < std::min(at, at - back + 6); ++i) {
                raise(ranks[i], LineRank::Cause);
            }
            break;
        }
    }
}

// A frame of Go's is two lines: the function, and where it is.
void rank_go(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto words = text::trim(lines[at]);
        if (begins(words, {"goroutine "}) && words.ends_with(":")) {
            raise(ranks[at], LineRank::Related);
        } else if (lines[at].starts_with("\t") && holds(words, {".go:"})) {
            const bool foreign = is_foreign_frame(words);
            for (const std::size_t i : {at == 0 ? at : at - 1, at}) {
                if (!foreign) raise(ranks[i], LineRank::Related);
                if (foreign && ranks[i] == LineRank::Plain) ranks[i] = LineRank::Frame;
            }
        } else if (holds(words, {"_test.go:"})) {
            raise(ranks[at], LineRank::Cause);
        }
    }
}

// What AddressSanitizer shows of its shadow memory, down to the end of its report.
void rank_shadow_bytes(Lines lines, Ranks ranks) {
    bool shadow = false;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        shadow = lines[at].starts_with("Shadow bytes around ") ||
                 (shadow && !lines[at].ends_with("==ABORTING"));
        if (shadow) ranks[at] = LineRank::Frame;
    }
}

bool says_what_was_wrong(std::string_view line, std::string_view words) {
    if (begins(line, {"panic: ", "fatal error: ", "[signal SIG", "terminate called after ",
                      "Caused by: ", "Fatal Python error: "})) {
        return true;
    }
    if (begins(words, {"what():  ", "SUMMARY: AddressSanitizer", "SUMMARY: ThreadSanitizer",
                       "SUMMARY: LeakSanitizer", "SUMMARY: MemorySanitizer",
                       "SUMMARY: UndefinedBehaviorSanitizer", "WARNING: ThreadSanitizer"})) {
        return true;
    }
    if (holds(line, {"ERROR: AddressSanitizer", "ERROR: LeakSanitizer", ": runtime error: "})) {
        return true;
    }
    const bool c_assertion = words.ends_with("' failed.") && holds(words, {"Assertion `"});
    return c_assertion || (holds(words, {" of size "}) && begins(words, {"READ", "WRITE"}));
}

// Any log has such lines: they lead to the cause, or are it where nothing better is known.
bool begins_as_errors_do(std::string_view words) {
    constexpr std::size_t kLongestWord = 12;
    std::string word;
    for (const char c : words.substr(0, kLongestWord)) {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return begins(word, {"error:", "error ", "error[", "fatal:", "fatal ",
                         "failed:", "failure:", "panic:", "assert"});
}

}  // namespace

void raise(LineRank& rank, LineRank to) { rank = std::max(rank, to); }

bool is_foreign_python(std::string_view path) {
    return holds(path, {"/site-packages/", "/dist-packages/", "/lib/python3", "/lib64/python3",
                        "<frozen ", "offload_pytest.py"});
}

bool names_exception(std::string_view line) {
    const auto name = line.substr(0, line.find_first_of(":( "));
    const auto is_part_of_name = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '$';
    };
    if (name.empty() || is_digit(name[0]) || !std::ranges::all_of(name, is_part_of_name))
        return false;
    if (name.size() < line.size() && line[name.size()] == '(') return false;
    constexpr std::array<std::string_view, 6> kEnds = {"Error",     "Exception", "Exit",
                                                       "Interrupt", "Group",     "Failed"};
    return std::ranges::any_of(kEnds, [&](auto end) { return name.ends_with(end); });
}

void rank_common(Lines lines, Ranks ranks) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const auto words = text::trim(lines[at]);
        if (says_what_was_wrong(lines[at], words)) {
            raise(ranks[at], LineRank::Cause);
        } else if (begins_as_errors_do(words)) {
            raise(ranks[at], LineRank::Related);
        }
    }
    rank_python(lines, ranks);
    rank_stacks(lines, ranks);
    rank_go(lines, ranks);
    rank_shadow_bytes(lines, ranks);
}

}  // namespace offload::framework
