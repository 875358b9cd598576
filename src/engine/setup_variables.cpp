#include "setup_variables.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::engine {
namespace {

constexpr std::string_view kUntil = "<<";

struct Assignment {
    std::string_view name;
    std::string value;
    std::string_view trouble = {};  // words that follow the line; empty where there is none
};

// The value of KEY<<WORD at `lines[at]`; `at` is then the line that ends it.
Assignment take_lines(std::string_view name, std::string_view word,
                      const std::vector<std::string_view>& lines, std::size_t& at) {
    Assignment out{.name = name, .value = {}};
    const auto begin = at + 1;
    while (++at < lines.size() && lines[at] != word) {
        if (at > begin) out.value += '\n';
        out.value += lines[at];
    }
    if (word.empty() || at >= lines.size()) {
        out.trouble = "begins a value of several lines that no line ends";
    }
    return out;
}

Assignment take_assignment(const std::vector<std::string_view>& lines, std::size_t& at) {
    const auto line = lines[at];
    const auto equals = line.find('=');
    const auto until = line.find(kUntil);
    if (until < equals) {
        return take_lines(line.substr(0, until), line.substr(until + kUntil.size()), lines, at);
    }
    if (equals == std::string_view::npos) return {line, {}, "is no KEY=VALUE"};
    return {line.substr(0, equals), std::string(line.substr(equals + 1))};
}

std::string_view trouble_of(const Assignment& assignment) {
    if (!assignment.trouble.empty()) return assignment.trouble;
    if (assignment.value.find('\0') != std::string::npos) {
        return "has a value with a null byte, which no variable can have";
    }
    if (!shell::is_variable_name(assignment.name))
        return "does not begin with the name of a variable";
    if (assignment.name.starts_with("OFFLOAD_")) return "sets a variable of Offload's own";
    return {};
}

}  // namespace

Result<Variables> read_variables(std::string_view text) {
    Variables variables;
    const auto lines = text::lines(text);
    for (std::size_t at = 0; at < lines.size(); ++at) {
        if (text::trim(lines[at]).empty()) continue;
        const auto first = at;
        auto assignment = take_assignment(lines, at);
        if (const auto trouble = trouble_of(assignment); !trouble.empty()) {
            return fail(
                Error{.message = fmt::format("line {} of $OFFLOAD_ENV {}: \"{}\"", first + 1,
                                             trouble, text::to_valid_utf8(lines[first])),
                      .hint = "expected one KEY=VALUE a line, as in: echo \"PORT=$port\" "
                              ">> \"$OFFLOAD_ENV\"; a value of several lines stands between "
                              "the lines KEY<<END and END"});
        }
        variables.emplace_back(assignment.name, std::move(assignment.value));
    }
    return variables;
}

}  // namespace offload::engine
