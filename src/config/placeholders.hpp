// {word}s in commands: those that stand for something, and those that only look as if they did.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reader.hpp"

namespace offload::config {

// The first {word} of `command` that is none of `known` but is meant to be one, as far as can be
// told: it stands for something in another command, or resembles a word that does. Braces that a
// shell or awk understands ({print}, {a,b}, ${x}, {{x}}) are left alone.
std::optional<std::string_view> misspelt_placeholder(std::string_view command,
                                                     const std::vector<std::string>& known);

// An error at the key's value where it holds such a word.
void check_placeholders(TableReader& table, std::string_view key, std::string_view command,
                        const std::vector<std::string>& known);

}  // namespace offload::config
