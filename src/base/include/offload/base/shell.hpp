// Text for and from POSIX shells: quoting and splitting. Runs nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"

namespace offload::shell {

// What a shell's exit status says of a command that it could not start: POSIX.1-2017, Shell Command
// Language, 2.8.2. What is greater tells of a signal.
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

// `text` as one word of a POSIX shell: unchanged when it consists of characters that no shell
// interprets, else in single quotes ('\'' for each quote inside). "" becomes ''.
// Every byte except NUL survives, newlines included.
std::string quote(std::string_view text);

// quote() of each, joined by single spaces.
std::string join(std::span<const std::string> words);

// Splits as a POSIX shell would, without expansions: blanks and newlines separate; '…', "…" and
// backslash quote; `#` at a word's start is an ordinary character.
// Error: an unterminated quote or a trailing backslash, with its offset in the message.
Result<std::vector<std::string>> split(std::string_view text);

// The name of a variable that begins at `at`, or "": letters, digits and underscores, not beginning
// with a digit (POSIX.1-2017, Base Definitions, 3.235).
std::string_view variable_name_at(std::string_view text, std::size_t at);

// Whether all of it is such a name.
bool is_variable_name(std::string_view name);

// The words of a text that any POSIX shell takes for one command, with nothing to do but to start
// the program that the first word names: no expansion, no operator, no builtin. Nothing when a
// shell is needed, or may be.
std::optional<std::vector<std::string>> simple_command(std::string_view text);

}  // namespace offload::shell
