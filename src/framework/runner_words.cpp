#include "runner_words.hpp"

#include <algorithm>
#include <string_view>

#include "offload/base/shell.hpp"

namespace offload::framework {

bool is_assignment(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    const auto in_name = [](char c) {
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9');
    };
    const auto name = word.substr(0, equals);
    return std::all_of(name.begin(), name.end(), in_name) && !(name[0] >= '0' && name[0] <= '9');
}

void append(Words& words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
}

std::string invocation(const Words& prefix, const Words& arguments) {
    std::string text;
    auto word = prefix.begin();
    for (; word != prefix.end() && is_assignment(*word); ++word) {
        const auto equals = word->find('=') + 1;
        text += word->substr(0, equals) + shell::quote(word->substr(equals)) + " ";
    }
    Words rest(word, prefix.end());
    append(rest, arguments);
    return text + shell::join(rest);
}

}  // namespace offload::framework
