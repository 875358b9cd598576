// What GitHub's runner makes of a line of a step's output, after its documentation and its
// ActionCommand.cs: for tests of what is written for it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "offload/base/text.hpp"

namespace offload::report {

struct RunnerCommand {
    std::string name;
    std::map<std::string, std::string> properties = {};
    std::string data = {};
};

// White space as C# has it, in UTF-8.
inline std::string_view without_white_space(std::string_view line) {
    static constexpr std::string_view kWhite[] = {
        " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00a0", "\u1680",
        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
        "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
    for (bool found = true; found;) {
        found = false;
        for (const auto white : kWhite) {
            if (!line.starts_with(white)) continue;
            line.remove_prefix(white.size());
            found = true;
        }
    }
    return line;
}

inline std::string unescaped(std::string_view text, bool property) {
    auto out = std::string(text);
    for (const auto& [from, to] :
         {std::pair{"%0D", "\r"}, {"%0A", "\n"}, {"%3A", ":"}, {"%2C", ","}, {"%25", "%"}}) {
        const bool of_property = from[1] == '3' || std::string_view(from) == "%2C";
        if (property || !of_property) out = text::replace_all(out, from, to);
    }
    return out;
}

// Any name counts: the runner knows more commands with every version. Nothing: it is no command.
inline std::optional<RunnerCommand> command_in(std::string_view line) {
    const auto begun = without_white_space(line);
    if (!begun.starts_with("::") || begun.find("::", 2) == std::string_view::npos) {
        const auto old = line.find("##[");
        const bool closed = old != line.npos && line.find(']', old) != line.npos;
        return closed ? std::optional(RunnerCommand{.name = "##["}) : std::nullopt;
    }
    line = begun;
    const auto end = line.find("::", 2);
    auto info = line.substr(2, end - 2);
    const auto blank = info.find(' ');
    RunnerCommand command{.name = std::string(info.substr(0, blank)),
                          .data = unescaped(line.substr(end + 2), false)};
    if (blank == std::string_view::npos) return command;
    info = text::trim(info.substr(blank + 1));
    while (!info.empty()) {
        const auto comma = std::min(info.find(','), info.size());
        const auto pair = info.substr(0, comma);
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos)
            command.properties[std::string(pair.substr(0, equals))] =
                unescaped(pair.substr(equals + 1), true);
        info.remove_prefix(std::min(comma + 1, info.size()));
    }
    return command;
}

}  // namespace offload::report
